package build

import (
	"runtime/debug"
	"slices"
	"strings"
)

// ours is the module of the runtime, whose versions do not decide what works return.
const ours = "github.com/workgen/workgen"

// modulesOf lists the modules that count for a work, as they are linked, by their
// versions and sums. Where it cannot tell some, unknown says why.
//
// Of a work of the main module those count that the generator has found, for it has seen
// the same versions. Of a work of another module any that is linked may be reached: its
// program may have chosen versions that import more than those that its generator saw.
func modulesOf(info *debug.BuildInfo, c *Code) (lines []string, unknown string) {
	if info == nil {
		return nil, "it does not know what it was built from"
	}
	main := c.Module == mainModule(info, c.Module)
	if len(info.Deps) == 0 && strings.HasSuffix(info.Path, ".test") && (!main || len(c.Modules) > 0) {
		return nil, "a test does not know the versions of its modules"
	}
	for _, m := range info.Deps {
		if m.Path == ours || main && !slices.Contains(c.Modules, m.Path) && !slices.Contains(c.Hashed, m.Path) {
			continue
		}
		switch line, told := module(m); {
		case told:
			lines = append(lines, line)
		case m.Path != c.Module && !slices.Contains(c.Hashed, m.Path):
			unknown = "module " + m.Path + " has no checksum"
		}
	}
	if !main && find(info.Deps, c.Module) == nil {
		unknown = "module " + c.Module + " is not linked"
	}
	return lines, unknown
}

// mainModule is the path of the main module. Where files were named to the go command
// it is not told, but listed among the others, unless it has none but those files: then
// it is taken to be that of the work.
func mainModule(info *debug.BuildInfo, own string) string {
	if info.Path != "command-line-arguments" || info.Main.Path != "" {
		return info.Main.Path
	}
	main := own
	for _, m := range info.Deps {
		switch local := m.Version == "(devel)" && m.Replace == nil; {
		case local && m.Path != own: // of a workspace
			return m.Path
		case m.Path == own && !local:
			main = ""
		}
	}
	return main
}

// find returns the module of a path, or nil.
func find(deps []*debug.Module, path string) *debug.Module {
	for _, m := range deps {
		if m.Path == path {
			return m
		}
	}
	return nil
}

// module describes a module by its version and sum; told is false when these do not say
// what it holds: it is in a folder, of a workspace, or in vendor.
func module(m *debug.Module) (line string, told bool) {
	line = "module " + m.Path + ": "
	if m.Replace != nil {
		m = m.Replace
		line += m.Path + " "
	}
	return line + m.Version + " " + m.Sum, m.Sum != ""
}
