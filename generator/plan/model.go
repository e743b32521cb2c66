package plan

import (
	"go/token"
	"go/types"

	"github.com/workgen/workgen/generator/scan"
)

// Package is one package with works, planned.
type Package struct {
	Scan  *scan.Package
	Works []*Work // in source order
	// Walked lists the named types whose insides the generated code relies
	// on: in order of first use, each once.
	Walked []*types.Named
	// Measured lists the structs among them that have fields of other packages and
	// cannot be written out here, for a field that is not exported or of a type that
	// cannot be named. Their size has to do.
	Measured []*types.Named
	// Shape returns a type that a named one of Walked can be converted to, tags aside,
	// as long as its declaration stays what it is.
	Shape func(*types.Named) types.Type
	// Spellable reports whether a type can be written out in the package.
	Spellable func(types.Type) bool
	// HoldsLock reports whether copying a value of a type would copy a lock.
	HoldsLock func(types.Type) bool
	// CanUse reports whether an alias can be written by its name in the package.
	CanUse func(*types.Alias) bool
	// Alias returns the alias by which the package names a type that it cannot name
	// otherwise, nil for other types.
	Alias func(*types.Named) *types.Alias
}

// Work is one work, planned.
type Work struct {
	Scan *scan.Work
	Name string // full name: import path, a dot, type name

	Keyed   []Value // receiver fields tagged `workgen:"key"`
	Params  []Value // without the context
	Results []Value // without the last error

	// Identity lists the plain values that tell calls apart when all inputs
	// are plain; nil when the fingerprint of the encoding has to do that.
	Identity []Leaf
	// Plain says that Identity is used (it may be empty: no inputs at all).
	Plain bool

	// Refused says that a result can be given to no second caller. It has been
	// reported.
	Refused bool
	// Storable says that results come back equal from a store; NotStorable says
	// what would not, and is empty then.
	Storable    bool
	NotStorable []Obstacle
	// NotRemote is why a worker elsewhere could not execute calls whose results can be
	// stored.
	NotRemote []Obstacle
	// Kinds are the types in the results that a store has to be told how to write, and
	// ArgKinds those in arguments that are sent to workers.
	Kinds, ArgKinds []*Type

	// Runners are those that fields of the work hold, keyed or not.
	Runners []HeldRunner

	// Code stands for the code that Run reaches in durable keys; nil when there is no
	// need of any.
	Code *Code

	// Schema is a digest of the shape of inputs and results, in hexadecimal.
	Schema string
}

// Value is one parameter, result or keyed receiver field.
type Value struct {
	Name  string // as in the source: "" when unnamed or blank
	Field string // exported name in the argument or result struct
	Type  *Type
	// Declared is the type as the user wrote it, with its aliases.
	Declared types.Type
	// Copied says that the generated code copies the value deeply. False for
	// values without references, for shared ones, and for arguments that
	// cannot be copied, which are encoded again after the execution instead.
	Copied bool
	// Verified says that the value is encoded again after the execution, to
	// see whether it changed while the work was running. Of a work that is
	// Outside all inputs are.
	Verified bool
	// Secret says that the value is not printed, logged or stored.
	Secret bool
	// KeepFor says that the value is a result with the method of runtime.Perishable.
	KeepFor bool
	// Unresolved says that something in the type does not type-check, and has been
	// reported.
	Unresolved bool
}

// Leaf is one comparable part of an identity.
type Leaf struct {
	Path []string // field names from the value down; the first one is Value's
	Name string   // name of the identity's field
	Type *Type    // Basic, String or IsTime
	// Keyed says that Path begins at the receiver; otherwise it does at the
	// parameter with the index Param.
	Keyed bool
	Param int
}

// Kind says how a type is walked.
type Kind int

// The kinds of types.
const (
	Invalid   Kind = iota // the type checker could not make sense of it
	Basic                 // booleans and numbers
	String                // strings
	Slice                 // slices; Elem
	Array                 // arrays; Elem, Len
	Map                   // maps; Key, Elem
	Pointer               // pointers; Elem
	Struct                // structs; Fields
	Time                  // time.Time
	Interface             // interfaces whose dynamic types are known; Impls
	Known                 // not walked, but encoded by Codec
	Opaque                // no walk is possible: see Reason
)

// Type describes one type. Equal types share one node, so that a type which
// contains itself is a cycle of nodes: a walk must not follow parts blindly.
type Type struct {
	Kind Kind
	// Go is the type itself, aliases resolved.
	Go types.Type
	// Named is the named type that Go is, or nil.
	Named *types.Named
	// Basic is the kind of a Basic or String.
	Basic types.BasicKind
	Elem  *Type
	Key   *Type
	Len   int64
	// Fields are the fields of a Struct, all of them.
	Fields []Field
	// Reason says why the type is Opaque, as the end of the sentence
	// "cannot key parameter x: …"; At is the place to look at.
	Reason string
	At     token.Pos
	// CopyReason is Reason where it differs for copies.
	CopyReason string
	// Advice says what to do instead of using the type; "" when that is the
	// same as for any other.
	Advice string
	// Cautioned says, of an Opaque type that a directive can have encoded, when that
	// is right; "" when there is nothing special about it.
	Cautioned string
	// Aside says that no result depends on such a value: a lock.
	Aside bool
	// Codec says how a Known type is encoded, by Marshal if it is Method; Elem
	// is the type that a Handle is of.
	Codec   Codec
	Marshal Marshal
	// Copy says how values are copied that are not walked, or, if it is
	// ByMethod, not all of which can be. Copier is the method.
	Copy   Copy
	Copier Copier
	// directive is the one about this type, listed the one that has its Impls.
	directive *encodeDirective
	listed    *listedDirective
	// Custom says that the type writes its own encoding: it, or a pointer to
	// it, has a method EncodeKey(*key.Encoder) of its own.
	Custom bool
	// Held are the types of the inputs of the work, when the type is its runner.
	Held []*Type
	// Impls are the types that a value of an Interface can have, except nil.
	Impls []*Type
	// Entered says that a pointer, slice or map may contain itself, and that its
	// encoding has to keep track of what it is inside of.
	Entered bool

	cyclic, reaches, boxed [views]bool // see the methods of these names
}

// Field is one field of a struct.
type Field struct {
	Name     string
	Type     *Type
	Pos      token.Pos
	Embedded bool
	// From are the names of the embedded structs that the field is promoted from, which
	// this package cannot name, each followed by a dot.
	From string
	// Ignored says that the field is tagged `workgen:"-"` or blank: it is no
	// input. It is copied with its struct by assignment, and nothing behind it is
	// ever read.
	Ignored bool
	// Secret says that the field is tagged `workgen:"secret"`.
	Secret bool
	// Unread says that it is Ignored by a directive: it is not exported by another
	// package.
	Unread bool
}

// Fixed reports whether values of t are plain numbers or booleans, whose
// memory can be encoded as one block.
func (t *Type) Fixed() bool { return t.Kind == Basic && !t.Custom }

// Code is what stands for the code of a work: the version that the directive gives,
// or the fingerprint with what it was made from, sorted: names with hashes. Module is
// that of the work; Modules and Hashed are others that it reaches, the latter those
// whose content is in the fingerprint.
type Code struct {
	Version string
	Sum     string
	Symbols []string

	Module          string
	Modules, Hashed []string
	Variables       []Variable // which the linker can set
}

// A Variable is one of a package, by the name that the linker has for it, with the value
// in the source, and how the package of the work can refer to it: by its own name, by a
// symbol for go:linkname, or not at all.
type Variable struct{ Name, Initial, Local, Symbol string }
