package reach

import (
	"crypto/sha256"
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"
	"unicode"

	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/scan"
)

// A pkg is a package with its declarations.
type pkg struct {
	*load.Package
	decls map[types.Object]*decl
	// always are the functions init, which take effect without being referred to, and
	// calling the variables whose initialisers may do so.
	always, calling []*decl
	// constructors are those of the runners that will be generated, runs what they execute.
	constructors map[types.Object]bool
	runs         map[*decl]bool
	// effects are the import paths that are imported for their effects alone.
	effects []string
	// constrained are the files that are not always built.
	constrained map[*ast.File]string
	variants    *variants        // nil until needed
	byName      map[string]*decl // of files that are always built; nil until needed
	allows      scan.Allows
	sources     map[string]map[int][sha256.Size]byte // see sourceSum
	makers      map[*token.File]string               // see madeBy
	memoized    map[*ast.AssignStmt]bool             // see memos
}

// A decl is one declaration at package level.
type decl struct {
	pkg  *pkg
	obj  types.Object // nil for init and blank variables
	name string       // in full: example.com/m/daily.T.Method
	node ast.Node     // *ast.FuncDecl, *ast.TypeSpec or *ast.ValueSpec
	at   token.Pos    // of the name
	// generated says that it will be: an argument or result struct.
	generated bool
	// Of a variable or constant.
	value *value

	// constrained says that the file is not always built: the variants of the
	// name count instead. They have a variant and no obj.
	constrained bool
	variant     *variant

	walked bool // what follows is set
	hash   [sha256.Size]byte
	source [sha256.Size]byte // of what is in the file, without types
	refs   []ref
	names  []byName // of a variant, instead of refs
	embeds []string // patterns of go:embed

	looked bool // what follows is set: see factsOf
	facts  []fact
	inside bool // facts of kind "" have been replaced: see allFactsOf
	calls  []called
	flows  *flow // nil until needed
}

// A value is what belongs to one name of a specification.
type value struct {
	tok       token.Token
	name      *ast.Ident
	typ, expr ast.Expr
	embeds    []string
}

// index finds the declarations of a package.
func index(p *load.Package) *pkg {
	out := &pkg{
		Package: p, decls: map[types.Object]*decl{}, constrained: scan.Constrained(p), constructors: map[types.Object]bool{}, runs: map[*decl]bool{},
		sources: map[string]map[int][sha256.Size]byte{},
	}
	for _, f := range p.Files {
		if _, ok := out.constrained[f]; ok {
			continue
		}
		out.file(f)
		for _, i := range f.Imports {
			if i.Name != nil && i.Name.Name == "_" {
				out.effects = append(out.effects, strings.Trim(i.Path.Value, "\"`"))
			}
		}
	}
	always, calling, effects, known := out.always, out.calling, out.effects, len(out.decls)
	if len(out.constrained) > 0 {
		before := make(map[types.Object]bool, known)
		for obj := range out.decls {
			before[obj] = true
		}
		for _, f := range p.Files {
			if _, ok := out.constrained[f]; ok {
				out.file(f)
			}
		}
		for obj, d := range out.decls {
			d.constrained = !before[obj]
		}
		out.always, out.calling, out.effects = always, calling, effects // variantsOf finds them again
	}
	out.stubs()
	return out
}

// stubs adds what will be generated. Argument and result structs are declarations
// like others; a runner, with its constructor and methods, is the Run that it
// executes, and EncodeKey writes what the types of the inputs say.
func (p *pkg) stubs() {
	for _, s := range p.Stubs {
		switch {
		case s.Data != nil:
			p.decls[s.Object] = &decl{pkg: p, obj: s.Object, name: p.PkgPath + "." + s.Object.Name(), node: s.Data, at: s.Data.Name.Pos(), generated: true}
		case s.Encodes:
		default:
			if run := p.decls[p.Info.Defs[s.Run.Name]]; run != nil {
				p.decls[s.Object] = run
				p.runs[run] = true
			}
			if fn, ok := s.Object.(*types.Func); ok && fn.Signature().Recv() == nil {
				p.constructors[fn] = true
			}
		}
	}
}

