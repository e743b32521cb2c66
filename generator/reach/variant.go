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
	imports []string           // paths
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
		p.variants.imports = append(p.variants.imports, importPath(i))
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

// imports are the paths of what the file of v imports, by local names.
func (v *variant) imports(w *world) map[string]string {
	out := map[string]string{}
	for _, i := range v.file.Imports {
		out[w.importName(i)] = importPath(i)
	}
	return out
}

// importName is the local name of what is imported. Of packages outside, it is guessed from
// the path, which is right for the standard library.
func (w *world) importName(i *ast.ImportSpec) string {
	target := importPath(i)
	switch p := w.byPath[target]; {
	case i.Name != nil:
		return i.Name.Name
	case p != nil:
		return p.Name
	}
	return path.Base(strings.TrimSuffix(target, "/v2"))
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
	for _, d := range n.decls() {
		r.reach(d, from, pos)
	}
}

// decls returns the declarations that a name in a package may refer to.
func (n byName) decls() (found []*decl) {
	if n.method == "" && !strings.HasSuffix(n.local, ".") {
		found = append(found, n.pkg.variantsOf().decls[n.local]...)
		if d := n.pkg.alwaysBuilt()[n.local]; d != nil {
			found = append(found, d)
		}
	} else {
		for local, d := range n.pkg.alwaysBuilt() {
			if n.matches(local) {
				found = append(found, d)
			}
		}
		for local, all := range n.pkg.variantsOf().decls {
			if n.matches(local) {
				found = append(found, all...)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b *decl) int { return strings.Compare(a.name+a.constraintText(), b.name+b.constraintText()) })
	return found
}

// matches reports whether the name may be that of a declaration.
func (n byName) matches(local string) bool {
	receiver, method, _ := strings.Cut(local, ".")
	if n.method != "" {
		return method == n.method
	}
	return local == n.local || method != "" && receiver+"." == n.local
}

// alwaysBuilt are the declarations in the files that are always built, by their names
// without the package.
func (p *pkg) alwaysBuilt() map[string]*decl {
	if p.byName != nil {
		return p.byName
	}
	p.byName = map[string]*decl{}
	for obj, d := range p.decls {
		switch {
		case d.constrained:
		case d.obj != obj && obj.Parent() == p.Types.Scope(): // of a runner
			p.byName[obj.Name()] = d
		default:
			p.byName[d.local()] = d
		}
	}
	return p.byName
}

// inBuilds returns the declarations of the name in all builds, of which d is one.
func (d *decl) inBuilds() []*decl {
	if d.constrained {
		return d.pkg.variantsOf().decls[d.local()]
	}
	return []*decl{d}
}

// predeclared returns the variants of the name of an object that Go has declared: in some
// builds it is the package's.
func (p *pkg) predeclared(obj types.Object) []*decl {
	if obj.Parent() != types.Universe {
		return nil
	}
	return p.variantsOf().decls[obj.Name()]
}

// isVariable reports whether d is a package variable, in its build.
func (d *decl) isVariable() bool {
	if gen, ok := d.node.(*ast.GenDecl); ok { // of a variant
		return gen.Tok == token.VAR
	}
	return d.value != nil && d.value.tok == token.VAR
}

// constraintText is that of a variant, "" otherwise.
func (d *decl) constraintText() string {
	if d.variant == nil {
		return ""
	}
	return d.variant.constraint
}
