package reach

import (
	"cmp"
	"go/ast"
	"go/token"
	"math"
	"slices"

	"github.com/workgen/workgen/generator/scan"
)

// An Allow is one //workgen:allow, which silences the warnings of one kind on
// its line, on the next, in the function whose doc comment it is in, or, above the
// package clause of a file, in the whole package.
type Allow struct {
	Pos      token.Pos
	Kind     scan.Kind
	Why      string
	file     string
	from, to int // lines
	used     bool
}

// allowsOf finds the directives in the files of p, by file; those for the whole package
// are those of file "".
func (p *pkg) allowsOf() map[string][]*Allow {
	if p.allows != nil {
		return p.allows
	}
	p.allows = map[string][]*Allow{}
	for _, f := range p.Files {
		docs := map[*ast.CommentGroup]*ast.FuncDecl{}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Doc != nil {
				docs[fn.Doc] = fn
			}
		}
		for _, group := range f.Comments {
			for _, c := range group.List {
				parsed, ok := scan.ParseAllow(c.Text)
				if !ok {
					continue
				}
				pos := p.Fset.Position(c.Pos())
				a := &Allow{Pos: c.Pos(), Kind: parsed.Kind, Why: parsed.Why, file: pos.Filename, from: pos.Line, to: p.Fset.Position(group.End()).Line + 1}
				if c.Pos() < f.Package {
					a.file, a.from, a.to = "", 0, math.MaxInt
				} else if fn := docs[group]; fn != nil {
					a.to = p.Fset.Position(fn.End()).Line
				} else if p.codeOn(f)[a.from] { // behind it
					a.to = a.from
				}
				p.allows[a.file] = append(p.allows[a.file], a)
			}
		}
	}
	return p.allows
}

// codeOn returns the lines of a file on which code begins or ends.
func (p *pkg) codeOn(f *ast.File) map[int]bool {
	lines := map[int]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n.(type) {
		case nil, *ast.Comment, *ast.CommentGroup:
			return false
		}
		lines[p.Fset.Position(n.Pos()).Line] = true
		lines[p.Fset.Position(n.End()-1).Line] = true
		return true
	})
	delete(lines, 0)
	return lines
}

// allowed returns what silences a fact in p, and remembers that it does; nil when
// nothing does.
func (p *pkg) allowed(f fact) (by *Allow) {
	pos := p.Fset.Position(f.pos)
	allows := p.allowsOf()
	for _, a := range slices.Concat(allows[pos.Filename], allows[""]) {
		if a.Kind == f.kind && a.from <= pos.Line && pos.Line <= a.to {
			a.used, by = true, a
		}
	}
	return by
}

// Allowed returns what silences warnings of a kind at a place in the package of the
// work, nil when nothing does.
func (r *Reach) Allowed(kind scan.Kind, pos token.Pos) *Allow {
	return r.root.pkg.allowed(fact{kind: kind, pos: pos})
}

// Unused returns the directives of the package of a work that silence nothing,
// whichever work is looked at, in the order of the files.
func (r *Reach) Unused() (out []*Allow) {
	p := r.root.pkg
	if len(p.allowsOf()) == 0 {
		return nil
	}
	check := func(d *decl) {
		for _, f := range r.world.allFactsOf(d) {
			if r.counts(f) {
				p.allowed(f)
			}
		}
	}
	for _, d := range p.decls {
		check(d)
	}
	for _, d := range p.always {
		check(d)
	}
	for _, allows := range p.allows {
		for _, a := range allows {
			if !a.used {
				out = append(out, a)
			}
		}
	}
	slices.SortFunc(out, func(a, b *Allow) int { return cmp.Compare(a.Pos, b.Pos) })
	return out
}
