package generator

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/scan"
	"github.com/workgen/workgen/generator/wrapper"
)

// duplicates reports works of one name: their calls would have the same keys. Works of
// packages that the patterns do not match count, too, for those were generated before or
// will be.
func (g *generation) duplicates() {
	first := map[string]token.Position{}
	for _, s := range g.unmatched() {
		for _, w := range s.Works {
			name, pos := nameOf(s, w)
			first[name] = pos
		}
	}
	for _, p := range g.planned {
		if p.plan == nil {
			continue
		}
		for _, w := range p.plan.Works {
			name, pos := nameOf(p.plan.Scan, w.Scan)
			if other, ok := first[name]; ok {
				g.result.Diagnostics.Add(diag.Diagnostic{
					Pos: pos, Work: w.Scan.Name,
					Message: "another work has the name " + name + ", and calls of both would have the same keys",
					Path:    []diag.Step{{Expr: name, Type: "work", Pos: other}},
					Fix:     "give one of the two another name=",
				})
				continue
			}
			first[name] = pos
		}
	}
}

// nameOf is the full name of a work, and where it is said.
func nameOf(p *scan.Package, w *scan.Work) (string, token.Position) {
	if option := w.Options.Name; option.Set {
		return option.Value, p.Fset.Position(option.Pos)
	}
	return p.PkgPath + "." + w.Name, p.Fset.Position(w.Pos)
}

// unmatched scans the packages that the patterns do not match and whose works may have
// the name of one that is generated: those that name works, or are named.
func (g *generation) unmatched() (out []*scan.Package) {
	seen, named := map[string]bool{}, map[string]bool{}
	var worlds [][]*load.Package
	for _, p := range g.planned {
		seen[p.of] = true
		if p.plan == nil {
			continue
		}
		seen[p.plan.Scan.PkgPath] = true
		worlds = append(worlds, p.plan.Scan.World)
		for _, w := range p.plan.Scan.Works {
			if option := w.Options.Name; option.Set {
				named[option.Value[:max(strings.LastIndexByte(option.Value, '.'), 0)]] = true
			}
		}
	}
	for _, world := range worlds {
		for _, p := range world {
			if !seen[p.PkgPath] && (named[p.PkgPath] || slices.ContainsFunc(p.Files, namesWorks)) {
				out = append(out, scan.Scan(p, new(diag.List)))
			}
			seen[p.PkgPath] = true
		}
	}
	return out
}

// namesWorks reports whether a directive in a file gives a work a name.
func namesWorks(f *ast.File) bool {
	return slices.ContainsFunc(f.Comments, func(c *ast.CommentGroup) bool {
		return wrapper.Marked(c) && slices.ContainsFunc(c.List, func(c *ast.Comment) bool { return strings.Contains(c.Text, "name=") })
	})
}
