package reach

import (
	"cmp"
	"crypto/sha256"
	"go/ast"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/workgen/workgen/generator/scan"
	"github.com/workgen/workgen/internal/source"
)

// sourceSum is the hash of the declaration in its file whose name is at pos.
func (p *pkg) sourceSum(pos token.Pos) [sha256.Size]byte {
	at := p.Fset.PositionFor(pos, false)
	sums, ok := p.sources[at.Filename]
	if !ok {
		sums = map[int][sha256.Size]byte{}
		src, _ := os.ReadFile(at.Filename) // what is not there has no hash, and can be there later
		for _, d := range source.Parse(src).Decls {
			sums[d.Offset] = d.Sum
		}
		p.sources[at.Filename] = sums
	}
	return sums[at.Offset]
}

// joined is the hash of declarations of one name in their files.
func joined(decls []*decl) [sha256.Size]byte {
	if decls[0].local() == "_" {
		return decls[0].pkg.blankSum()
	}
	var sums [][sha256.Size]byte
	for _, d := range inOrder(decls) {
		sums = append(sums, d.source)
	}
	return source.Join(sums)
}

// blankSum is joined for all that is called _ in the folder of p: there is no telling
// which of it counts.
func (p *pkg) blankSum() [sha256.Size]byte {
	var blank []*decl
	var sums [][sha256.Size]byte
	files := slices.Collect(maps.Keys(scan.Excluded(p.Package)))
	for _, f := range append(files, p.Files...) {
		for _, d := range f.Decls {
			for _, name := range declaredBy(d) {
				if name.Name == "_" {
					blank = append(blank, &decl{pkg: p, at: name.Pos()})
				}
			}
		}
	}
	for _, d := range inOrder(blank) {
		sums = append(sums, p.sourceSum(d.at))
	}
	return source.Join(sums)
}

// declaredBy lists the names of functions, variables and constants, and types.
func declaredBy(d ast.Decl) (names []*ast.Ident) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names = append(names, d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name)
			case *ast.ValueSpec:
				names = append(names, spec.Names...)
			}
		}
	}
	return names
}

// inOrder sorts declarations of a package by the names of their files, as the compiler
// gets them, and by their places.
func inOrder(decls []*decl) []*decl {
	place := func(d *decl) (string, int) {
		pos := d.pkg.Fset.PositionFor(d.at, false)
		return filepath.Base(pos.Filename), pos.Offset
	}
	decls = slices.Clone(decls)
	slices.SortFunc(decls, func(a, b *decl) int {
		fileA, at := place(a)
		fileB, bt := place(b)
		return cmp.Or(strings.Compare(fileA, fileB), cmp.Compare(at, bt))
	})
	return decls
}

// visit shows every node of a declaration to the walker.
func (x *walker) visit(nodes ...ast.Node) {
	for _, n := range nodes {
		ast.Inspect(n, func(n ast.Node) bool {
			x.look(n)
			switch n := n.(type) {
			case *ast.SelectorExpr:
				return !x.qualified(n)
			case *ast.Ident:
				x.identifier(n)
			}
			return true
		})
	}
}
