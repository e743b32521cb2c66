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
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/workgen/workgen/internal/testdir"
)

var update = flag.Bool("update", false, "write what the command printed into the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"workgen": main})
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
	testscript.Run(t, testscript.Params{
		Dir:         filepath.Join(root, "testdata", "script"),
		WorkdirRoot: testdir.New(t, "scripts of "+root),
		Setup:       func(env *testscript.Env) error { return setup(env, root) },
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":   exits,
			"same":    same,
			"fill":    fill,
			"damage":  damageFiles,
			"publish": publish,
		},
		Condition:           condition,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// setup provides the module and the go command's environment.
func setup(env *testscript.Env, root string) error {
	caches, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
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

// exits runs a command and compares its exit status: exits 3 workgen check.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits status command [arg...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		failed := (*exec.ExitError)(nil)
		if !errors.As(err, &failed) {
			ts.Fatalf("%v", err)
		}
		got = failed.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
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

func TestFlagsMayHaveOneDashOrTwo(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"-tags x ./...", "--tags x ./..."},
		{"--tags=x", "--tags=x"},
		{"-tags=a,b -v", "--tags=a,b -v"},
		{"-verbose -help -h", "--verbose --help -h"},
		{"check -tags x -", "check --tags x -"},
		{"-v=false", "-v=false"},
		{"-v -- -tags", "-v -- -tags"},
		{"", ""},
	} {
		got := strings.Join(goFlags(strings.Fields(test.in)), " ")
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Error(test.in, diff)
		}
	}
}
