package facts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/generator/ambient"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/scan"
)

// lib is a package whose Load comes to the environment and, in other, to the clock.
func lib() *Package {
	ref := func(path, name string, line int) Ref { return Ref{ID{path, name}, Place{"lib.go", line, 2, 0}} }
	return &Package{Path: "example.com/lib", Name: "lib", Entries: map[string]*Entry{
		"Load":        {Name: "Load", Refs: []Ref{ref("example.com/lib", "Config.Path", 3), ref("example.com/other", "Now", 4), ref("example.com/lib", "pure", 5)}},
		"Config.Path": {Name: "Config.Path", Refs: []Ref{ref("example.com/lib", "home", 9), ref("example.com/lib", "Load", 10)}},
		"home":        {Name: "home", Variable: true, Uses: []Use{{scan.File, "os.Open", ambient.Named, Place{"home.go", 6, 1, 0}}, {scan.Env, "os.Getenv", ambient.Always, Place{"home.go", 7, 1, 0}}}},
		"pure":        {Name: "pure", Refs: []Ref{ref("example.com/lib", "purer", 20)}},
		"purer":       {Name: "purer", Refs: []Ref{ref("example.com/lib", "pure", 21)}},
	}}
}

func other() *Package {
	return &Package{Path: "example.com/other", Name: "clock", Entries: map[string]*Entry{
		"Now": {Name: "Now", Uses: []Use{{scan.Clock, "time.Now", ambient.Always, Place{"now.go", 8, 1, 0}}, {scan.File, "os.ReadFile", ambient.Always, Place{"now.go", 9, 1, 0}}}},
	}}
}

// build has lib and other, and the standard library.
func build() *load.Build {
	dependency := func(path, source string, imports ...string) *load.Dependency {
		return &load.Dependency{PkgPath: path, Imports: imports, GoFiles: []string{"/mod/" + path + "/a.go"}, Module: &load.DependencyModule{Path: path, Source: source, GoVersion: "1.21", Copied: source == ""}}
	}
	return &load.Build{Release: "go1.26.8 linux/amd64", Dependencies: map[string]*load.Dependency{
		"example.com/lib":   dependency("example.com/lib", "example.com/fork@v1.2.0", "example.com/other", "os"),
		"example.com/other": dependency("example.com/other", "", "time"),
		"os":                {PkgPath: "os"},
		"time":              {PkgPath: "time"},
	}}
}

// graph knows lib and other from the cache alone.
func graph(t *testing.T, b *load.Build) *Graph {
	t.Helper()
	return New(b, func(p *load.Package) *Package {
		t.Errorf("%s is read", p.PkgPath)
		return nil
	}, func(*load.Dependency) string { return "content" })
}

// inCache uses an empty cache.
func inCache(t *testing.T) {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("LocalAppData", t.TempDir())
}

