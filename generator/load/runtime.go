package load

import (
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/workgen/workgen/generator/wrapper"
)

// A Runtime says whether the module can import package runtime. A new module
// cannot before go get: the first generated file is what needs it.
type Runtime struct {
	Missing bool   // the go command does not find the package, or one that it imports
	Version string // of the module that go.mod requires; "" when it requires none or replaces it
	GoMod   string // absolute path of the main module's go.mod, "" when it is not known
	Vendor  bool   // the module has a vendor folder, which is what lacks the package
}

// takeRuntime finds package runtime among roots, which has been listed with what
// the patterns match, and takes it out unless they match it, too.
func takeRuntime(roots []*packages.Package, m *matches) (Runtime, []*packages.Package) {
	var r Runtime
	i := slices.IndexFunc(roots, func(p *packages.Package) bool { return p.PkgPath == wrapper.RuntimePath })
	if i < 0 || inMain(roots[i]) {
		return r, roots
	}
	found := roots[i]
	if m := found.Module; m != nil && m.Replace == nil {
		r.Version = m.Version
	}
	packages.Visit([]*packages.Package{found}, nil, func(p *packages.Package) {
		for _, e := range p.Errors {
			if e.Kind == packages.ListError && !isBuildError(e) {
				r.Missing = true
				r.Vendor = r.Vendor || strings.Contains(e.Msg, "-mod=vendor")
			}
		}
	})
	for _, p := range roots {
		if inMain(p) && r.GoMod == "" {
			r.GoMod = p.Module.GoMod
		}
	}
	if !m.ids[found.ID] {
		roots = slices.Delete(slices.Clone(roots), i, i+1)
	}
	return r, roots
}
