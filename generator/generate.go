package generator

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/emit"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/plan"
	"github.com/workgen/workgen/generator/reach"
	"github.com/workgen/workgen/generator/scan"
	"github.com/workgen/workgen/generator/write"
)

// A Config says what to generate. The zero Config is for the package in the
// current directory.
type Config struct {
	Dir      string   // where patterns are resolved; "" is the current directory
	Patterns []string // packages as for go build; none means "."
	Tags     string   // build tags as for go build -tags
	Env      []string // of the go command; nil is this process's
	// Log, when not nil, is told what was found and how long it took, a line
	// at a time and without a newline. It is called from one goroutine.
	Log func(format string, args ...any)
}

// A Result is what should be on disk, or why it cannot be said.
type Result struct {
	// Files are for [write.Write] and [write.Check]: one or two for each package with
	// works, and one without content for each generated file that is not needed any
	// more. They are sorted by import path; nil when there are
	// diagnostics other than warnings.
	Files []write.File
	// Diagnostics are the problems in the packages. Never nil.
	Diagnostics *diag.List
}

// Generate computes the generated files of the packages that match and writes
// nothing. What is wrong with the user's code is in the Result; an error is one
// of the go command, of ctx, or of workgen itself.
func Generate(ctx context.Context, cfg Config) (*Result, error) {
	g := newGeneration(cfg)
	if err := g.run(ctx); err != nil {
		return nil, err
	}
	return g.result, nil
}

// A generation is the state of one Generate.
type generation struct {
	Config
	result   *Result
	planned  []planned
	universe *reach.Universe

	explain      string // the name of a work
	warned       map[place]bool
	explanations []*Explanation
}

func newGeneration(cfg Config) *generation {
	g := &generation{Config: cfg, result: &Result{Diagnostics: new(diag.List)}, universe: reach.New(), warned: map[place]bool{}}
	if g.Log == nil {
		g.Log = func(string, ...any) {}
	}
	return g
}

// run fills the result.
func (g *generation) run(ctx context.Context) error {
	start := time.Now()
	pkgs, err := load.Load(ctx, load.Config{Dir: g.Dir, Patterns: g.Patterns, Tags: g.Tags, Env: g.Env})
	if hard := (*load.Error)(nil); errors.As(err, &hard) {
		for _, d := range hard.Diagnostics {
			g.result.Diagnostics.Add(d)
		}
	} else if err != nil {
		return err
	}
	g.Log("loaded %s in %v", count(len(pkgs), "package"), time.Since(start).Round(time.Millisecond))

	start = time.Now()
	for _, p := range pkgs {
		plan := g.plan
		if p.Test {
			plan = g.planTest
		}
		if err := plan(p); err != nil {
			return err
		}
	}
	if err := g.orphans(pkgs); err != nil {
		return err
	}
	g.duplicates()
	if g.explain == "" && g.result.Diagnostics.Empty() {
		if err := g.emit(); err != nil {
			return err
		}
	}
	g.Log("generated %s in %v", count(len(g.result.Files), "file"), time.Since(start).Round(time.Millisecond))
	return nil
}

// planned is a package with generated files, present or future.
type planned struct {
	of    string        // import path of the package, without its tests
	paths []string      // of the generated files: of the wrappers, and of their code
	plan  *plan.Package // nil: the files are to go
}

// plan takes a package through scan and plan.
func (g *generation) plan(p *load.Package) error {
	for _, path := range p.Generated {
		if err := g.foreign(path); err != nil {
			return err
		}
	}
	before := g.result.Diagnostics.Len()
	scanned := scan.Scan(p, g.result.Diagnostics)
	if len(scanned.Works) == 0 {
		plan.Idle(scanned, g.result.Diagnostics)
		if isMain := p.Module != nil && p.Module.Main; isMain && len(p.Generated) > 0 {
			g.linked(p, token.Position{Filename: p.Generated[0], Line: 1, Column: 1})
			g.planned = append(g.planned, planned{of: untested(p), paths: p.Generated})
		}
		return nil
	}
	names := make([]string, len(scanned.Works))
	for i, w := range scanned.Works {
		names[i] = w.Name
	}
	g.Log("package %s: works %s", p.PkgPath, strings.Join(names, ", "))
	if p.Module == nil || !p.Module.Main {
		g.result.Diagnostics.Add(diag.Diagnostic{
			Pos:     p.Fset.Position(scanned.Works[0].Pos),
			Message: "package " + p.PkgPath + " is not in the main module, so nothing can be written there",
			Fix:     "run workgen in the module that has the package",
		})
	}
	g.importable(p)
	g.linked(p, p.Fset.Position(scanned.Works[0].Pos))
	wrappers, code := p.GeneratedNames()
	pl := planned{
		of: untested(p), paths: []string{filepath.Join(p.Dir, wrappers), filepath.Join(p.Dir, code)},
		plan: plan.Plan(scanned, g.result.Diagnostics),
	}
	g.planned = append(g.planned, pl)
	g.unstored(pl.plan)
	g.code(p, pl.plan)
	if g.explain != "" {
		g.explainAll(pl.plan, g.result.Diagnostics.From(before))
	}
	return nil
}

