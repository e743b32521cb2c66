package scan_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/scan"
	"golang.org/x/tools/txtar"
)

// A result is a scanned package and what was said of it.
type result struct {
	*scan.Package
	problems string
}

// scanAll scans many packages after one load: the go command takes longer than
// everything else. A source is a file x.go or an archive of files; they become
// packages example.com/x, each in a directory of its own.
func scanAll(t *testing.T, sources []string) []result {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write := func(path, content string) {
		path = filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com\n\ngo 1.26\n")
	var patterns []string
	for i, source := range sources {
		archive := txtar.Parse([]byte(source))
		if len(archive.Files) == 0 {
			archive.Files = []txtar.File{{Name: "x.go", Data: []byte(source)}}
		}
		dir := fmt.Sprintf("%03d", i)
		patterns = append(patterns, "./"+dir+"/x")
		for _, f := range archive.Files {
			write(dir+"/x/"+f.Name, strings.ReplaceAll(string(f.Data), `"example.com/x`, `"example.com/`+dir+"/x"))
		}
	}
	pkgs, err := load.Load(t.Context(), load.Config{
		Dir: root, Patterns: patterns, Env: append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off"),
	})
	if err != nil || len(pkgs) != len(sources) {
		t.Fatalf("%d packages of %d, error %v", len(pkgs), len(sources), err)
	}
	results := make([]result, len(pkgs))
	for i, p := range pkgs { // sorted by path, and so in the order of sources
		var diags diag.List
		results[i].Package = scan.Scan(p, &diags)
		for _, w := range results[i].Package.Works {
			for _, u := range w.Untagged {
				diags.Add(results[i].Package.Diagnostic(w, u, names(u.Fields), ""))
			}
		}
		var b strings.Builder
		if err := diags.Write(&b, p.Dir); err != nil {
			t.Fatal(err)
		}
		results[i].problems = b.String()
	}
	return results
}

// names are those of fields: all of them, as if each could be keyed.
func names(fields []scan.Field) (names []string) {
	for _, f := range fields {
		names = append(names, f.Name)
	}
	return names
}

// scanned scans one package.
func scanned(t *testing.T, source string) (*scan.Package, string) {
	t.Helper()
	r := scanAll(t, []string{source})[0]
	return r.Package, r.problems
}

// A problem is a source and what is said of it.
type problem struct{ name, source, want string }

func testProblems(t *testing.T, problems []problem) {
	t.Helper()
	var sources []string
	for _, test := range problems {
		sources = append(sources, test.source)
	}
	results := scanAll(t, sources)
	for i, test := range problems {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), results[i].problems); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// work scans a source that has one work and no problems.
func work(t *testing.T, source string) *scan.Work {
	t.Helper()
	p, problems := scanned(t, source)
	if problems != "" || len(p.Works) != 1 {
		t.Fatalf("%d works, problems:\n%s", len(p.Works), problems)
	}
	return p.Works[0]
}

// signature writes down what scan found out about Run.
func signature(w *scan.Work) string {
	var b strings.Builder
	if w.PointerReceiver {
		b.WriteString("*")
	}
	b.WriteString(w.Name + "(")
	if w.Context {
		b.WriteString("ctx; ")
	}
	params := func(list []scan.Param) {
		for i, p := range list {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(p.Name + ":" + p.Type.String())
		}
	}
	params(w.Params)
	if w.Variadic {
		b.WriteString("...")
	}
	b.WriteString(")(")
	params(w.Results)
	b.WriteString(")")
	if w.Error {
		b.WriteString("error")
	}
	return b.String()
}

func TestRunMayHaveAnySignature(t *testing.T) {
	tests := []struct{ name, method, want string }{
		{"nothing at all", "(X) Run()", "X()()"},
		{"context and error", "(*X) Run(ctx context.Context) error", "*X(ctx; )()error"},
		{"several parameters of one type", "(x X) Run(a, b int) (c, d int)", "X(a:int, b:int)(c:int, d:int)"},
		{"unnamed parameters", "(X) Run(int, string) (bool, error)", "X(:int, :string)(:bool)error"},
		{"blank parameters", "(_ X) Run(_ context.Context, _, b int)", "X(ctx; :int, b:int)()"},
		{"a variadic parameter", "(X) Run(a int, rest ...string)", "X(a:int, rest:[]string...)()"},
		{"an alias of context and of error", "(X) Run(Ctx, int) Err", "X(ctx; :int)()error"},
		{"an error that is not last", "(X) Run() (error, int)", "X()(:error, :int)"},
		{"two errors", "(X) Run() (error, error)", "X()(:error)error"},
		{"a type with a parameter called like a package", "(X) Run(context context.Context, strings string)", "X(ctx; strings:string)()"},
		{"a parameter called ctx that is none", "(X) Run(ctx string)", "X(ctx:string)()"},
		{"an interface like context", "(X) Run(ctx Like)", "X(ctx:example.com/x.Like)()"},
		{"a receiver through an alias", "(x *Y) Run()", "*X()()"},
	}
	const source = `package x

import "context"

type (
	Ctx  = context.Context
	Err  = error
	Like interface{ context.Context }
	Y    = X
)

//workgen:work
type X struct{}

func METHOD { panic(0) }
`
	var sources []string
	for _, test := range tests {
		sources = append(sources, strings.ReplaceAll(source, "METHOD", test.method))
	}
	results := scanAll(t, sources)
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if results[i].problems != "" || len(results[i].Errors) > 0 {
				t.Fatal(results[i].problems, results[i].Errors)
			}
			w := results[i].Works[0]
			// The package's own path is not the same in all tests.
			got := strings.ReplaceAll(signature(w), results[i].PkgPath, "example.com/x")
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if w.RunDecl == nil || w.Run == nil || w.Named == nil || w.Struct == nil || w.StructType == nil {
				t.Errorf("something is nil: %+v", w)
			}
		})
	}
}

