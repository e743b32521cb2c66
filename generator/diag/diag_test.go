package diag_test

import (
	"fmt"
	"go/token"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/workgen/workgen/generator/diag"
	"pgregory.net/rapid"
)

func at(file string, line, col int) token.Position {
	return token.Position{Filename: filepath.FromSlash(file), Line: line, Column: col}
}

// render is what the user sees in directory /m.
func render(t *testing.T, diags ...diag.Diagnostic) string {
	t.Helper()
	var l diag.List
	for _, d := range diags {
		l.Add(d)
	}
	var b strings.Builder
	if err := l.Write(&b, filepath.FromSlash("/m")); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestADiagnosticShowsPlaceWorkMessagePathAndFix(t *testing.T) {
	got := render(t, diag.Diagnostic{
		Pos: at("/m/render.go", 31, 39), Work: "Render",
		Message: "cannot key parameter cfg: a channel has no value",
		Path: []diag.Step{
			{"cfg", "Config", at("/m/render.go", 31, 39)},
			{"cfg.Hooks[]", "Hook", at("/m/config.go", 12, 2)},
			{"cfg.Hooks[].Done", "chan struct{}", at("/m/hook.go", 8, 2)},
		},
		Fix: "tag Done `workgen:\"-\"`, or give Config a method EncodeKey(*key.Encoder)",
	})
	want := `./render.go:31:39: work Render: cannot key parameter cfg: a channel has no value
	cfg                Config          ./render.go:31:39
	cfg.Hooks[]        Hook            ./config.go:12:2
	cfg.Hooks[].Done   chan struct{}   ./hook.go:8:2
	fix: tag Done ` + "`workgen:\"-\"`" + `, or give Config a method EncodeKey(*key.Encoder)
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	for _, test := range []struct {
		name string
		d    diag.Diagnostic
		want string
	}{
		{"no position", diag.Diagnostic{Message: "pattern ./... matches no packages"},
			"pattern ./... matches no packages\n"},
		{"a file without a line", diag.Diagnostic{Pos: token.Position{Filename: "/m/a.go"}, Message: "m"},
			"./a.go: m\n"},
		{"a line without a column", diag.Diagnostic{Pos: at("/m/a.go", 3, 0), Message: "m"},
			"./a.go:3: m\n"},
		{"a step without a position leaves no blanks", diag.Diagnostic{Message: "m", Path: []diag.Step{{"x", "T", token.Position{}}}},
			"m\n\tx   T\n"},
		{"widths are counted in characters, not bytes", diag.Diagnostic{Message: "m", Path: []diag.Step{
			{"größe", "T", at("/m/a.go", 1, 1)}, {"größe.x", "T", at("/m/a.go", 2, 2)}}},
			"m\n\tgröße     T   ./a.go:1:1\n\tgröße.x   T   ./a.go:2:2\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, render(t, test.d)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFileNamesAreRelativeBelowTheDirectoryOnly(t *testing.T) {
	for _, test := range []struct{ dir, file, want string }{
		{"/m", "/m/a.go", "./a.go"},
		{"/m", "/m/sub/a.go", "./sub/a.go"},
		{"/m", "/other/a.go", "/other/a.go"},
		{"/m", "/mm/a.go", "/mm/a.go"},
		{"/m/sub", "/m/a.go", "/m/a.go"},
		{"/m", "/m/..a.go", "./..a.go"},
		{"/m", "a.go", "a.go"},
		{"/m", "", ""},
	} {
		got := diag.Rel(filepath.FromSlash(test.dir), filepath.FromSlash(test.file))
		if got != test.want {
			t.Errorf("Rel(%q, %q) = %q, want %q", test.dir, test.file, got, test.want)
		}
	}
}

func TestEqualProblemsAreReportedOnceAndTheFirstIsKept(t *testing.T) {
	d := func(work, message, fix string) diag.Diagnostic {
		return diag.Diagnostic{Pos: at("/m/a.go", 1, 1), Work: work, Message: message, Fix: fix}
	}
	got := render(t, d("A", "m", "first"), d("A", "m", "second"), d("B", "m", "of another work"), d("A", "n", "another message"))
	want := `./a.go:1:1: work A: m
	fix: first
./a.go:1:1: work B: m
	fix: of another work
./a.go:1:1: work A: n
	fix: another message
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The report must not depend on the order in which problems are found: maps
// and goroutines may find them.
func TestTheReportDoesNotDependOnTheOrderOfAdding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var diags []diag.Diagnostic
		for i := range rapid.IntRange(0, 12).Draw(t, "n") {
			diags = append(diags, diag.Diagnostic{
				Pos: at(rapid.SampledFrom([]string{"", "/m/a.go", "/m/b.go", "/z.go"}).Draw(t, "file"),
					rapid.IntRange(0, 12).Draw(t, "line"), rapid.IntRange(0, 2).Draw(t, "col")),
				// Distinct, so that it does not matter which of two equals stays.
				Message: fmt.Sprintf("message %d", i),
			})
		}
		var first, second diag.List
		for _, d := range diags {
			first.Add(d)
		}
		rand.Shuffle(len(diags), func(i, j int) { diags[i], diags[j] = diags[j], diags[i] })
		for _, d := range diags {
			second.Add(d)
		}
		sorted := first.Sorted("/m")
		if diff := cmp.Diff(sorted, second.Sorted("/m")); diff != "" {
			t.Fatal(diff)
		}
		// Lines are compared as numbers, and what has no file comes first.
		for i := 1; i < len(sorted); i++ {
			a, b := sorted[i-1].Pos, sorted[i].Pos
			if a.Filename > b.Filename || a.Filename == b.Filename && a.Line > b.Line {
				t.Fatalf("%v before %v", a, b)
			}
		}
	})
}

func TestSortingChangesNeitherListNorSteps(t *testing.T) {
	var l diag.List
	steps := []diag.Step{{"x", "T", at("/m/a.go", 1, 1)}}
	l.Add(diag.Diagnostic{Pos: at("/m/a.go", 1, 1), Message: "m", Path: steps})
	l.Sorted(filepath.FromSlash("/m"))
	if got := l.Sorted("/other")[0].Pos.Filename; got != "/m/a.go" {
		t.Errorf("the list's file name became %q", got)
	}
	if got := steps[0].Pos.Filename; got != filepath.FromSlash("/m/a.go") {
		t.Errorf("the caller's step became %q", got)
	}
}

func TestAListMayBeAddedToConcurrently(t *testing.T) {
	var l diag.List
	if !l.Empty() {
		t.Error("a new list is not empty")
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() { l.Add(diag.Diagnostic{Message: fmt.Sprint(i)}) })
	}
	wg.Wait()
	if n := len(l.Sorted("/m")); n != 8 || l.Empty() {
		t.Errorf("%d of 8 diagnostics kept, Empty() = %v", n, l.Empty())
	}
}
