package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// What the command takes at best for one package and for 100 of the same kind, and how
// many times as long that is. Each package has one work, and its files are up to date.
func BenchmarkPackages(b *testing.B) {
	for _, kind := range []struct{ name, imports, uses string }{
		{"small", "", ""},
		{"with net/http and encoding/json", "\t\"encoding/json\"\n\t\"net/http\"\n", "var (\n\t_ http.Client\n\t_ = json.Marshal\n)\n"},
	} {
		b.Run(kind.name, func(b *testing.B) {
			one, hundred := packages(b, 1, kind.imports, kind.uses), packages(b, 100, kind.imports, kind.uses)
			quickest, quickest100 := time.Hour, time.Hour
			for b.Loop() {
				quickest = min(quickest, runCommand(b, one))
				quickest100 = min(quickest100, runCommand(b, hundred))
			}
			b.ReportMetric(float64(quickest.Milliseconds()), "ms/one")
			b.ReportMetric(float64(quickest100.Milliseconds()), "ms/hundred")
			b.ReportMetric(float64(quickest100)/float64(quickest), "hundred/one")
			b.ReportMetric(0, "ns/op") // of both together: nothing to look at
		})
	}
}

// packages makes a module of n packages that is up to date, and returns its folder.
func packages(b *testing.B, n int, imports, uses string) (dir string) {
	b.Helper()
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Dir(filepath.Dir(filepath.Dir(file)))
	dir = b.TempDir()
	write := func(name, text string) {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			b.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			b.Fatal(err)
		}
		if name == "go.mod" {
			const path = "github.com/workgen/workgen"
			text = []byte(strings.Replace(string(text), "module "+path, "module example.com/m", 1) +
				"\nrequire " + path + " v0.0.0\n\nreplace " + path + " => " + root + "\n")
		}
		write(name, string(text))
	}
	for i := range n {
		write(fmt.Sprintf("p%d/p.go", i), fmt.Sprintf(strings.ReplaceAll(`package p%[1]d

import (
	"context"
%[2]s)

%[3]s
type Config struct {
	Source string
	Limits map[string][]int
}

//workgen:work
type Work struct {
	Base string 'workgen:"key"'
}

func (w *Work) Run(ctx context.Context, day string, cfg Config) ([]string, error) {
	return []string{w.Base, day, cfg.Source}, ctx.Err()
}
`, "'", "`"), i, imports, uses))
	}
	runCommand(b, dir)
	return dir
}

// runCommand generates everything below dir and says how long that took.
func runCommand(b *testing.B, dir string) time.Duration {
	b.Helper()
	cmd := exec.Command("workgen", "./...")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		b.Fatalf("%v: %s", err, out)
	}
	return time.Since(start)
}
