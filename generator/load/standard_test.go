package load

import (
	"os"
	"path/filepath"
	"testing"
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
	known := standardOf(cfg, env)
	if file := known.export("container/ring"); file != "" {
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
	file := known.export("container/ring")
	if file == "" || known.export("context") == "" {
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
	if got := known.export("container/ring"); got != file {
		t.Errorf("%q after a removal, %q before", got, file)
	}

	for _, other := range []Config{
		{Dir: dir, Env: append(cfg.Env, "GOFLAGS=-race")},
		{Dir: dir, Env: append(cfg.Env, "CGO_ENABLED=0")},
		{Dir: dir, Env: cfg.Env, Tags: "netgo"},
	} {
		if standardOf(other, env) == known {
			t.Errorf("another build has the same: %v", other.Tags)
		}
	}
	env.GOARCH += "x"
	if standardOf(cfg, env) == known {
		t.Error("another processor has the same")
	}
}
