package reach

import (
	"go/types"

	"github.com/workgen/workgen/generator/facts"
	"github.com/workgen/workgen/generator/load"
)

// A Universe knows the declarations of all packages of one Load. It is filled
// as they are asked for and must not be used concurrently.
type Universe struct {
	packages map[*load.Package]*pkg
	worlds   map[worldKey]*world
	modules  map[string]string // content hashes of what directories replace
	graphs   map[*load.Build]*facts.Graph
}

// New returns a Universe without anything in it.
func New() *Universe {
	return &Universe{packages: map[*load.Package]*pkg{}, worlds: map[worldKey]*world{}, modules: map[string]string{}, graphs: map[*load.Build]*facts.Graph{}}
}

// worldKey tells slices of packages apart: those of one Load are shared.
type worldKey struct {
	first **load.Package
	n     int
}

// A world is what one package may reach.
type world struct {
	universe     *Universe
	build        *load.Build
	byPath       map[string]*pkg
	sorted       []*pkg
	named        map[string][]*types.TypeName // see methodsNamed
	written      map[*pkg]map[*types.Var]bool // package variables, by who writes to them
	setting      map[*types.Var][]*decl       // see setters
	outcomes     map[*types.Func]*effect
	starts       map[*decl]*start
	keeping      map[*types.Package]bool // see keeps
	told         map[*types.Var]bool     // see onlyTold
	mentions     map[*decl]*mention
	differing    map[*decl]bool  // see differs
	fields       map[string]bool // see mayBeOutside; nil until needed
	implementing map[implementing][]implementer
	order        map[string]int // of initialisation, by import path; nil until needed
}

// world returns the world of p.
func (u *Universe) world(p *load.Package) *world {
	packages := p.World
	if len(packages) == 0 { // outside of any module
		packages = []*load.Package{p}
	}
	key := worldKey{&packages[0], len(packages)}
	if w := u.worlds[key]; w != nil {
		return w
	}
	w := &world{
		universe: u, build: p.Build, byPath: map[string]*pkg{}, written: map[*pkg]map[*types.Var]bool{}, outcomes: map[*types.Func]*effect{},
		starts: map[*decl]*start{}, keeping: map[*types.Package]bool{}, told: map[*types.Var]bool{}, mentions: map[*decl]*mention{}, differing: map[*decl]bool{}, implementing: map[implementing][]implementer{},
	}
	for _, p := range packages {
		indexed := u.packages[p]
		if indexed == nil {
			indexed = index(p)
			u.packages[p] = indexed
		}
		w.byPath[p.PkgPath] = indexed
		w.sorted = append(w.sorted, indexed)
	}
	u.worlds[key] = w
	return w
}

// of returns the package of the world that declares obj, nil when it is
// outside.
func (w *world) of(obj types.Object) *pkg {
	if obj.Pkg() == nil {
		return nil
	}
	return w.byPath[obj.Pkg().Path()]
}

// decl returns the declaration of an object at package level or of a method,
// nil when it is outside or has none.
func (w *world) decl(obj types.Object) *decl {
	if p := w.of(obj); p != nil {
		return p.decls[obj]
	}
	return nil
}

// makesRunner reports whether fn is the constructor of a runner, which executes
// nothing.
func (w *world) makesRunner(fn *types.Func) bool {
	p := w.of(fn)
	return p != nil && p.constructors[fn]
}
