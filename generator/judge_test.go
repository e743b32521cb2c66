package generator_test

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/scanner"
	gotoken "go/token"
	"go/types"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/callgraph"
	"golang.org/x/tools/go/callgraph/rta"
	"golang.org/x/tools/go/callgraph/vta"
	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"
)

// Fragments is the code that a work reaches: names by digests. It has nothing of the
// standard library.
type fragments map[[sha256.Size]byte]string

// differ lists the names of what only one of two has.
func (f fragments) differ(other fragments) []string {
	names := map[string]bool{}
	for _, pair := range [][2]fragments{{f, other}, {other, f}} {
		for sum, name := range pair[0] {
			if _, ok := pair[1][sum]; !ok {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// digest is that of all files of a package and of what it imports, but for the standard
// library: where it is the same, so is the judgement.
func digest(dir, pattern string, env []string) (sum [sha256.Size]byte, err error) {
	const mode = packages.NeedName | packages.NeedFiles | packages.NeedEmbedFiles | packages.NeedImports | packages.NeedDeps | packages.NeedModule
	loaded, err := packages.Load(&packages.Config{Mode: mode, Dir: dir, Env: env}, pattern)
	h := sha256.New()
	packages.Visit(loaded, nil, func(p *packages.Package) {
		if p.Module == nil || p.Module.Path == "github.com/workgen/workgen" {
			return
		}
		for _, name := range slices.Concat(p.GoFiles, p.OtherFiles, p.EmbedFiles) {
			content, failed := os.ReadFile(name)
			err = cmp.Or(err, failed)
			fmt.Fprintf(h, "%s %s %x\n", p.PkgPath, name, sha256.Sum256(content))
		}
	})
	return [sha256.Size]byte(h.Sum(nil)), err
}

// judge says what code the works of a package reach, by other means than the generator
// does: by a call graph of the whole program, dependencies included, in which calls through
// interfaces and variables are resolved by the types and functions that flow there
// (golang.org/x/tools/go/callgraph/vta). Of what functions use besides, the
// package variables count with what initialises them, constants by their values, and types.
// Variables that the linker sets (-ldflags=-X), which linked has by their names, are
// fragments of their own.
func judge(dir, pattern string, env []string, linked map[string]string, works []string) (map[string]fragments, error) {
	loaded, err := packages.Load(&packages.Config{Mode: packages.LoadAllSyntax | packages.NeedEmbedFiles | packages.NeedModule, Dir: dir, Env: env}, pattern)
	if err != nil {
		return nil, err
	}
	if len(loaded) != 1 || packages.PrintErrors(loaded) > 0 {
		return nil, fmt.Errorf("%s does not load", pattern)
	}
	prog, own := ssautil.AllPackages(loaded, ssa.InstantiateGenerics)
	prog.Build()
	roots := []*ssa.Function{own[0].Func("init")}
	for _, work := range works {
		t := own[0].Type(work).Type()
		roots = append(roots, prog.LookupMethod(t, loaded[0].Types, "Run"))
	}
	reachable := rta.Analyze(roots, true)
	functions := map[*ssa.Function]bool{}
	for f := range reachable.Reachable {
		functions[f] = true
	}
	program := newSource(prog, vta.CallGraph(functions, reachable.CallGraph), loaded[0])
	program.linked = linked
	out := map[string]fragments{}
	for i, work := range works {
		out[work] = program.reach(roots[i+1])
	}
	return out, nil
}

// A source is the source of a program, for the judge.
type source struct {
	prog  *ssa.Program
	graph *callgraph.Graph
	fset  *gotoken.FileSet
	// Packages outside of the standard library, and where they declare what is not a
	// function; files by their names.
	packages map[*types.Package]*packages.Package
	specs    map[types.Object]ast.Spec
	embedded map[ast.Spec]bool
	inits    map[*types.Package][]*ssa.Function
	files    map[string][]byte
	linked   map[string]string // what the linker sets
	sums     map[ast.Node][sha256.Size]byte
}

func newSource(prog *ssa.Program, graph *callgraph.Graph, main *packages.Package) *source {
	s := &source{
		prog: prog, graph: graph, fset: main.Fset, packages: map[*types.Package]*packages.Package{}, specs: map[types.Object]ast.Spec{}, embedded: map[ast.Spec]bool{},
		inits: map[*types.Package][]*ssa.Function{}, files: map[string][]byte{}, sums: map[ast.Node][sha256.Size]byte{},
	}
	packages.Visit([]*packages.Package{main}, nil, func(p *packages.Package) {
		if p.Module == nil || p.Module.Path == "github.com/workgen/workgen" {
			return
		}
		s.packages[p.Types] = p
		for _, f := range p.Syntax {
			for _, d := range f.Decls {
				s.declare(p, d)
			}
		}
		for name, m := range prog.Package(p.Types).Members {
			if f, ok := m.(*ssa.Function); ok && strings.HasPrefix(name, "init#") {
				s.inits[p.Types] = append(s.inits[p.Types], f)
			}
		}
	})
	return s
}

// declare notes what a declaration declares.
func (s *source) declare(p *packages.Package, d ast.Decl) {
	group, ok := d.(*ast.GenDecl)
	if !ok {
		return
	}
	for _, spec := range group.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			s.specs[p.TypesInfo.Defs[spec.Name]] = spec
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				s.specs[p.TypesInfo.Defs[name]] = spec
			}
			for _, doc := range []*ast.CommentGroup{group.Doc, spec.Doc} {
				if doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") }) {
					s.embedded[spec] = true
				}
			}
		}
	}
}

