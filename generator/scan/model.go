package scan

import (
	"go/ast"
	"go/token"
	"go/types"
	"time"

	"github.com/workgen/workgen/generator/load"
)

// A Package is a loaded package and the works in it.
type Package struct {
	*load.Package
	// Works are in the order of their positions: by file, then by line. A work
	// that scan has a diagnostic for is among them whenever everything below
	// is known of it, so that the next stage finds its other problems too.
	Works []*Work
	// Rejected says that something marked as a work is not among Works.
	Rejected bool
	// Encodes are the directives that say how types are encoded, each type once.
	Encodes []Encode
	// Ignores are the directives that leave fields out, each field once.
	Ignores []Ignore
	// Listed are the directives that list the types of an interface for the
	// whole package, each interface once.
	Listed []Listed
	// Declared holds the names of the package's declarations, those in its own
	// tests and in files that this build leaves out included: nothing in a
	// generated file may have one of them.
	Declared map[string]bool
	// Imported holds the names of imports in any file of the package: no
	// declaration of a generated file may have one of them, its imports may.
	Imported map[string]bool

	unseen      []*ast.File              // of the package, without types
	constraints map[*ast.File]Constraint // of files that are not always built
	headers     map[string]Constraint    // of files of other packages that were asked for
}

// A Work is a type marked as a work, with its Run method. No pointer in it is
// nil.
type Work struct {
	Name string    // of the type, without its package
	Pos  token.Pos // of the type's name
	Doc  string    // the type's doc comment as text, directives removed

	Named      *types.Named
	Struct     *types.Struct   // underlying Named
	StructType *ast.StructType // its syntax
	Options    Options

	Run             *types.Func
	RunDecl         *ast.FuncDecl
	PointerReceiver bool
	// Context says that Run takes a context.Context first. It is not among
	// Params.
	Context bool
	Params  []Param
	// Results are without the trailing error, which Error tells of.
	Results []Param
	Error   bool
	// Variadic says that the last of Params, whose Type is then a slice, takes
	// any number of arguments.
	Variadic bool
	// Untagged are the places where Run reads fields that have no tag.
	Untagged []Untagged
	// Fields are in the order of the struct.
	Fields []Field
}

// A Param is a parameter or a result of Run.
type Param struct {
	Name string // "" when it is unnamed or blank
	Type types.Type
	Pos  token.Pos // of the name, or of the type when there is no name
	// TypeExpr is the type as written; of a variadic parameter an
	// *ast.Ellipsis. Several parameters may share one.
	TypeExpr ast.Expr
}

// A Field is a field of the work struct, also an embedded or blank one.
type Field struct {
	Name string // "_" for a blank one, the type's name for an embedded one
	Type types.Type
	Pos  token.Pos // of the name
	Mode Mode
	// Secret says that it is Keyed, and not to be shown.
	Secret bool
	Var    *types.Var
	// TypeExpr is the type as written. Several fields may share one.
	TypeExpr ast.Expr
}

// A Mode says what a field of a work struct is to the work's calls.
type Mode uint8

const (
	// State is an untagged field: Run may write it but never reads it.
	State Mode = iota
	// Keyed is tagged `workgen:"key"` or `workgen:"secret"`: an input, part of every key.
	Keyed
	// Ignored is tagged `workgen:"-"`: declared to be no input.
	Ignored
)

// Options are what the directive says. An option that is not Set leaves the
// matter to the runtime's default.
type Options struct {
	Pos  token.Pos // of the directive
	Text string    // all of them, as they are written there

	Cache       Option[bool]          // cache=false
	Name        Option[string]        // name=NAME, never empty
	TTL         Option[time.Duration] // ttl=1h, > 0
	Refresh     Option[time.Duration] // refresh=50m, > 0
	Stale       Option[time.Duration] // stale=1h, > 0
	Jitter      Option[float64]       // jitter=0.1, > 0, at most 1
	Entries     Option[int]           // entries=1000, > 0
	Bytes       Option[int64]         // bytes=64MiB, > 0
	Timeout     Option[time.Duration] // timeout=30s, > 0
	Retry       Option[int]           // retry=3, > 0: executions of one call at most
	Concurrency Option[int]           // concurrency=4, > 0
	Errors      Option[time.Duration] // errors=30s, > 0
	Version     Option[string]        // version=3, never empty
	Share       Option[bool]          // share
	Memory      Option[bool]          // memory
	Portable    Option[bool]          // portable
	Secret      Option[[]string]      // secret=token: names of inputs, never empty
}

// An Option is the value of one option of a directive.
type Option[T any] struct {
	Set   bool
	Value T         // the zero value unless Set
	Pos   token.Pos // of the option's name; NoPos unless Set
}
