package scan

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/workgen/workgen/generator/load"
)

func TestConstraintsOfFiles(t *testing.T) {
	for _, test := range []struct{ name, header, want string }{
		{"x.go", "", ""},
		{"linux.go", "", ""},
		{"x_linux.go", "", "linux"},
		{"x_amd64.go", "", "amd64"},
		{"x_linux_amd64.go", "", "linux && amd64"},
		{"x_amd64_linux.go", "", "linux"},
		{"linux_amd64.go", "", "amd64"},
		{"x_linux_other.go", "", ""},
		{"x_linux.pb.go", "", "linux"},
		{"x_unix.go", "", ""},
		{"x_plan10.go", "", ""},
		{"x_v2_windows_arm64.go", "", "windows && arm64"},
		{"x.go", "//go:build linux && cgo\n\n", "linux && cgo"},
		{"x.go", "// Text.\n\n/* More. */\n//go:build a || b\n\n", "a || b"},
		{"x_js.go", "//go:build a || b\n\n", "(a || b) && js"},
		{"x.go", "// +build linux\n\n", ""}, // not since Go 1.18
		{"x.go", "//go:build linux || !linux\n\n", ""},
		{"x.go", "//go:build go1.26\n\n", ""},
		{"x.go", "//go:build go1.21 && !linux\n\n", "go1.21 && !linux"},
		{"x.go", "//go:build go1.27\n\n", "go1.27"},
		{"x.go", "//go:build !go1.21\n\n", "!go1.21"},
		{"x.go", "//go:build (a || b || c || d || e || f || g || h || i || j || k) || !a\n\n", "a || b || c || d || e || f || g || h || i || j || k || !a"},
	} {
		c, ok := constraintOf(t, test.name, test.header)
		if c.Text != test.want || ok != (test.want != "") {
			t.Errorf("%s %q: got %q, %v, want %q", test.name, test.header, c.Text, ok, test.want)
		}
	}
}

func TestIgnoredFilesAreThoseThatNeedTheTagIgnore(t *testing.T) {
	for line, want := range map[string]bool{
		"":                               false,
		"//go:build ignore\n\n":          true,
		"//go:build ignore && linux\n\n": true,
		"//go:build ignore || linux\n\n": false,
		"//go:build !ignore\n\n":         false,
		"//go:build tools\n\n":           false,
		"//go:build linux && !linux\n\n": true,
	} {
		_, f := parse(t, "x.go", line)
		if got := ignored(f); got != want {
			t.Errorf("%q: %v, want %v", line, got, want)
		}
	}
}

func parse(t *testing.T, name, header string) (*scanner, *ast.File) {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, header+"package x\n", parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return &scanner{Package: &load.Package{
		Fset: fset, GoFiles: []string{name}, Module: &load.Module{GoVersion: "1.26.0"},
	}}, f
}

func constraintOf(t *testing.T, name, header string) (Constraint, bool) {
	t.Helper()
	s, f := parse(t, name, header)
	return s.constraintOf(f)
}