// A reached is what is found from one function.
type reached struct {
	*source
	fragments
	functions map[*ssa.Function]bool
	specs     map[ast.Spec]bool
	touched   map[*types.Package]bool // with variables that are reached
	variables map[types.Object]bool
	waiting   []*ssa.Function
}

// reach follows the call graph from a function.
func (s *source) reach(from *ssa.Function) fragments {
	r := &reached{s, fragments{}, map[*ssa.Function]bool{}, map[ast.Spec]bool{}, map[*types.Package]bool{}, map[types.Object]bool{}, nil}
	r.function(from)
	for n := -1; n != len(r.functions); {
		n = len(r.functions)
		for len(r.waiting) > 0 {
			f := r.waiting[len(r.waiting)-1]
			r.waiting = r.waiting[:len(r.waiting)-1]
			r.follow(f)
		}
		r.initialise()
	}
	return r.fragments
}

// function reaches a function.
func (r *reached) function(f *ssa.Function) {
	if f != nil && !r.functions[f] {
		r.functions[f] = true
		r.waiting = append(r.waiting, f)
	}
}

// follow reaches what a function calls and uses.
func (r *reached) follow(f *ssa.Function) {
	if n := r.graph.Nodes[f]; n != nil {
		for _, edge := range n.Out {
			r.function(edge.Callee.Func)
		}
	}
	f = cmp.Or(f.Origin(), f)
	if f.Pkg == nil || r.packages[f.Pkg.Pkg] == nil || f.Syntax() == nil {
		return // of the standard library, or made by the compiler
	}
	p := r.packages[f.Pkg.Pkg]
	r.node(p, f.String(), f.Syntax(), false)
	if d, ok := f.Syntax().(*ast.FuncDecl); ok && d.Body == nil {
		for _, name := range p.OtherFiles { // assembly
			r.file(name)
		}
	}
}

// initialise reaches the functions init that use variables which are reached.
func (r *reached) initialise() {
	for pkg := range r.touched {
		for _, f := range r.inits[pkg] {
			ast.Inspect(f.Syntax(), func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && r.variables[r.packages[pkg].TypesInfo.Uses[id]] {
					r.function(f)
				}
				return true
			})
		}
	}
}

// node reaches the constants, types and variables that a piece of source uses; of one
// that initialises a variable also the functions.
func (r *reached) node(p *packages.Package, name string, n ast.Node, initialiser bool) {
	r.fragments[r.sum(p, n)] = name
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		switch o := p.TypesInfo.Uses[id].(type) {
		case *types.Const:
			if r.packages[o.Pkg()] != nil {
				text := o.Pkg().Path() + "." + o.Name() + " = " + o.Val().ExactString()
				r.fragments[sha256.Sum256([]byte(text))] = text
			}
		case *types.TypeName:
			r.spec(o)
		case *types.Var:
			r.spec(o.Origin())
		case *types.Func:
			if initialiser {
				r.function(r.prog.FuncValue(o))
			}
		}
		return true
	})
}

// spec reaches a type, or a variable of a package.
func (r *reached) spec(o types.Object) {
	spec := r.source.specs[o]
	if spec == nil {
		return
	}
	if _, ok := o.(*types.Var); ok {
		r.variables[o], r.touched[o.Pkg()] = true, true
		name := either(o.Pkg().Name() == "main", "main", o.Pkg().Path()) + "." + o.Name()
		if _, ok := r.linked[name]; ok {
			r.fragments[sha256.Sum256([]byte("-X "+name))] = "-X " + name
		}
	}
	if r.specs[spec] {
		return
	}
	r.specs[spec] = true
	p := r.packages[o.Pkg()]
	r.node(p, o.Pkg().Path()+"."+o.Name(), spec, true)
	if r.embedded[spec] {
		for _, name := range p.EmbedFiles {
			r.file(name)
		}
	}
}

// file reaches a whole file.
func (r *reached) file(name string) {
	content, _ := os.ReadFile(name) // which a build has read
	r.fragments[sha256.Sum256(content)] = name
}

// sum digests the tokens of a piece of source, and the path of its package.
func (s *source) sum(p *packages.Package, n ast.Node) [sha256.Size]byte {
	if sum, ok := s.sums[n]; ok {
		return sum
	}
	from, to := s.fset.PositionFor(n.Pos(), false), s.fset.PositionFor(n.End(), false)
	if s.files[from.Filename] == nil {
		s.files[from.Filename], _ = os.ReadFile(from.Filename)
	}
	text := s.files[from.Filename][from.Offset:to.Offset]
	var scan scanner.Scanner
	fset := gotoken.NewFileSet()
	scan.Init(fset.AddFile("", -1, len(text)), text, nil, 0)
	h := sha256.New()
	fmt.Fprintln(h, p.PkgPath)
	for {
		_, kind, literal := scan.Scan()
		if kind == gotoken.EOF {
			break
		}
		if kind == gotoken.SEMICOLON {
			literal = ""
		}
		fmt.Fprintf(h, "%d %s\x00", kind, literal)
	}
	s.sums[n] = [sha256.Size]byte(h.Sum(nil))
	return s.sums[n]
}
