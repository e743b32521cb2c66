package emit

import (
	"go/token"
	"go/types"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/plan"
	"github.com/workgen/workgen/generator/scan"
)

// Import paths that generated code refers to itself.
const (
	runtimePath = "github.com/workgen/workgen/runtime"
	keyPath     = "github.com/workgen/workgen/runtime/key"
	deepPath    = "github.com/workgen/workgen/runtime/deepcopy"
	sizePath    = "github.com/workgen/workgen/runtime/heapsize"
	previewPath = "github.com/workgen/workgen/runtime/preview"
)

// locals are the names of variables in generated bodies. They are kept free of
// everything else, so that no import or helper is hidden by one of them.
var locals = []string{"a", "args", "b", "c", "ctx", "d", "e", "err", "f", "h", "hash", "id", "i", "j", "k", "l", "m", "match", "ok", "opts", "p", "r", "res", "shorter", "v", "work", "x", "y"}

// names decides every name of one generated file.
type names struct {
	// taken holds the names of the package scope: the user's declarations,
	// Go's own, those of this file, its imports, and locals.
	taken map[string]bool
	// elsewhere holds the names of imports in other files: no declaration can
	// have one of them, but an import here can.
	elsewhere map[string]bool
	// imports holds the name under which each path is imported.
	imports map[string]string
	// written holds the names under which the user's files import paths, and users
	// the path that each of these names is for: the first one, if there are several.
	written, users map[string]string
	// alias says that a path is imported under another name than its own.
	alias map[string]bool
	// local holds the names of locals, changed where the user's package scope
	// has the plain one.
	local map[string]string
}

// newNames returns the names of a file in pkg. The names the works' exported
// declarations will have are taken from the start.
func newNames(pkg *plan.Package) *names {
	n := &names{taken: map[string]bool{}, elsewhere: pkg.Scan.Imported, imports: map[string]string{}, written: map[string]string{}, users: map[string]string{}, alias: map[string]bool{}, local: map[string]string{}}
	for _, name := range types.Universe.Names() {
		n.taken[name] = true
	}
	for name := range pkg.Scan.Declared {
		n.taken[name] = true
	}
	for _, w := range pkg.Works {
		names := w.Scan.Names()
		for _, name := range []string{names.Runner, names.Constructor, names.Args, names.Result} {
			n.taken[name] = true
		}
	}
	for _, name := range locals {
		n.local[name] = n.fresh(name)
	}
	n.importName(runtimePath, "runtime")
	n.importName(keyPath, "key")
	n.importName(deepPath, "deepcopy")
	n.importName(sizePath, "heapsize")
	n.read(pkg.Scan)
	return n
}

// read notes how the user's files name what they import. A package keeps that name
// whatever else the works of the file refer to. Files that are not always built do
// not count: the names are the same on every system.
func (n *names) read(p *scan.Package) {
	for _, f := range p.Files {
		if _, ok := p.ConstraintAt(f.Package); ok {
			continue
		}
		for _, spec := range f.Imports {
			pkg := p.Info.PkgNameOf(spec)
			if pkg == nil || pkg.Name() == "." || pkg.Name() == "_" || n.users[pkg.Name()] != "" || n.written[pkg.Imported().Path()] != "" {
				continue
			}
			n.written[pkg.Imported().Path()], n.users[pkg.Name()] = pkg.Name(), pkg.Imported().Path()
		}
	}
}

// fresh returns want, or want with a number, whichever is free, and takes it.
func (n *names) fresh(want string) string {
	name := want
	for i := 2; n.taken[name]; i++ {
		name = want + strconv.Itoa(i)
	}
	n.taken[name] = true
	return name
}

// declare returns a fresh name for a declaration of this file.
func (n *names) declare(want string) string {
	name := n.fresh(want)
	for n.elsewhere[name] {
		name = n.fresh(want)
	}
	return name
}

// importName returns the name under which path is imported: that in the user's
// files, or the package's own. When something else has it already, the folder's
// name stands before the package's.
func (n *names) importName(path, own string) string {
	if name, ok := n.imports[path]; ok {
		return name
	}
	name := own
	if written := n.written[path]; written != "" {
		name = written
	}
	if user := n.users[name]; n.taken[name] || user != "" && user != path {
		name = n.fresh(longName(path, own))
	}
	n.alias[path] = name != own
	n.taken[name] = true
	n.imports[path] = name
	return name
}

// longName is a package's name with that of the folder it is in before it:
// dynamodb/types → dynamodbtypes, net/url → neturl. What is in none, or in one
// whose name is no identifier, gets "pkg" behind its name: time → timepkg.
func longName(importPath, own string) string {
	dir := path.Base(path.Dir(importPath))
	if dir == "." || !token.IsIdentifier(dir) {
		return own + "pkg"
	}
	return strings.ToLower(dir) + own
}

// params returns the names of a work's parameters in generated methods: the
// user's, unless one is missing or is in relied, the names that the bodies of
// these methods refer to.
func (n *names) params(values []plan.Value, relied ...string) []string {
	used := map[string]bool{}
	for _, name := range relied {
		used[name] = true
	}
	var out []string
	for _, v := range values {
		name := v.Name
		if name == "" {
			name = lowerFirst(v.Field)
		}
		unique := name
		for i := 2; used[unique]; i++ {
			unique = name + "Arg"
			if i > 2 {
				unique += strconv.Itoa(i - 1)
			}
		}
		used[unique] = true
		out = append(out, unique)
	}
	return out
}

// localsBeside returns the names of local variables next to parameters of these
// names, which come first.
func (n *names) localsBeside(params []string) map[string]string {
	used := map[string]bool{}
	for _, name := range params {
		used[name] = true
	}
	out := map[string]string{}
	for _, want := range locals {
		name := n.local[want]
		for i := 2; used[name] || name != n.local[want] && n.taken[name]; i++ {
			name = want + strconv.Itoa(i)
		}
		used[name] = true
		out[want] = name
	}
	return out
}

// maxWords bounds the identifiers that are made of types written out.
const maxWords = 8

// typeWords makes an identifier part of a type: Config → Config, url.Values →
// UrlValues, Pair[int,string] → PairIntString. Of very long types the end counts.
func typeWords(t types.Type, pkg *types.Package) string {
	text := diag.TypeString(t, func(p *types.Package) string {
		if p == pkg {
			return ""
		}
		return p.Name()
	})
	words := strings.FieldsFunc(text, func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	if n := len(words); n > maxWords {
		words = words[n-maxWords/2:]
	}
	for i, w := range words {
		words[i] = upperFirst(w)
	}
	return strings.Join(words, "")
}

// upperFirst is name beginning with a capital letter.
func upperFirst(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:]
}

// lowerFirst is name beginning with a small letter.
func lowerFirst(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[size:]
}

// loopVar names a variable of a loop nested depth deep: the next one wanted,
// numbered when they run out.
func (n *names) loopVar(local map[string]string, depth int, wants ...string) string {
	if depth < len(wants) {
		return local[wants[depth]]
	}
	return n.numbered(local[wants[0]], depth)
}

// numbered is name for the first one, and with a number for those after it,
// which may not be what something else is called.
func (n *names) numbered(name string, i int) string {
	if i == 0 {
		return name
	}
	numbered := name + strconv.Itoa(i+1)
	for n.taken[numbered] {
		numbered += "x"
	}
	return numbered
}
