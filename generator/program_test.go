package generator_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/workgen/workgen/generator"
	"github.com/workgen/workgen/generator/write"
	"github.com/workgen/workgen/internal/testdir"
)

// A program is a module example.com/m in a folder of its own, with this one's
// runtime.
type program struct {
	t   *testing.T
	dir string
}

// newProgram writes the files of an archive into a new module.
func newProgram(t *testing.T, archive string) *program {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	p := &program{t, testdir.New(t, root+archive)}
	p.write("go.sum", string(sums))
	p.write("go.mod", "module example.com/m\n\ngo 1.26.0\n\nrequire github.com/workgen/workgen v0.0.0\n\nreplace github.com/workgen/workgen => "+root+"\n")
	for _, f := range txtar.Parse([]byte(archive)).Files {
		p.write(f.Name, string(f.Data))
	}
	return p
}

// write writes one file.
func (p *program) write(name, content string) {
	p.t.Helper()
	path := filepath.Join(p.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		p.t.Fatal(err)
	}
}

// requires adds the modules example.com/NAME, which are in folders of their names.
func (p *program) requires(names ...string) {
	p.t.Helper()
	mod, err := os.ReadFile(filepath.Join(p.dir, "go.mod"))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, name := range names {
		mod = fmt.Appendf(mod, "\nrequire example.com/%[1]s v0.0.0\n\nreplace example.com/%[1]s => ./%[1]s\n", name)
	}
	p.write("go.mod", string(mod))
}

// goEnv is the environment of go commands in module example.com/m. Without inlining,
// the runtime is not compiled anew for each work in every package that calls it.
func goEnv() []string {
	return append(os.Environ(), "GOFLAGS=-mod=mod -gcflags=example.com/m/...=-l -ldflags=-w", "GOPROXY=off", "GOWORK=off", "GOGC=400")
}

// generated computes the generated files of all packages, and returns what is said
// about them, warnings included.
func (p *program) generated() (files []write.File, said string) {
	p.t.Helper()
	result, err := generator.Generate(p.t.Context(), generator.Config{Dir: p.dir, Patterns: []string{"./..."}, Env: goEnv()})
	if err != nil {
		p.t.Fatal(err)
	}
	var b bytes.Buffer
	result.Diagnostics.Write(&b, p.dir)
	return result.Files, b.String()
}

// generate writes the generated files, of which nothing is to be said.
func (p *program) generate() {
	p.t.Helper()
	files, said := p.generated()
	if said != "" {
		p.t.Fatal(said)
	}
	if _, err := write.Write(files); err != nil {
		p.t.Fatal(err)
	}
}

// run builds and runs the main package and returns what it printed.
func (p *program) run(args ...string) string {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), "go", append([]string{"run", "."}, args...)...)
	cmd.Dir, cmd.Env = p.dir, goEnv()
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// builds compiles the main package and returns what the compiler says against it.
func (p *program) builds() string {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), "go", "build", "-o", os.DevNull, ".")
	cmd.Dir, cmd.Env = p.dir, goEnv()
	out, _ := cmd.CombinedOutput()
	return string(out)
}