// file adds the declarations of a file.
func (p *pkg) file(f *ast.File) {
	embeds := embedDirectives(f)
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			p.function(d)
		case *ast.GenDecl:
			embeds = p.general(d, embeds)
		}
	}
}

// function adds a function or method.
func (p *pkg) function(d *ast.FuncDecl) {
	obj := p.Info.Defs[d.Name]
	switch {
	case d.Recv == nil && (d.Name.Name == "init" || d.Name.Name == "_"):
		p.always = append(p.always, &decl{pkg: p, name: p.PkgPath + "." + d.Name.Name, node: d, at: d.Name.Pos()})
	case obj != nil:
		p.decls[obj] = &decl{pkg: p, obj: obj, name: p.PkgPath + "." + receiver(d) + d.Name.Name, node: d, at: d.Name.Pos()}
	}
}

// receiver returns the name of a method's receiver type and a dot, "" for a
// function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return ""
	}
	typ := d.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.ParenExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return t.Name + "."
		default:
			return ""
		}
	}
}

// general adds types, variables and constants. As the compiler does it, go:embed
// directives go to the first variable behind them, whatever stands between; those that
// are left are returned.
func (p *pkg) general(d *ast.GenDecl, directives []*ast.Comment) []*ast.Comment {
	var typ ast.Expr // of the constant specification that is repeated
	var exprs []ast.Expr
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if obj := p.Info.Defs[spec.Name]; obj != nil {
				p.decls[obj] = &decl{pkg: p, obj: obj, name: p.PkgPath + "." + spec.Name.Name, node: spec, at: spec.Name.Pos()}
			}
		case *ast.ValueSpec:
			if d.Tok == token.VAR || spec.Type != nil || len(spec.Values) > 0 {
				typ, exprs = spec.Type, spec.Values
			}
			var embeds []string
			for d.Tok == token.VAR && len(directives) > 0 && directives[0].Pos() < spec.Pos() {
				embeds = append(embeds, embedPatterns(directives[0].Text)...)
				directives = directives[1:]
			}
			for n, name := range spec.Names {
				v := &value{tok: d.Tok, name: name, typ: typ, embeds: embeds}
				switch {
				case len(exprs) == len(spec.Names):
					v.expr = exprs[n]
				case len(exprs) == 1: // a call with several results
					v.expr = exprs[0]
				}
				p.value(spec, v)
			}
		}
	}
	return directives
}

// value adds one variable or constant.
func (p *pkg) value(spec *ast.ValueSpec, v *value) {
	d := &decl{pkg: p, name: p.PkgPath + "." + v.name.Name, node: spec, at: v.name.Pos(), value: v}
	if v.tok == token.VAR && mayRun(v.expr) {
		p.calling = append(p.calling, d)
	}
	if v.name.Name == "_" {
		return
	}
	if d.obj = p.Info.Defs[v.name]; d.obj != nil {
		p.decls[d.obj] = d
	}
}

// embedDirective begins what embedPatterns reads.
const embedDirective = "//go:embed"

// embedDirectives returns the go:embed directives of a file, in their order.
func embedDirectives(f *ast.File) (found []*ast.Comment) {
	for _, group := range f.Comments {
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, embedDirective) {
				found = append(found, c)
			}
		}
	}
	return found
}

// embedPatterns returns the patterns of a go:embed directive, which may be quoted.
func embedPatterns(directive string) (patterns []string) {
	rest := strings.TrimSpace(strings.TrimPrefix(directive, embedDirective))
	for ; rest != ""; rest = strings.TrimSpace(rest) {
		var pattern string
		if quoted, err := strconv.QuotedPrefix(rest); err == nil {
			pattern, _ = strconv.Unquote(quoted)
			rest = rest[len(quoted):]
		} else {
			end := strings.IndexFunc(rest, unicode.IsSpace)
			if end < 0 {
				end = len(rest)
			}
			pattern, rest = rest[:end], rest[end:]
		}
		patterns = append(patterns, strings.TrimPrefix(pattern, "all:"))
	}
	return patterns
}
