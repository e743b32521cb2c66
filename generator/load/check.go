package load

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	goimporter "go/importer"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/tools/go/packages"

	"github.com/workgen/workgen/generator/wrapper"
)

// parseMode has comments, since directives are, and not AllErrors: one error a
// line is enough, without those that follow from it.
const parseMode = parser.ParseComments | parser.SkipObjectResolution

// A checker parses and type-checks what is loaded from source: the packages
// that match, those of the main modules, and whatever imports one of them, so
// that every type has one identity. The rest is read from export data, which
// the go command has of everything that compiles; a package that does not is
// type-checked, too.
type checker struct {
	fset    *token.FileSet
	sizes   types.Sizes
	exports map[string]string // export data of a package's path
	source  map[*packages.Package]bool
	bodies  map[*packages.Package]bool // those of source whose function bodies count
	done    map[*packages.Package]chan struct{}
	works   map[*packages.Package][]*wrapper.Work // of the main modules
	runtime map[string]*packages.Package          // of stubPaths, those of source
	stubs   map[*packages.Package][]wrapper.Declaration

	mu       sync.Mutex // guards imported, which finds what importAll has read, and the rest
	imported types.Importer
	standIns map[string]*types.Package

	unreadable error // why export data cannot be read at all
}

// check adds syntax, types and errors to the packages that are loaded from
// source.
func check(ctx context.Context, cfg Config, roots []*packages.Package, m *matches, flags []string) error {
	c := &checker{
		fset: token.NewFileSet(), sizes: types.SizesFor("gc", m.env.GOARCH),
		source: map[*packages.Package]bool{}, bodies: map[*packages.Package]bool{},
		done: map[*packages.Package]chan struct{}{}, works: map[*packages.Package][]*wrapper.Work{},
		runtime: map[string]*packages.Package{}, stubs: map[*packages.Package][]wrapper.Declaration{},
		standIns: map[string]*types.Package{},
	}
	c.imported = newImporter(c.fset, c.open)
	for _, p := range roots {
		if len(p.GoFiles) > 0 && p.PkgPath != "unsafe" {
			c.source[p], c.bodies[p] = true, true
		}
	}
	c.upwards(roots)
	c.findRuntime()
	parsed := make(chan struct{})
	go func() {
		defer close(parsed)
		c.parseAll(ctx)
	}()
	err := c.listExports(ctx, cfg, m, flags)
	c.importAll()
	<-parsed
	if err := errors.Join(err, c.unreadable); err != nil {
		return err
	}
	c.withoutExports(roots)
	c.parseAll(ctx)
	c.findWorks()
	c.checkAll(ctx)
	m.complete, m.source, m.stubs = c.completer(ctx, cfg), c.source, c.stubs
	return ctx.Err()
}

// newImporter returns what reads export data. Tests watch it.
var newImporter = func(fset *token.FileSet, open goimporter.Lookup) types.Importer {
	return goimporter.ForCompiler(fset, "gc", open)
}

// upwards makes source of what imports source.
func (c *checker) upwards(roots []*packages.Package) {
	packages.Visit(roots, nil, func(p *packages.Package) { // after its imports
		for _, imported := range p.Imports {
			if c.source[imported] && len(p.GoFiles) > 0 {
				c.source[p] = true
			}
		}
	})
}

// listExports asks the go command for the export data of what source imports, and
// the stubs of works that may be in it.
func (c *checker) listExports(ctx context.Context, cfg Config, m *matches, flags []string) error {
	asked := map[string]string{} // identities by path
	identities := &identities{env: m.env, found: map[*packages.Package]string{}, now: time.Now()}
	for p := range c.source {
		for _, imported := range p.Imports {
			if imported.PkgPath != "unsafe" && !c.source[imported] && len(imported.GoFiles) > 0 {
				asked[imported.PkgPath] = identities.of(imported)
			}
		}
	}
	for _, path := range stubPaths {
		switch {
		case len(c.source) == 0 || c.runtime[path] != nil:
		case path == wrapper.ContextPath: // of the standard library, listed or not
			asked[path] = path
		case !m.runtime.Missing:
			asked[path] = identities.of(m.stubbed[path])
		}
	}
	known := exportsOf(cfg, m.env)
	c.exports = map[string]string{}
	var patterns []string
	for _, path := range slices.Sorted(maps.Keys(asked)) {
		if file := known.file(asked[path]); file != "" {
			c.exports[path] = file
		} else {
			patterns = append(patterns, path)
		}
	}
	if len(patterns) == 0 {
		return nil
	}
	listed, err := goList(ctx, cfg, packages.NeedName|packages.NeedExportFile, patterns, flags)
	for _, p := range listed {
		c.exports[p.PkgPath] = p.ExportFile
		known.remember(asked[p.PkgPath], p.ExportFile)
	}
	return err
}

// importAll reads all export data before anything is type-checked: to read a package
// completes it where others have mentioned it before, and nobody may look at it
// meanwhile.
func (c *checker) importAll() {
	for path, file := range c.exports {
		if file != "" {
			_, _ = c.export(path) // who imports it is told what is wrong
		}
	}
}

// withoutExports makes source of what has no export data because it does not
// compile.
func (c *checker) withoutExports(roots []*packages.Package) {
	var failed []*packages.Package
	for p := range c.source {
		for _, imported := range p.Imports {
			if file, asked := c.exports[imported.PkgPath]; asked && file == "" {
				failed = append(failed, imported)
			}
		}
	}
	if len(failed) == 0 {
		return
	}
	// What it imports may not compile either, and has not been asked for.
	packages.Visit(failed, nil, func(p *packages.Package) {
		if len(p.GoFiles) > 0 && p.PkgPath != "unsafe" && !c.source[p] {
			c.source[p] = true
		}
	})
	c.upwards(roots)
}

