package generator

import (
	"go/token"
	"path"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/wrapper"
)

// importable warns when the module of p cannot import package runtime yet, so that
// what is generated will not compile, and says the command that changes it.
func (g *generation) importable(p *load.Package) {
	r := p.Build.Runtime
	if !r.Missing {
		return
	}
	version := r.Version
	if version == "" {
		version = ownVersion()
	}
	command := "go get " + wrapper.RuntimePath
	if version != "" {
		command += "@" + version
	}
	lacking := "go.mod and go.sum lack"
	if r.Vendor {
		lacking = "the vendor folder lacks"
		command += " && go mod vendor"
	}
	g.result.Diagnostics.Add(diag.Diagnostic{
		Warning: true, Pos: token.Position{Filename: r.GoMod},
		Message: "generated code does not compile yet: " + lacking + " what " + wrapper.RuntimePath + " needs",
		Fix:     "run " + command,
	})
}

// ownVersion is that of the module that this code belongs to, so that the runtime
// fits the generator; "" in a working tree, which no proxy has.
func ownVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	modules := append(slices.Clone(info.Deps), &info.Main)
	i := slices.IndexFunc(modules, func(m *debug.Module) bool { return m.Path == path.Dir(wrapper.RuntimePath) })
	if i < 0 || modules[i].Replace != nil || !strings.HasPrefix(modules[i].Version, "v") || strings.Contains(modules[i].Version, "+dirty") {
		return ""
	}
	return modules[i].Version
}
