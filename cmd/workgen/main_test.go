package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/workgen/workgen/internal/testdir"
)

var update = flag.Bool("update", false, "write what the command printed into the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"workgen": main, residentName: reside})
}

// TestScripts runs the scripts that say what the command does: input files, a
// command line, and what it prints, writes and returns. A module example.com/m
// that may import the runtime of this working tree is provided unless the script
// brings a go.mod of its own; the scripts need no network.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	workgen := &residents{t: t}
	testscript.Run(t, testscript.Params{
		Dir:         filepath.Join(root, "testdata", "script"),
		WorkdirRoot: testdir.New(t, "scripts of "+root),
		Setup:       func(env *testscript.Env) error { return setup(env, root) },
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":   workgen.exits,
			"same":    same,
			"fill":    fill,
			"damage":  damageStore,
			"older":   older,
			"publish": publish,
		},
		Condition:           condition,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// goCaches asks the go command for its caches, once.
var goCaches = sync.OnceValues(func() ([]byte, error) {
	return exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
})

// setup provides the module and the go command's environment.
func setup(env *testscript.Env, root string) error {
	caches, err := goCaches()
	if err != nil {
		return err
	}
	paths := strings.Fields(string(caches))
	env.Setenv("GOCACHE", paths[0])
	env.Setenv("GOMODCACHE", paths[1])
	env.Setenv("GOPROXY", "off")
	env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
	// Without inlining, the runtime is not compiled anew for each work in every
	// package that calls it, which is most of what compiling the scripts' modules takes.
	env.Setenv("GOFLAGS", "-mod=mod -gcflags=example.com/m/...=-l -ldflags=-w -vet=off")
	env.Setenv("GOWORK", "off")
	env.Setenv("GOGC", "400") // collecting garbage is a sixth of what short processes do
	env.Setenv("WORKGEN_ROOT", root)
	self, err := exec.LookPath("workgen")
	if err != nil {
		return err
	}
	env.Setenv("WORKGEN", self)
	script := strings.TrimPrefix(filepath.Base(env.WorkDir), "script-") + ".txtar"
	if env.Values[variables{}], err = variableNames(env, filepath.Join(root, "testdata", "script", script)); err != nil {
		return err
	}
	mod := filepath.Join(env.WorkDir, "go.mod")
	if _, err := os.Stat(mod); err == nil {
		return nil
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(env.WorkDir, "go.sum"), sum, 0o644),
		os.WriteFile(mod, []byte("module example.com/m\n\ngo 1.26.0\n\n"+
			"require github.com/workgen/workgen v0.0.0\n\n"+
			"replace github.com/workgen/workgen => "+root+"\n"), 0o644))
}

// condition is true for long if the tests take all the time they need, and for race if
// they look for races, which compiles all of a program once more.
func condition(name string) (bool, error) {
	switch name {
	case "long":
		return *long, nil
	case "race":
		info, _ := debug.ReadBuildInfo()
		return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}), nil
	}
	return false, fmt.Errorf("no condition %s", name)
}

// exits runs a command and compares its exit status: exits 3 workgen check. A resident
// process runs workgen, but for workgen store, which looks at the terminal and at the
// time zone; exec workgen always starts a process.
func (r *residents) exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits status command [arg...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := r.status(ts, args[1], args[2:]); got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// status runs a command and returns its exit status.
func (r *residents) status(ts *testscript.TestScript, name string, args []string) int {
	if name == "workgen" && (len(args) == 0 || args[0] != "store") {
		return r.script(ts, args)
	}
	err := ts.Exec(name, args...)
	if err == nil {
		return 0
	}
	failed := (*exec.ExitError)(nil)
	if !errors.As(err, &failed) {
		ts.Fatalf("%v", err)
	}
	return failed.ExitCode()
}

// same fails unless a file was not written since it was remembered: same -set
// file, later same file.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: same [-set] file")
	}
	path := ts.MkAbs(args[len(args)-1])
	info, err := os.Stat(path)
	ts.Check(err)
	stamp := info.ModTime().String()
	if args[0] == "-set" {
		ts.Setenv("same_"+args[1], stamp)
	} else if was := ts.Getenv("same_" + args[0]); was != stamp {
		ts.Fatalf("%s was written: modified %s, before %s", args[0], stamp, was)
	}
}
