package reach

import (
	"go/token"
	"go/types"
	"strings"

	"github.com/workgen/workgen/generator/load"
)

// ours is where the runtime that generated code needs is, with what is below.
const ours = "github.com/workgen/workgen/runtime"

// A Reach is what the Run of one work reaches.
type Reach struct {
	world  *world
	root   *decl
	inputs Inputs
	// steps has every declaration that is reached, in the order in which it
	// was found: the shortest ways from Run come first.
	steps    []step
	at       map[*decl]int
	packages map[*pkg]int        // by the first step in them
	names    map[string]bool     // of methods that code outside may call
	uses     map[string]bool     // names of functions and methods that are referred to
	asked    map[string]bool     // packages outside whose interfaces are in names
	shown    map[types.Type]bool // types outside whose interfaces are in names
	types    []*types.TypeName
	outside  map[string]bool // import paths
	below    map[string]bool // see world.below: of those that are expanded
	expanded map[string]bool
	started  map[*pkg]int // packages and what they import, by the first step for which
	pending  []*decl      // what is executed at the start in them
	calls    map[call]reference
	called   []call             // the same, in their order
	asks     map[call]bool      // what types are only asked for
	reflects bool               // methods are called by reflection
	depends  []*load.Dependency // see dependencies
	tracer   *tracer
	commands map[*types.Package]bool // whether the work is a part of them

	// Of what is executed only, see executed.go: nil for all that counts.
	whole     *Reach
	held      map[types.Type]bool // what values from elsewhere can be of
	filled    map[*types.Var]bool // fields in them
	execution *Reach              // of the whole: what is executed of it; nil until needed
	claims    []claim             // see elsewhere.go
	elsewhere bool                // values of any type may come from elsewhere
	keeping   bool                // a package outside is reached that keeps what it is told
}

// A reference is where something is referred to.
type reference struct {
	from int // step
	pos  token.Pos
}

// A step is a declaration that is reached, and how.
type step struct {
	decl *decl
	from int       // index of the declaration that refers to it; -1 for Run
	pos  token.Pos // of the reference; of the declaration itself when there is none
}

// Of follows everything from run, the Run of a work in p with those inputs. It
// returns nil when there is no such declaration.
func (u *Universe) Of(p *load.Package, run *types.Func, inputs Inputs) *Reach {
	w := u.world(p)
	root := w.decl(run)
	if root == nil {
		return nil
	}
	r := newReach(w, root)
	r.inputs = inputs
	r.walk()
	return r
}

// newReach returns a Reach without anything in it.
func newReach(w *world, root *decl) *Reach {
	r := &Reach{
		world: w, root: root, at: map[*decl]int{}, packages: map[*pkg]int{}, started: map[*pkg]int{},
		names: map[string]bool{}, uses: map[string]bool{}, asked: map[string]bool{}, shown: map[types.Type]bool{}, calls: map[call]reference{}, asks: map[call]bool{}, commands: map[*types.Package]bool{},
		outside: map[string]bool{}, below: map[string]bool{}, expanded: map[string]bool{}, held: map[types.Type]bool{}, filled: map[*types.Var]bool{},
	}
	for _, name := range wellKnown {
		r.names[name] = true
	}
	return r
}

// walk follows everything from the root.
func (r *Reach) walk() {
	r.reach(r.root, -1, r.root.node.Pos())
	r.given(r.inputs)
	for i := 0; i < len(r.steps); i++ {
		r.follow(i)
		if i == len(r.steps)-1 {
			r.dynamic() // may add to steps
			r.starts()
			if r.whole != nil {
				r.implemented()
				r.claimed()
			}
		}
	}
}

// reach adds a declaration.
func (r *Reach) reach(d *decl, from int, pos token.Pos) {
	if d == nil || exempt(d.pkg.PkgPath) {
		return
	}
	if d.constrained {
		for _, v := range d.inBuilds() {
			r.reach(v, from, pos)
		}
		return
	}
	if _, ok := r.at[d]; ok {
		return
	}
	at := len(r.steps)
	r.at[d] = at
	r.steps = append(r.steps, step{d, from, pos})
	r.enter(d.pkg, at)
	if name, ok := d.obj.(*types.TypeName); ok {
		r.types = append(r.types, name)
	}
}

// exempt reports whether a package is of the runtime.
func exempt(path string) bool { return path == ours || strings.HasPrefix(path, ours+"/") }