func TestWorksAreInTheOrderOfTheSource(t *testing.T) {
	p, problems := scanned(t, `
-- b.go --
package x

type (
	// C is in a group.
	//
	//workgen:work
	C struct{}

	plain struct{}

	//workgen:work
	a struct{}
)

func (C) Run() {}
func (a) Run() {}
-- a.go --
package x

func (Z) Run() {}

//workgen:work
type Z struct{}
-- workgen_gen.go --
package x

//workgen:work
type Generated struct{}
`)
	var got []string
	for _, w := range p.Works {
		got = append(got, w.Name)
	}
	if diff := cmp.Diff([]string{"Z", "C", "a"}, got); diff != "" || problems != "" {
		t.Error(diff, problems)
	}
	if doc := p.Works[1].Doc; doc != "C is in a group.\n" {
		t.Errorf("doc %q", doc)
	}
}

func TestPositionsAreThoseOfNames(t *testing.T) {
	p, _ := scanned(t, `package x

//workgen:work name=n
type X struct {
	A, B int `+"`workgen:\"-\"`"+`
}

func (X) Run(a, b int, _ string) (int, error) { return 0, nil }
`)
	w := p.Works[0]
	position := func(where string) string {
		pos := map[string]interface{ String() string }{
			"work":      p.Fset.Position(w.Pos),
			"directive": p.Fset.Position(w.Options.Pos),
			"option":    p.Fset.Position(w.Options.Name.Pos),
			"field B":   p.Fset.Position(w.Fields[1].Pos),
			"param b":   p.Fset.Position(w.Params[1].Pos),
			"blank":     p.Fset.Position(w.Params[2].Pos),
			"result":    p.Fset.Position(w.Results[0].Pos),
		}[where].String()
		return filepath.Base(pos)
	}
	for where, want := range map[string]string{
		"work": "x.go:4:6", "directive": "x.go:3:1", "option": "x.go:3:16", "field B": "x.go:5:5",
		"param b": "x.go:8:17", "blank": "x.go:8:24", "result": "x.go:8:35",
	} {
		if got := position(where); got != want {
			t.Errorf("%s is at %s, want %s", where, got, want)
		}
	}
}