func TestWaysLeadThroughPackages(t *testing.T) {
	inCache(t)
	c := graph(t, build()).cache
	for _, p := range []*Package{lib(), other()} {
		p.prune()
		c.store(p.Path, p)
	}
	var got []string
	for _, way := range graph(t, build()).Ways(ID{"example.com/lib", "Load"}) {
		line := string(way.Use.Kind) + ":"
		for _, s := range way.Steps {
			line += " " + strings.TrimPrefix(filepath.ToSlash(s.Pos.String()), "-") + " " + s.What + " " + s.Name
		}
		got = append(got, line)
	}
	want := []string{
		"clock:  function lib.Load example.com/fork@v1.2.0/lib.go:4:2 function clock.Now /mod/example.com/other/now.go:8:1 clock time.Now",
		"env:  function lib.Load example.com/fork@v1.2.0/lib.go:3:2 method lib.Config.Path example.com/fork@v1.2.0/lib.go:9:2 variable lib.home example.com/fork@v1.2.0/home.go:7:1 env os.Getenv",
		// That which always counts goes before that which the caller decides on.
		"file:  function lib.Load example.com/fork@v1.2.0/lib.go:4:2 function clock.Now /mod/example.com/other/now.go:9:1 file os.ReadFile",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if ways := graph(t, build()).Ways(ID{"example.com/lib", "pure"}); ways != nil {
		t.Errorf("pure leads to %v", ways)
	}
}

// The way is that with the fewest conditions, and there is none with many.
func TestConditionsDecideOnTheWay(t *testing.T) {
	inCache(t)
	ref := func(name string, conditions int) Ref {
		return Ref{ID{"example.com/lib", name}, Place{"lib.go", 1, 1, conditions}}
	}
	env := func(conditions int) []Use {
		return []Use{{scan.Env, "os.Getenv", ambient.Always, Place{"lib.go", 2, 1, conditions}}}
	}
	p := &Package{Path: "example.com/lib", Name: "lib", Entries: map[string]*Entry{
		"Load":   {Name: "Load", Refs: []Ref{ref("direct", 2), ref("detour", 1)}},
		"detour": {Name: "detour", Refs: []Ref{ref("direct", 0)}},
		"direct": {Name: "direct", Uses: env(1)},
		"Rare":   {Name: "Rare", Refs: []Ref{ref("direct", 2)}},
	}}
	graph(t, build()).cache.store("example.com/lib", p)
	g := graph(t, build())
	ways := g.Ways(ID{"example.com/lib", "Load"})
	if len(ways) != 1 || len(ways[0].Steps) != 4 || ways[0].Steps[1].Name != "lib.detour" {
		t.Errorf("the way is %v", ways)
	}
	if ways := g.Ways(ID{"example.com/lib", "Rare"}); ways != nil {
		t.Errorf("there is %v", ways)
	}
}

func TestWhatLeadsNowhereIsLeftOut(t *testing.T) {
	p := lib()
	p.prune()
	if p.Entries["pure"] != nil || p.Entries["purer"] != nil || len(p.Entries) != 3 || len(p.Entries["Load"].Refs) != 2 {
		t.Errorf("left: %s", p.encode())
	}
}

func TestAFileIsReadAsItWasWritten(t *testing.T) {
	content := lib().encode()
	if diff := cmp.Diff(lib(), decode("example.com/lib", content)); diff != "" {
		t.Error(diff)
	}
	for i := range content {
		damaged := append([]byte{}, content...)
		damaged[i] ^= 1
		if decode("example.com/lib", damaged) != nil || decode("example.com/lib", content[:i]) != nil {
			t.Fatalf("damage at byte %d is not seen", i)
		}
	}
}

// What decides which functions there are, and what their names mean, is in a file's name.
func TestAFileIsForOneBuild(t *testing.T) {
	inCache(t)
	content := "content"
	name := func(change func(b *load.Build)) string {
		b := build()
		change(b)
		return newCache(b, func(*load.Dependency) string { return content }).file("example.com/lib")
	}
	same := name(func(*load.Build) {})
	if same == "" || same != name(func(b *load.Build) { b.Dependencies["example.com/lib"].GoFiles[0] = "/elsewhere/a.go" }) {
		t.Error("the folder of the module counts")
	}
	seen := map[string]bool{same: true}
	for what, change := range map[string]func(b *load.Build){
		"release":  func(b *load.Build) { b.Release = "go1.26.8 windows/amd64" },
		"version":  func(b *load.Build) { b.Dependencies["example.com/lib"].Module.Source = "example.com/fork@v1.2.1" },
		"language": func(b *load.Build) { b.Dependencies["example.com/lib"].Module.GoVersion = "1.22" },
		"files": func(b *load.Build) {
			b.Dependencies["example.com/lib"].GoFiles = []string{"/mod/example.com/lib/a.go", "/mod/example.com/lib/a_tag.go"}
		},
		"version of what it imports": func(b *load.Build) { b.Dependencies["example.com/other"].Module.Source = "example.com/other@v1.0.0" },
		"imports":                    func(b *load.Build) { b.Dependencies["example.com/lib"].Imports = []string{"os"} },
		"content of what it imports": func(*load.Build) { content = "changed" },
	} {
		n := name(change)
		content = "content"
		if n == "" || seen[n] {
			t.Errorf("%s does not count", what)
		}
		seen[n] = true
	}
	if name(func(b *load.Build) { delete(b.Dependencies, "example.com/other") }) != "" {
		t.Error("a package that imports one of a main module is kept")
	}
}

func TestFilesThatCannotBeKeptAreNoError(t *testing.T) {
	inCache(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", file)
	t.Setenv("HOME", file)
	t.Setenv("LocalAppData", file)
	c := graph(t, build()).cache
	c.store("example.com/lib", lib())
	if c.load("example.com/lib") != nil {
		t.Error("it is kept in a file")
	}
}
