package flows

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/scan"
)

// Check reports the mistakes in the flows of p, as warnings, and the directives
// //workgen:allow flow that silence none.
func Check(p *load.Package, out *diag.List) {
	c := &checker{
		Package: p, index: newIndex(p), out: out,
		contexts: map[*types.Var]bool{}, seen: map[visit]bool{}, said: map[finding]bool{},
		allows: scan.FindAllows(p.Fset, p.Files),
	}
	for _, r := range c.roots() {
		c.enter(r.function, []int{0}, part{root: r.node, own: true, asleep: r.asleep, path: []diag.Step{r.step}})
	}
	c.crons()
	if len(p.Errors) > 0 {
		return // of what was not understood it is not known what it needs
	}
	for _, a := range c.allows {
		if a.Kind == scan.Flow && !a.Used {
			out.Add(diag.Diagnostic{
				Warning: true, Pos: p.Fset.Position(a.Pos),
				Message: "nothing here needs //workgen:allow flow",
				Fix:     "remove it, or move it to the line, or into the doc comment of the function, that needs it",
			})
		}
	}
}

// checker checks one package.
type checker struct {
	*load.Package
	*index
	out      *diag.List
	contexts map[*types.Var]bool // parameters that hold the context of a flow
	seen     map[visit]bool
	said     map[finding]bool
	allows   scan.Allows
}

// A finding is what was reported where, whichever way led there.
type finding struct {
	pos     token.Pos
	message string
}

// warn adds a finding in part of a flow, or elsewhere.
func (c *checker) warn(at ast.Node, in part, message, fix string) {
	f := finding{at.Pos(), message}
	if c.said[f] {
		return
	}
	c.said[f] = true
	pos := c.Fset.Position(at.Pos())
	if c.allows.Silence(scan.Flow, pos) != nil {
		return
	}
	d := diag.Diagnostic{Warning: true, Pos: pos, Message: message, Fix: fix}
	if len(in.path) > 1 { // else the flow is in sight
		d.Path = in.path
	}
	c.out.Add(d)
}
