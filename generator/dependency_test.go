package generator_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// libraryFunc matches the first line of an exported function: its name, type parameters
// and results.
var libraryFunc = regexp.MustCompile(`^func ([A-Z]\w*)(\[[^]]*\])?\([^)]*\) (.*?)\{`)

// withLibrary is a module whose work refers to every exported function of a library, once
// each, on the lines that the library's "want" comments are about.
func withLibrary(t *testing.T) (p *program, want []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "ambient", "lib", "lib.go"))
	if err != nil {
		t.Fatal(err)
	}
	p = newProgram(t, "")
	p.requires("lib")
	p.write("lib/go.mod", "module example.com/lib\n\ngo 1.26\n")
	p.write("lib/lib.go", string(text))
	registry, err := os.ReadFile(filepath.Join("..", "testdata", "ambient", "lib", "zz_generated.conversion.go"))
	if err != nil {
		t.Fatal(err)
	}
	p.write("lib/zz_generated.conversion.go", string(registry))
	run := "package m\n\nimport \"example.com/lib\"\n\n//workgen:work\ntype W struct{}\n\nfunc use(...any) {}\n\nfunc (W) Run(name string) {\n"
	for line := range strings.Lines(string(text)) {
		f := libraryFunc.FindStringSubmatch(line)
		if f == nil {
			continue
		}
		name, call := f[1], "lib."+f[1]
		if f[2] != "" {
			call += "[int]"
		}
		if f[3] == "" { // without a result
			run += "\t" + call + "()\n"
		} else {
			run += "\tuse(" + call + "())\n"
		}
		if _, all, ok := strings.Cut(line, "// want "); ok {
			for what := range strings.SplitSeq(strings.TrimSpace(all), ", ") {
				want = append(want, fmt.Sprintf("m.go:%d: %s through lib.%s", strings.Count(run, "\n"), what, name))
			}
		}
	}
	p.write("m.go", run+"}\n")
	slices.Sort(want)
	return p, want
}

// reaches are the warnings, as file:line: what.
func reaches(t *testing.T, p *program) (out []string) {
	t.Helper()
	for _, w := range warnings(t, p) {
		where, message, _ := strings.Cut(w, ": Run reaches ")
		what, _, _ := strings.Cut(message, ",")
		out = append(out, where+": "+what)
	}
	return out
}

// cacheIn uses a folder as the user's cache.
func cacheIn(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, dir)
	}
}

// What counts in a library is the same when it is computed, when it is read from the
// cache, when the files there are damaged, and when there is no place for them.
func TestWhatLibrariesLookAtIsWarnedOfWhereItCounts(t *testing.T) {
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
		t.Setenv(name, goVariable(t, name))
	}
	cache := t.TempDir()
	cacheIn(t, cache)
	p, want := withLibrary(t)
	if diff := cmp.Diff(want, reaches(t, p)); diff != "" {
		t.Fatalf("computed, -want +got:\n%s", diff)
	}
	_, said := p.generated()
	files := factFiles(t, cache)
	if len(files) != 1 {
		t.Fatalf("there are files %v", files)
	}
	again := func(how string) {
		t.Helper()
		if _, got := p.generated(); got != said {
			t.Errorf("%s: %s", how, cmp.Diff(said, got))
		}
	}
	before, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	again("read")
	if after, err := os.Stat(files[0]); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("the file is written again: %v", err)
	}
	if err := os.WriteFile(files[0], []byte("damaged"), 0o666); err != nil {
		t.Fatal(err)
	}
	again("damaged")
	if content, err := os.ReadFile(files[0]); err != nil || string(content) == "damaged" {
		t.Errorf("the file is still damaged: %v", err)
	}
	cacheIn(t, files[0]) // a file: there can be no folder below
	again("without a cache")
}

// goVariable is a variable of the go command's.
func goVariable(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// factFiles are the files in the cache.
func factFiles(t *testing.T, cache string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(cache, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(filepath.ToSlash(path), "workgen/facts/") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
