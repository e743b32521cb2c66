package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/workgen/workgen/internal/testdir"
)

var update = flag.Bool("update", false, "write into README.md what its commands print")

// commands finds what README shows: a command, and what it prints.
var commands = regexp.MustCompile("(?m)^\\$ (.*)\n((?:[^$`].*\n)*)")

// TestReadmeShowsWhatIsPrinted does what README says, line by line, on a copy of the
// example.
func TestReadmeShowsWhatIsPrinted(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the example three times")
	}
	for _, program := range []string{"sh", "perl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("README uses", program, "which is not here:", err)
		}
	}
	dir := module(t)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	done := commands.ReplaceAllStringFunc(string(readme), func(shown string) string {
		command, want, _ := strings.Cut(shown, "\n")
		var stderr strings.Builder
		cmd := exec.Command("sh", "-c", strings.TrimPrefix(command, "$ "))
		cmd.Dir, cmd.Env, cmd.Stderr = dir, environment(), &stderr
		got, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, stderr.String())
		}
		if !equal(string(got), want) {
			t.Errorf("%s\nREADME says\n%s\nit prints\n%s", command, want, got)
			return command + "\n" + string(got)
		}
		return shown
	})
	if *update {
		if err := os.WriteFile("README.md", []byte(done), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// environment has go commands leave out what takes time and nobody looks at: inlining, for
// which the runtime is compiled anew, and what debuggers read.
func environment() []string {
	return append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" -ldflags=-w -gcflags=example.com/copy/...=-l", "GOGC=400")
}

// module makes a module with a copy of this folder. It uses the packages of this one.
func module(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := testdir.New(t, "copy of "+root)
	copied := filepath.Join(dir, "examples", "etl")
	if err := os.MkdirAll(copied, 0o755); err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		if !strings.HasSuffix(source, "_test.go") {
			copyFile(t, source, copied)
		}
	}
	copyFile(t, filepath.Join(root, "go.mod"), dir)
	copyFile(t, filepath.Join(root, "go.sum"), dir)
	const path = "github.com/workgen/workgen"
	for _, args := range [][]string{
		{"mod", "edit", "-module=example.com/copy", "-require=" + path + "@v0.0.0", "-replace=" + path + "=" + root},
		{"generate", "./examples/etl"}, // its works have other names now
	} {
		cmd := exec.Command("go", args...)
		cmd.Dir, cmd.Env = dir, environment()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, out)
		}
	}
	return dir
}

func copyFile(t *testing.T, from, dir string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, filepath.Base(from)), content, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