// unstored warns of the works whose results no store can keep.
func (g *generation) unstored(p *plan.Package) {
	for _, w := range p.Works {
		if o := w.Scan.Options; w.Storable || w.Refused || o.Cache.Set && !o.Cache.Value || o.Memory.Set {
			continue
		}
		o := w.NotStorable[0]
		g.result.Diagnostics.Add(diag.Diagnostic{
			Warning: true, Pos: o.Path[0].Pos, Work: w.Scan.Name,
			Message: "a store cannot keep the results: " + o.Reason,
			Path:    o.Path,
			Fix:     "change the result, or write //workgen:work memory if it is to be kept in memory only",
		})
	}
}

// foreign reports a file that has the generated file's name and is not ours.
// Loading has left it out, so it is a problem even where nothing is generated.
func (g *generation) foreign(path string) error {
	content, err := load.ReadGenerated(path)
	if err != nil {
		return fmt.Errorf("cannot read the generated file: %w", err)
	}
	if !write.Owned(content) {
		g.result.Diagnostics.Add(diag.Diagnostic{
			Pos:     token.Position{Filename: path, Line: 1, Column: 1},
			Message: "this file has the name of the generated file, but workgen did not generate it: its header is missing",
			Fix:     "rename it, or delete it if it is a damaged generated file",
		})
	}
	return nil
}

// linked reports a package that is reached through a link: what is written there
// would be outside of the module, or in another package's folder.
func (g *generation) linked(p *load.Package, pos token.Position) {
	if p.Module == nil {
		return
	}
	rel, err := filepath.Rel(p.Module.Dir, p.Dir)
	if err != nil || !filepath.IsLocal(rel) {
		return
	}
	for dir := p.Dir; len(dir) > len(p.Module.Dir); dir = filepath.Dir(dir) {
		info, err := os.Lstat(dir)
		if err != nil || info.Mode()&os.ModeSymlink == 0 {
			continue
		}
		target, _ := os.Readlink(dir)
		g.result.Diagnostics.Add(diag.Diagnostic{
			Pos:     pos,
			Message: "package " + p.PkgPath + " is reached through " + diag.Rel(g.Dir, dir) + ", a link to " + filepath.ToSlash(target) + ", so nothing can be written there",
			Fix:     "run workgen on the folder itself, in its own module",
		})
		return
	}
}

// emit makes the files of all packages: those of tests last, which have to avoid the
// names in the others.
func (g *generation) emit() error {
	tests := slices.IndexFunc(g.planned, func(p planned) bool { return load.InTest(p.paths[0]) })
	if tests < 0 {
		tests = len(g.planned)
	}
	for _, part := range [][]planned{g.planned[:tests], g.planned[tests:]} {
		for _, p := range part {
			if p.plan != nil {
				g.avoid(p)
			}
		}
		if err := g.emitPart(part); err != nil {
			return err
		}
	}
	g.sort()
	return nil
}

// emitPart makes the files of some packages, as many at once as there are processors.
func (g *generation) emitPart(part []planned) error {
	files, errs := make([][]write.File, len(part)), make([]error, len(part))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	for i, p := range part {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			files[i], errs[i] = p.emit()
		})
	}
	group.Wait()
	g.result.Files = append(g.result.Files, slices.Concat(files...)...)
	return errors.Join(errs...)
}

// emit makes the files of one package.
func (p planned) emit() (files []write.File, err error) {
	if p.plan == nil {
		for _, path := range p.paths {
			files = append(files, write.File{Path: path})
		}
		return files, nil
	}
	wrappers, code, err := emit.Files(p.plan)
	if err != nil {
		return nil, fmt.Errorf("internal error: generating %s: %w", p.paths[0], err)
	}
	files = append(files, write.File{Path: p.paths[0], Content: wrappers})
	if code != nil || slices.Contains(p.plan.Scan.Generated, p.paths[1]) {
		files = append(files, write.File{Path: p.paths[1], Content: code})
	}
	return files, nil
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
