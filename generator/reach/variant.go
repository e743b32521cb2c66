package reach

import (
	"crypto/sha256"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/workgen/workgen/generator/scan"
)

// The file that is generated has to be the same on every system, so what is
// declared in files that are not always built counts with its variants for all
// other builds. There are no types of those that this build leaves out; all are
// therefore followed by names alone, which finds too much rather than too
// little.

// variants are the declarations of a package in files that are not always
// built, by their names without the package.
type variants struct {
	decls   map[string][]*decl
	methods map[string][]*decl // by the names of types
	cgo     []string           // files that import "C"
	always  []*decl            // init, blank variables, and those whose initialisers may have effects
}

// A variant is what a declaration in such a file is followed with.
type variant struct {
	constraint string
	file       *ast.File
	active     *decl // with types, when this build has it
}

// variantsOf finds the variants in p.
func (p *pkg) variantsOf() *variants {
	if p.variants != nil {
		return p.variants
	}
	p.variants = &variants{decls: map[string][]*decl{}, methods: map[string][]*decl{}}
	files := maps.Clone(p.constrained)
	maps.Copy(files, scan.Excluded(p.Package))
	byName := func(a, b *ast.File) int {
		return strings.Compare(p.Fset.PositionFor(a.Package, false).Filename, p.Fset.PositionFor(b.Package, false).Filename)
	}
	for _, f := range slices.SortedFunc(maps.Keys(files), byName) {
		p.variantsIn(f, files[f])
	}
	return p.variants
}

// variantsIn adds those of one file.
func (p *pkg) variantsIn(f *ast.File, constraint string) {
	for _, i := range f.Imports {
		switch target := importPath(i); {
		case target == "C":
			p.variants.cgo = append(p.variants.cgo, p.Fset.PositionFor(f.Package, false).Filename)
		case i.Name != nil && i.Name.Name == "_":
			p.effects = append(p.effects, target)
		}
	}
	add := func(local string, node ast.Node, name *ast.Ident, effects bool) {
		v := &decl{pkg: p, name: p.PkgPath + "." + local, node: node, at: name.Pos(), variant: &variant{constraint: constraint, file: f}}
		if effects {
			p.variants.always = append(p.variants.always, v)
		}
		if local == "init" || local == "_" {
			return
		}
		v.variant.active = p.decls[p.Info.Defs[name]]
		p.variants.decls[local] = append(p.variants.decls[local], v)
		if typ, _, ok := strings.Cut(local, "."); ok {
			p.variants.methods[typ] = append(p.variants.methods[typ], v)
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			local := receiver(d) + d.Name.Name
			add(local, d, d.Name, local == "init" || local == "_")
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					add(spec.Name.Name, d, spec.Name, false)
				case *ast.ValueSpec:
					effects := d.Tok == token.VAR && slices.ContainsFunc(spec.Values, mayRun)
					for _, name := range spec.Names {
						add(name.Name, d, name, effects || name.Name == "_")
					}
				}
			}
		}
	}
}

// importPath is the path of what is imported.
func importPath(i *ast.ImportSpec) string { return strings.Trim(i.Path.Value, "\"`") }

// imports are the paths of what the file of v imports, by local names. Of packages
// outside, the names are guessed from the paths.
func (v *variant) imports(w *world) map[string]string {
	out := map[string]string{}
	for _, i := range v.file.Imports {
		target := importPath(i)
		local := path.Base(strings.TrimSuffix(target, "/v2"))
		if p := w.byPath[target]; p != nil {
			local = p.Name
		}
		if i.Name != nil {
			local = i.Name.Name
		}
		out[local] = target
	}
	return out
}

// local is the name of a declaration without the package.
func (d *decl) local() string { return d.name[len(d.pkg.PkgPath)+1:] }

// A byName is a reference that is only known by its name.
type byName struct {
	pkg    *pkg
	local  string // Name, or Type. for all its methods
	method string // instead of local: a method of that name of any type
	path   string // instead of pkg: outside
}

// walkVariant sets hash and names of a variant. The hash is the same whether this build has
// the variant or not.
func (w *world) walkVariant(d *decl) {
	if d.walked {
		return
	}
	d.walked = true
	v := d.variant
	seen := map[byName]bool{}
	add := func(n byName) {
		if !seen[n] {
			seen[n] = true
			d.names = append(d.names, n)
		}
	}
	imports := v.imports(w)
	for _, target := range imports {
		if w.byPath[target] == nil {
			add(byName{path: target}) // under whatever name
		}
	}
	selector := func(sel *ast.SelectorExpr) bool {
		if id, ok := sel.X.(*ast.Ident); ok && imports[id.Name] != "" {
			target := imports[id.Name]
			if q := w.byPath[target]; q != nil {
				add(byName{pkg: q, local: sel.Sel.Name})
			}
			return true
		}
		add(byName{pkg: d.pkg, method: sel.Sel.Name})
		for _, target := range imports {
			if q := w.byPath[target]; q != nil {
				add(byName{pkg: q, method: sel.Sel.Name})
			}
		}
		return false
	}
	ast.Inspect(d.node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			return !selector(n)
		case *ast.Ident:
			add(byName{pkg: d.pkg, local: n.Name})
		}
		return true
	})
	if gen, ok := d.node.(*ast.GenDecl); ok && gen.Tok == token.TYPE {
		add(byName{pkg: d.pkg, local: d.local() + "."}) // all methods
	}
	d.source = d.pkg.sourceSum(d.at)
	d.hash = sha256.Sum256(append([]byte(v.constraint+"\x00"), d.source[:]...))
	if v.active != nil {
		w.walk(v.active)
		d.embeds = v.active.embeds
	}
}

// named adds what a name may refer to.
func (r *Reach) named(n byName, from int, pos token.Pos) {
	if n.pkg == nil {
		if !exempt(n.path) {
			r.leave(n.path)
		}
		return
	}
	if n.pkg.byName == nil {
		n.pkg.byName = map[string]*decl{}
		for obj, d := range n.pkg.decls {
			switch {
			case d.constrained:
			case d.obj != obj && obj.Parent() == n.pkg.Types.Scope(): // of a runner
				n.pkg.byName[obj.Name()] = d
			default:
				n.pkg.byName[d.local()] = d
			}
		}
	}
	matches := func(local string) bool {
		receiver, method, _ := strings.Cut(local, ".")
		if n.method != "" {
			return method == n.method
		}
		return local == n.local || method != "" && receiver+"." == n.local
	}
	var found []*decl
	if n.method == "" && !strings.HasSuffix(n.local, ".") {
		found = append(found, n.pkg.variantsOf().decls[n.local]...)
		if d := n.pkg.byName[n.local]; d != nil {
			found = append(found, d)
		}
	} else {
		for local, d := range n.pkg.byName {
			if matches(local) {
				found = append(found, d)
			}
		}
		for local, all := range n.pkg.variantsOf().decls {
			if matches(local) {
				found = append(found, all...)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b *decl) int { return strings.Compare(a.name+a.constraintText(), b.name+b.constraintText()) })
	for _, d := range found {
		r.reach(d, from, pos)
	}
}

// predeclared returns the variants of the name of an object that Go has declared: in some
// builds it is the package's.
func (p *pkg) predeclared(obj types.Object) []*decl {
	if obj.Parent() != types.Universe {
		return nil
	}
	return p.variantsOf().decls[obj.Name()]
}

// constraintText is that of a variant, "" otherwise.
func (d *decl) constraintText() string {
	if d.variant == nil {
		return ""
	}
	return d.variant.constraint
}