// enter adds what takes effect when a package is reached, or notes it if it may not count.
func (r *Reach) enter(p *pkg, from int) {
	if _, ok := r.packages[p]; ok {
		return
	}
	r.packages[p] = from
	r.start(p, from)
	for _, path := range p.effects {
		if q := r.world.byPath[path]; q != nil && !exempt(path) {
			r.enter(q, from)
		}
	}
}

// start notes what is executed at the start in a package and those of the world that it
// imports: they are in each program that has it.
func (r *Reach) start(p *pkg, from int) {
	if _, ok := r.started[p]; ok || exempt(p.PkgPath) {
		return
	}
	r.started[p] = from
	for _, d := range p.always {
		if d.local() == "init" {
			r.pending = append(r.pending, d)
		}
	}
	for _, d := range p.calling {
		if r.world.runs(d) {
			r.pending = append(r.pending, d)
		}
	}
	r.pending = append(r.pending, p.variantsOf().always...)
	for _, path := range p.effects {
		if r.world.byPath[path] == nil && !exempt(path) {
			r.leave(path)
		}
	}
	for _, path := range p.imported() {
		if q := r.world.byPath[path]; q != nil {
			r.start(q, from)
		}
	}
}

// leave notes a package outside of the world.
func (r *Reach) leave(path string) { r.outside[path] = true }

// call adds what a call of an interface's method may end at: of the module's
// interfaces any implementer, also where they have the method from one outside; of
// others those that are reached anyway. Everything in a large module implements
// some io.Closer. iface is the interface where it is not the one that declares
// the method.
func (r *Reach) call(method *types.Func, iface *types.TypeName, from int, pos token.Pos) {
	if r.world.of(method) == nil {
		if method.Pkg() != nil {
			r.leave(method.Pkg().Path())
		}
		r.names[method.Name()] = true
		if iface == nil {
			return
		}
	}
	called := call{method, iface}
	if _, ok := r.calls[called]; ok {
		return
	}
	r.calls[called] = reference{from, pos}
	r.called = append(r.called, called)
	if r.whole == nil {
		for _, m := range r.implementers(method, called.recv()) {
			r.reach(m.method, from, pos)
			r.reach(m.typ, from, pos)
		}
	}
}

// ask notes a method that types are only asked for. What generic types have counts whole.
func (r *Reach) ask(c call, from int, pos token.Pos) {
	r.asks[c] = true
	if r.world.of(c.method) == nil {
		r.call(c.method, nil, from, pos)
	}
	for _, i := range r.implementers(c.method, c.recv()) {
		if isGeneric(i.name.Type()) {
			r.reach(i.method, from, pos)
			r.reach(i.typ, from, pos)
		}
	}
}

// A call is one of a method of an interface.
type call struct {
	method *types.Func
	iface  *types.TypeName // nil: that which declares it
}

// recv is the interface.
func (c call) recv() types.Type {
	if c.iface != nil {
		return c.iface.Type()
	}
	return c.method.Signature().Recv().Type()
}

// follow adds what one declaration refers to.
func (r *Reach) follow(i int) {
	d := r.steps[i].decl
	if r.whole != nil {
		r.handed(d, i)
	}
	if d.variant != nil {
		r.world.walkVariant(d)
		for _, n := range d.names {
			r.named(n, i, d.node.Pos())
		}
		return
	}
	r.world.walk(d)
	for _, ref := range d.refs {
		switch {
		case ref.obj != nil:
			if fn, ok := ref.obj.(*types.Func); ok {
				r.uses[fn.Name()] = true
			}
			r.reach(r.world.decl(ref.obj), i, ref.pos)
		case ref.variant != nil:
			r.reach(ref.variant, i, ref.pos)
		case ref.outside != nil:
			if path := ref.outside.Pkg().Path(); !exempt(path) {
				r.leave(path)
				r.callable(ref.outside)
			}
			if r.whole != nil && !r.elsewhere {
				r.receive(ref.outside)
			}
		case ref.claimed != nil:
			if r.whole != nil {
				r.claims = append(r.claims, claim{ref.claimed, reference{i, ref.pos}})
				r.elsewhere = r.elsewhere || ref.context
			}
		case ref.exists:
			r.ask(call{ref.method, ref.iface}, i, ref.pos)
		case ref.method != nil:
			r.uses[ref.method.Name()] = true
			r.call(ref.method, ref.iface, i, ref.pos)
		default:
			for _, m := range r.world.methodsNamed(ref.name) {
				r.reach(m, i, ref.pos)
			}
		}
	}
}
