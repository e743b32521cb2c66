package load

import (
	"go/types"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/tools/go/packages"
)

// TestTheStandardLibraryIsAskedForOnce as long as it is built in the same way and the
// go command's cache has it.
func TestTheStandardLibraryIsAskedForOnce(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example.com/m\n\ngo 1.26\n",
		"p.go":   "package p\n\nimport \"container/ring\"\n\nvar R ring.Ring\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cfg := Config{Dir: dir, Env: append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GONAME="+t.Name())}
	env, err := readEnv(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	known := exportsOf(cfg, env)
	if file := known.file("container/ring"); file != "" {
		t.Error("known before it was asked for:", file)
	}
	load := func() {
		t.Helper()
		pkgs, err := Load(t.Context(), cfg)
		if err != nil || len(pkgs) != 1 || pkgs[0].Types.Scope().Lookup("R").Type().String() != "container/ring.Ring" {
			t.Fatal(pkgs, err)
		}
	}
	load()
	file := known.file("container/ring")
	if file == "" || known.file("context") == "" {
		t.Fatal("not remembered")
	}

	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	known.remember("container/ring", empty)
	if pkgs, err := Load(t.Context(), cfg); err == nil && pkgs[0].Types.Scope().Lookup("R").Type().String() == "container/ring.Ring" {
		t.Error("asked for again")
	}
	known.remember("container/ring", filepath.Join(dir, "removed"))
	load()
	if got := known.file("container/ring"); got != file {
		t.Errorf("%q after a removal, %q before", got, file)
	}

	for _, other := range []Config{
		{Dir: dir, Env: append(cfg.Env, "GOFLAGS=-race")},
		{Dir: dir, Env: append(cfg.Env, "CGO_ENABLED=0")},
		{Dir: dir, Env: cfg.Env, Tags: "netgo"},
	} {
		if exportsOf(other, env) == known {
			t.Errorf("another build has the same: %v", other.Tags)
		}
	}
	env.GOARCH += "x"
	if exportsOf(cfg, env) == known {
		t.Error("another processor has the same")
	}
}

// TestOtherModulesAreAskedForAgainWhenTheyChange, or when something that they import or
// include does, and as long as the time of a file does not tell whether it has changed.
func TestOtherModulesAreAskedForAgainWhenTheyChange(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string, age time.Duration) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/m\n\ngo 1.26\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ./lib\n", 0)
	write("p.go", "package p\n\nimport \"example.com/lib\"\n\nvar V = lib.V\n", 0)
	write("lib/go.mod", "module example.com/lib\n\ngo 1.26\n", 0)
	write("lib/lib.go", "package lib\n\nimport \"example.com/lib/low\"\n\nvar V = low.V\n", time.Hour)
	write("lib/low/low.go", "package low\n\nvar V int8\n", time.Hour)
	env := append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "CGO_ENABLED=1", "GONAME="+t.Name())
	// load loads p and returns the type of V, and how much is remembered.
	load := func(env ...string) (string, int) {
		t.Helper()
		cfg := Config{Dir: dir, Env: env}
		pkgs, err := Load(t.Context(), cfg)
		if err != nil || len(pkgs) != 1 {
			t.Fatal(pkgs, err)
		}
		of, err := readEnv(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		return types.TypeString(pkgs[0].Types.Scope().Lookup("V").Type(), nil), len(exportsOf(cfg, of).files)
	}
	const standard = 1 // package context, which is asked for in any case
	for _, step := range []struct {
		name, file, text string
		age              time.Duration
		want             string
		remembered       int
	}{
		{"at first", "p.go", "package p\n\nimport \"example.com/lib\"\n\nvar V = lib.V\n", 0, "int8", 1},
		{"nothing outside", "p.go", "package p\n\nimport \"example.com/lib\"\n\nvar V = []any{lib.V}\n", 0, "[]any", 1},
		{"what it imports", "lib/low/low.go", "package low\n\nvar V int16\n", time.Hour - time.Minute, "[]any", 2},
		{"p", "p.go", "package p\n\nimport \"example.com/lib\"\n\nvar V = lib.V\n", 0, "int16", 2},
		{"what it imports, of the same size", "lib/low/low.go", "package low\n\nvar V int32\n", time.Minute, "int32", 3},
		{"a moment ago", "lib/low/low.go", "package low\n\nvar V int64\n", 0, "int64", 3},
		{"once more", "lib/low/low.go", "package low\n\nvar V uint8\n", 0, "uint8", 3},
		{"a file more", "lib/more.go", "package lib\n\ntype Type string\n", time.Minute, "uint8", 3},
		{"and settled", "lib/low/low.go", "package low\n\nvar V uint32\n", time.Minute, "uint32", 4},
	} {
		write(step.file, step.text, step.age)
		got, remembered := load(env...)
		if got != step.want || remembered != step.remembered+standard {
			t.Errorf("%s: V is of type %s, want %s; %d packages are remembered, want %d", step.name, got, step.want, remembered, step.remembered+standard)
		}
	}

	c := &packages.Package{
		PkgPath: "example.com/lib/c", Module: &packages.Module{Path: "example.com/lib"},
		GoFiles: []string{filepath.Join(dir, "lib/low/low.go")}, OtherFiles: []string{filepath.Join(dir, "lib/low/low.h")},
	}
	identity := func(env goEnv) string {
		return (&identities{env: env, found: map[*packages.Package]string{}, now: time.Now()}).of(c)
	}
	write("lib/low/low.h", "enum { N = 1 };\n", time.Hour)
	with := goEnv{CGO_ENABLED: "1", GOROOT: dir + "/goroot"}
	before := identity(with)
	if before == "" || before != identity(with) {
		t.Errorf("%q identifies C, %q later", before, identity(with))
	}
	write("lib/low/low.h", "enum { N = 2 };\n", time.Minute)
	if after := identity(with); after == before || after == "" {
		t.Errorf("%q identifies C, %q after a change of a header", before, after)
	}

	write("lib/low/low.go", "package low\n\nvar V int\n", time.Minute)
	overlay := filepath.Join(dir, "overlay.json")
	write("overlay.json", "{}", 0)
	for _, unlisted := range []string{"CGO_ENABLED=0", "GOFLAGS=-overlay=" + overlay} {
		if got, remembered := load(append(env, unlisted)...); got != "int" || remembered != standard {
			t.Errorf("%s: V is of type %s; %d packages are remembered", unlisted, got, remembered)
		}
	}
}
