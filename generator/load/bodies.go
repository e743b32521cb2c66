package load

import (
	"context"
	"errors"
	"go/ast"
	goimporter "go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/tools/go/packages"
)

// Bodies parses and type-checks packages of other modules, without comments, and with
// the bodies of their functions, which a Load does not read. What they import is read
// from export data, in a universe of its own: nothing in the packages is comparable with
// what Load returned. Those that are not known are left out; ok says of the others
// whether all of their files and imports could be read. It must not be called
// concurrently.
func (b *Build) Bodies(paths []string) (pkgs []*Package, ok []bool) {
	if b.bodies == nil {
		return nil, nil
	}
	return b.bodies.load(b, paths)
}

// bodies reads packages of other modules from source.
type bodies struct {
	ctx      context.Context
	cfg      Config
	fset     *token.FileSet
	sizes    types.Sizes
	exports  map[string]string // export data of a package's path
	imported types.Importer
}

// newBodies returns what Bodies asks.
func newBodies(ctx context.Context, cfg Config, env goEnv) *bodies {
	r := &bodies{ctx: ctx, cfg: cfg, fset: token.NewFileSet(), sizes: types.SizesFor("gc", env.GOARCH), exports: map[string]string{}}
	r.imported = goimporter.ForCompiler(r.fset, "gc", r.open)
	return r
}

// open opens the export data of a package.
func (r *bodies) open(path string) (io.ReadCloser, error) {
	name := r.exports[path]
	if name == "" {
		return nil, errors.New("no export data: it does not compile")
	}
	return os.Open(name)
}

// load is Bodies.
func (r *bodies) load(b *Build, paths []string) (pkgs []*Package, ok []bool) {
	for _, path := range paths {
		if d := b.Dependencies[path]; d != nil && len(d.GoFiles) > 0 {
			pkgs = append(pkgs, &Package{PkgPath: path, GoFiles: d.GoFiles, Fset: r.fset, Build: b})
		}
	}
	ok = make([]bool, len(pkgs))
	r.each(len(pkgs), func(i int) { ok[i] = pkgs[i].parse() })
	imports := r.importAll(pkgs)
	r.each(len(pkgs), func(i int) { ok[i] = pkgs[i].check(b, imports, r.sizes) && ok[i] })
	return pkgs, ok
}

// each calls f for each of n packages, as many at once as there are processors.
func (r *bodies) each(n int, f func(i int)) {
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if r.ctx.Err() == nil {
				f(i)
			}
		})
	}
	group.Wait()
}

// parse reads the files of p and reports whether all could be.
func (p *Package) parse() bool {
	all := true
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(p.Fset, name, nil, parseMode)
		if f != nil {
			p.Files = append(p.Files, f)
		}
		all = all && err == nil
	}
	return all
}

// importAll reads the export data of all that pkgs import before any is type-checked:
// see checker.importAll.
func (r *bodies) importAll(pkgs []*Package) importMap {
	r.list(pkgs)
	imports := importMap{"unsafe": types.Unsafe}
	for _, p := range pkgs {
		for _, f := range p.Files {
			for _, i := range f.Imports {
				path := importPath(i)
				if _, seen := imports[path]; !seen {
					imports[path] = r.export(path)
				}
			}
		}
	}
	return imports
}

// export reads a package from export data, nil if it cannot be.
func (r *bodies) export(path string) (p *types.Package) {
	defer func() {
		if recover() != nil { // as it does at what a newer compiler has written
			p = nil
		}
	}()
	p, _ = r.imported.Import(path)
	return p
}

// list asks the go command for the export data of all that pkgs import, directly or
// not: what they import in their turn is then known, too.
func (r *bodies) list(pkgs []*Package) {
	var unknown []string
	for _, p := range pkgs {
		if _, known := r.exports[p.PkgPath]; !known {
			unknown = append(unknown, p.PkgPath)
		}
	}
	if len(unknown) == 0 {
		return
	}
	slices.Sort(unknown)
	mode := packages.NeedName | packages.NeedExportFile | packages.NeedImports | packages.NeedDeps
	listed, _ := goList(r.ctx, r.cfg, mode, unknown, nil) // what is not listed cannot be imported
	packages.Visit(listed, nil, func(p *packages.Package) { r.exports[p.PkgPath] = p.ExportFile })
}

// importMap has packages by their paths, nil for those that cannot be read.
type importMap map[string]*types.Package

// Import returns the package with a path.
func (m importMap) Import(path string) (*types.Package, error) {
	if p := m[path]; p != nil {
		return p, nil
	}
	return nil, errors.New("unreadable")
}

// check type-checks p and reports whether all that it imports could be read. Other
// errors are those of code that the compiler refuses, too.
func (p *Package) check(b *Build, imports importMap, sizes types.Sizes) bool {
	p.Info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Implicits: map[ast.Node]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	config := types.Config{Importer: imports, FakeImportC: true, Sizes: sizes, Error: func(error) {}}
	if m := b.Dependencies[p.PkgPath].Module; m != nil && m.GoVersion != "" {
		config.GoVersion = "go" + m.GoVersion
	}
	p.Types, _ = config.Check(p.PkgPath, p.Fset, p.Files, p.Info)
	for _, f := range p.Files {
		for _, i := range f.Imports {
			if path := importPath(i); path != "C" && imports[path] == nil {
				return false
			}
		}
	}
	return p.Types != nil
}
