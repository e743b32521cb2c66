package scan

import (
	"go/ast"
	"go/build"
	"go/build/constraint"
	"go/token"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/workgen/workgen/generator/diag"
)

// A Constraint says when a file is built.
type Constraint struct {
	Text string    // as behind //go:build: "linux && cgo"
	From diag.Step // what in the file says so
}

// constraintOf returns the build constraint of a file: of its name, its
// //go:build line, and its import of "C". It reports false when the file is
// always built with this version of Go.
func (s *scanner) constraintOf(f *ast.File) (Constraint, bool) {
	var c Constraint
	var texts []string
	add := func(text, what string, pos token.Pos) {
		if len(texts) == 0 {
			c.From = diag.Step{Expr: what, Pos: s.Fset.Position(pos)}
		}
		texts = append(texts, text)
	}
	if line, x := buildLine(f); x != nil && !s.always(x) {
		add(x.String(), line.Text, line.Pos())
	}
	name := s.Fset.PositionFor(f.Package, false).Filename
	if text := platform(filepath.Base(name)); text != "" {
		add(text, filepath.Base(name), token.NoPos)
		if len(texts) == 1 {
			c.From.Pos.Filename = name // as a whole
		}
	}
	for _, imp := range f.Imports {
		if imp.Path.Value == `"C"` {
			add("cgo", `import "C"`, imp.Pos())
			break
		}
	}
	for i, text := range texts {
		if len(texts) > 1 && strings.Contains(text, "||") {
			texts[i] = "(" + text + ")"
		}
	}
	c.Text = strings.Join(texts, " && ")
	return c, len(texts) > 0
}

// buildLine returns the //go:build line of a file and what it says.
func buildLine(f *ast.File) (*ast.Comment, constraint.Expr) {
	for _, group := range f.Comments {
		for _, c := range group.List {
			if c.Pos() > f.Package {
				return nil, nil
			}
			if constraint.IsGoBuild(c.Text) {
				x, _ := constraint.Parse(c.Text) // the go command has complained
				return c, x
			}
		}
	}
	return nil, nil
}

// ignored reports whether a file is no part of the package on any machine: by
// custom, the tag ignore is never set.
func ignored(f *ast.File) bool {
	_, x := buildLine(f)
	return x != nil && holds(x, func(tag string) int { return known(tag == "ignore", false) }, false)
}

// always reports whether x holds whatever tags are set, those of the Go version
// that the module asks for excepted.
func (s *scanner) always(x constraint.Expr) bool {
	return holds(x, func(tag string) int {
		minor, ok := strings.CutPrefix(tag, "go1.")
		n, err := strconv.Atoi(minor)
		return known(ok && err == nil && n <= s.goMinor(), true)
	}, true)
}

// goMinor is the minor Go version that the module asks for; 0 when unknown.
func (s *scanner) goMinor() int {
	if s.Module == nil {
		return 0
	}
	parts := strings.Split(s.Module.GoVersion, ".")
	if len(parts) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(parts[1])
	return n
}

// known encodes what is known of a tag: 1 set, -1 not set, 0 nothing.
func known(is, set bool) int {
	switch {
	case !is:
		return 0
	case set:
		return 1
	}
	return -1
}

// maxTags bounds the work of holds.
const maxTags = 10

// holds reports whether x evaluates to want however those tags are set of which
// nothing is known. With more than maxTags of them it reports false.
func holds(x constraint.Expr, tag func(string) int, want bool) bool {
	free := map[string]int{} // to its bit
	var list func(x constraint.Expr)
	list = func(x constraint.Expr) {
		switch x := x.(type) {
		case *constraint.AndExpr:
			list(x.X)
			list(x.Y)
		case *constraint.OrExpr:
			list(x.X)
			list(x.Y)
		case *constraint.NotExpr:
			list(x.X)
		case *constraint.TagExpr:
			if _, ok := free[x.Tag]; !ok && tag(x.Tag) == 0 {
				free[x.Tag] = len(free)
			}
		}
	}
	list(x)
	if len(free) > maxTags {
		return false
	}
	for bits := range 1 << len(free) {
		got := x.Eval(func(name string) bool {
			if k := tag(name); k != 0 {
				return k > 0
			}
			return bits&(1<<free[name]) != 0
		})
		if got != want {
			return false
		}
	}
	return true
}

// platform returns the constraint in a file name: "linux && amd64" of
// x_linux_amd64.go, "" of x.go.
func platform(name string) string {
	if !strings.HasSuffix(name, ".go") || strings.HasPrefix(name, "_") || builtFor(name, "") {
		return ""
	}
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.TrimSuffix(stem, "_test")
	parts := strings.Split(stem, "_")
	last := parts[len(parts)-1]
	if builtFor(name, last) {
		return last
	}
	return parts[len(parts)-2] + " && " + last
}

// builtFor reports whether a file of that name is built on a machine of no known
// system and a certain architecture. The go/build package has the lists of both
// and keeps them to itself.
func builtFor(name, arch string) bool {
	ctxt := build.Context{
		GOARCH: arch, Compiler: "gc",
		OpenFile: func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("package p")), nil },
	}
	ok, err := ctxt.MatchFile("", name)
	return ok || err != nil
}
