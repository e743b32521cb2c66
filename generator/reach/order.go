package reach

import (
	"cmp"
	"crypto/sha256"
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"

	"github.com/workgen/workgen/internal/source"
)

// The order in which variables are initialised, and functions init called, decides what
// comes of them: of what they append to a list, the order. Of a package it follows from
// the order of its declarations and from what they refer to, which counts anyway; of
// the packages, from their paths and imports.

// orders adds the order of initialisation, as far as it matters: of each package with
// the variables that are reached, if an initialiser has effects, and with several
// functions init; and of the packages that have either. Their sources get the order of
// the variables.
func (r *Reach) orders(sums map[string][]string, sources map[string][sha256.Size]byte) {
	declared := map[*pkg][]*decl{}
	for _, s := range r.steps {
		if initialised(s.decl) {
			declared[s.decl.pkg] = append(declared[s.decl.pkg], s.decl)
		}
	}
	var effective []string
	for p, list := range declared {
		variables, functions, effects := r.executed(list)
		if !effects && len(functions) == 0 {
			continue
		}
		effective = append(effective, p.PkgPath)
		if !effects {
			variables = nil
		}
		if len(variables) > 1 || len(functions) > 1 {
			name := "order of initialisation in " + p.PkgPath
			sums[name] = []string{strings.Join(orderOf(slices.Concat(variables, functions)), "\x00")}
			sources[name] = source.Order(namesOf(variables))
		}
	}
	if len(effective) > 1 {
		rank := r.world.packageOrder()
		slices.SortFunc(effective, func(a, b string) int { return cmp.Compare(rank[a], rank[b]) })
		sums["order of initialisation"] = []string{strings.Join(effective, "\x00")}
	}
}

// initialised reports whether d is a function init, or a variable with an initialiser.
func initialised(d *decl) bool {
	switch n := d.node.(type) {
	case *ast.FuncDecl:
		return n.Recv == nil && n.Name.Name == "init"
	case *ast.ValueSpec:
		return d.value.tok == token.VAR && d.value.expr != nil
	case *ast.GenDecl: // of a variant
		spec, _ := d.specification()
		return spec != nil && len(spec.Values) > 0
	}
	return false
}

// executed splits declarations into variables and functions init, in their order. It
// reports whether a variable is among those whose initialisers have effects.
func (r *Reach) executed(list []*decl) (variables, functions []*decl, found bool) {
	for _, d := range inOrder(list) {
		if _, ok := d.node.(*ast.FuncDecl); ok {
			functions = append(functions, d)
			continue
		}
		found = found || r.isEffective(d)
		variables = append(variables, d)
	}
	return variables, functions, found
}

// isEffective reports whether the initialiser of a variable changes what Run sees.
func (r *Reach) isEffective(d *decl) bool {
	if d.variant != nil {
		return slices.Contains(d.pkg.variantsOf().always, d) && r.changes(r.world.start(d))
	}
	return mayRun(d.value.expr) && r.world.runs(d) && r.changes(r.world.start(d))
}

// orderOf lists declarations by their names, or by what they are where several may have
// one name.
func orderOf(list []*decl) (out []string) {
	for _, d := range list {
		name := d.name
		if local := d.local(); local == "_" || local == "init" {
			name += string(d.hash[:])
		}
		out = append(out, name)
	}
	return out
}

// namesOf lists the variables that have names.
func namesOf(variables []*decl) (out []string) {
	for _, d := range variables {
		if d.local() != "_" {
			out = append(out, d.name)
		}
	}
	return out
}

// packageOrder says when each package of the world is initialised: again and again the
// first one by path of which all imports have been.
func (w *world) packageOrder() map[string]int {
	if w.order != nil {
		return w.order
	}
	imports := map[string][]string{}
	for path, d := range w.build.Dependencies {
		imports[path] = d.Imports
	}
	for path, p := range w.byPath {
		imports[path] = p.imported()
	}
	waiting, importers := map[string]int{}, map[string][]string{}
	var ready []string
	for path, list := range imports {
		for _, i := range list {
			if _, ok := imports[i]; ok && i != path {
				waiting[path]++
				importers[i] = append(importers[i], path)
			}
		}
		if waiting[path] == 0 {
			ready = append(ready, path)
		}
	}
	slices.Sort(ready)
	w.order = map[string]int{}
	for len(ready) > 0 {
		next := ready[0]
		ready = ready[1:]
		w.order[next] = len(w.order)
		for _, path := range importers[next] {
			if waiting[path]--; waiting[path] == 0 {
				at, _ := slices.BinarySearch(ready, path)
				ready = slices.Insert(ready, at, path)
			}
		}
	}
	return w.order
}

// imported lists what the files of p import, in this build and in others.
func (p *pkg) imported() []string {
	seen := map[string]bool{}
	for _, i := range p.Types.Imports() {
		seen[i.Path()] = true
	}
	for _, path := range p.variantsOf().imports {
		seen[path] = true
	}
	return slices.Sorted(maps.Keys(seen))
}