// parseAll parses what is not parsed yet of source.
func (c *checker) parseAll(ctx context.Context) {
	work := make(chan *packages.Package)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for p := range work {
				c.parse(p)
			}
		})
	}
	for p := range c.source {
		if ctx.Err() == nil && p.Syntax == nil {
			work <- p
		}
	}
	close(work)
	group.Wait()
}

// parse parses the files of p. The generated one of a main module is left out: it
// has nothing that the new one is made from, and need not parse.
func (c *checker) parse(p *packages.Package) {
	p.Syntax = []*ast.File{} // not nil: parsed
	for _, name := range p.GoFiles {
		if inMain(p) && IsGeneratedFile(name) {
			continue
		}
		src, err := os.ReadFile(name)
		var f *ast.File
		if err == nil {
			f, err = parser.ParseFile(c.fset, name, src, parseMode)
		}
		if f != nil {
			p.Syntax = append(p.Syntax, f)
		}
		p.Errors = append(p.Errors, parseErrors(name, err)...)
	}
}

// parseErrors converts what came of reading and parsing a file.
func parseErrors(name string, err error) (out []packages.Error) {
	if err == nil {
		return nil
	}
	if list, ok := err.(scanner.ErrorList); ok {
		for _, e := range list {
			out = append(out, packages.Error{Pos: e.Pos.String(), Msg: e.Msg, Kind: packages.ParseError})
		}
		return out
	}
	if pathErr := (*os.PathError)(nil); errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return []packages.Error{{Pos: name + ":1", Msg: err.Error(), Kind: packages.ParseError}}
}

// checkAll type-checks all of source, each package after its imports and as
// many at once as there are processors.
func (c *checker) checkAll(ctx context.Context) {
	for p := range c.source {
		c.done[p] = make(chan struct{})
	}
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	for p := range c.source {
		group.Go(func() {
			defer close(c.done[p])
			for _, imported := range p.Imports {
				c.await(imported)
			}
			if len(c.works[p]) > 0 {
				for _, imported := range c.runtime {
					c.await(imported)
				}
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			if ctx.Err() == nil {
				c.check(p)
			}
		})
	}
	group.Wait()
}

// await waits until p is type-checked, if it is loaded from source.
func (c *checker) await(p *packages.Package) {
	if done := c.done[p]; done != nil {
		<-done
	}
}

// check type-checks p, whose imports have been, together with stubs for its works.
func (c *checker) check(p *packages.Package) {
	works := c.works[p]
	for range 2 {
		files := wrapper.Declare(p.Syntax, works)
		c.checkFiles(p, files)
		right := true
		for _, w := range works {
			right = w.Correct(p.TypesInfo) && right
		}
		if right {
			break // otherwise once more, now that it is known what Run takes and returns
		}
	}
	var declared []wrapper.Declaration
	for _, w := range works {
		declared = append(declared, w.Declarations(p.TypesInfo)...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stubs[p] = declared
}

// checkFiles type-checks files, which are those of p or copies of them with more
// declarations.
func (c *checker) checkFiles(p *packages.Package, files []*ast.File) {
	p.TypeErrors = nil
	p.Fset, p.Types = c.fset, types.NewPackage(p.PkgPath, p.Name)
	p.TypesInfo = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Implicits: map[ast.Node]types.Object{}, Instances: map[*ast.Ident]types.Instance{}, Scopes: map[ast.Node]*types.Scope{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}, FileVersions: map[*ast.File]string{},
	}
	config := types.Config{
		Importer:         importer{c, p},
		IgnoreFuncBodies: !c.bodies[p],
		FakeImportC:      true, // files are as they were written: see everywhere.go
		Sizes:            c.sizes,
		Error: func(err error) {
			if e := (types.Error{}); errors.As(err, &e) {
				p.TypeErrors = append(p.TypeErrors, e)
			}
		},
	}
	if p.Module != nil && p.Module.GoVersion != "" {
		config.GoVersion = "go" + p.Module.GoVersion
	}
	// Errors have been noted.
	_ = types.NewChecker(&config, c.fset, p.Types, p.TypesInfo).Files(files)
	for i, f := range files {
		p.TypesInfo.Scopes[p.Syntax[i]] = p.TypesInfo.Scopes[f]
		p.TypesInfo.FileVersions[p.Syntax[i]] = p.TypesInfo.FileVersions[f]
	}
}

// An importer resolves the imports of one package.
type importer struct {
	*checker
	of *packages.Package
}

// Import returns the package with a path.
func (i importer) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if rest, ok := strings.CutPrefix(path, wrapper.ImportPrefix); ok {
		return i.stubImport(rest)
	}
	p := i.of.Imports[path]
	switch {
	case p == nil: // as in a file that was written this moment, or a cycle
		return nil, fmt.Errorf("the go command does not know package %s", path)
	case i.source[p]:
		return p.Types, nil
	}
	return i.export(p.PkgPath)
}

// export reads a package from export data.
func (c *checker) export(path string) (p *types.Package, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() {
		if r := recover(); r != nil { // as it does at what a newer compiler has written
			c.unreadable = fmt.Errorf("workgen was built with %s and cannot read what a newer go command has compiled: build workgen anew with that one (%v)", runtime.Version(), r)
			p, err = nil, c.unreadable
		}
	}()
	return c.imported.Import(path)
}

// open opens the export data of a package.
func (c *checker) open(path string) (io.ReadCloser, error) {
	name := c.exports[path]
	if name == "" {
		return nil, errors.New("no export data: it does not compile")
	}
	return os.Open(name)
}
