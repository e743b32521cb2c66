package reach

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/workgen/workgen/generator/facts"
	"github.com/workgen/workgen/generator/scan"
)

// An Impurity is something that a work's results depend on besides its
// arguments.
type Impurity struct {
	Kind scan.Kind
	What string // as the user would say it: time.Now, variable limit
	Pos  token.Pos
	// More are other places of the same variable or function of another module.
	More []token.Pos
	// Path leads from Run to the declaration that has it. Inside, when it is in another
	// module, is the way from there: the first step is at Pos, the last one is the input.
	Path   []Step
	Inside []facts.Step
	// Allow is what silences the warning, nil when nothing does.
	Allow *scan.Allow
}

// A Step is one declaration on the way from Run.
type Step struct {
	Name string    // with the last element of the package's path: daily.normalize
	What string    // method, function, variable, constant or type
	Pos  token.Pos // of the reference to it; of Run, its name
}

// Impurities are those of the code that is executed, the allowed ones too, in the
// order in which they were found. Of several uses of one thing in a declaration the
// first stands for all, and the first allowed one for all allowed ones. A package variable,
// and what a function of another module leads to, is told once, with all its places.
func (r *Reach) Impurities() (out []Impurity) {
	type use struct {
		in   any // a declaration, or a variable
		kind scan.Kind
		what string
		by   *scan.Allow
	}
	type place struct {
		pos  token.Pos
		kind scan.Kind
	}
	seen, places := map[use]bool{}, map[place]bool{} // variables may share an initialiser
	told := map[use]int{}
	r = r.executes()
	r.lookOutside()
	for i, s := range r.steps {
		for _, f := range r.world.allFactsOf(s.decl) {
			at := place{f.pos, f.kind}
			if places[at] || !r.counts(f) {
				continue
			}
			u := use{s.decl, f.kind, f.what, s.decl.pkg.allowed(f)}
			if seen[u] {
				continue
			}
			seen[u], places[at] = true, true
			if f.global != nil || f.steps != nil {
				u.in = f.global
				if first, ok := told[u]; ok {
					out[first].More = append(out[first].More, f.pos)
					continue
				}
				told[u] = len(out)
			}
			out = append(out, Impurity{Kind: f.kind, What: f.what, Pos: f.pos, Path: r.path(i), Inside: f.steps, Allow: u.by})
		}
	}
	return out
}

// path returns the way from Run to a step.
func (r *Reach) path(i int) (out []Step) {
	for ; i >= 0; i = r.steps[i].from {
		s := r.steps[i]
		name, what, pos := s.decl.name, "", s.pos
		switch n := s.decl.node.(type) {
		case *ast.FuncDecl:
			what = "function"
			if n.Recv != nil {
				what = "method"
			}
			if s.from < 0 {
				pos = n.Name.Pos()
			}
		case *ast.TypeSpec:
			what = "type"
		default:
			what = "variable"
			if _, ok := s.decl.obj.(*types.Const); ok {
				what = "constant"
			}
		}
		out = append([]Step{{name[strings.LastIndexByte(name, '/')+1:], what, pos}}, out...)
	}
	return out
}
