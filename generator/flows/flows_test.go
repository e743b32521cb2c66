package flows_test

import (
	"fmt"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"

	"github.com/workgen/workgen/generator/analyzer"
)

// TestWhatIsReportedIsWhatTheCommentsWant runs the analyzer on the packages below
// testdata, which refer to the true package runtime. A line has a comment with the
// beginning of each message that is expected for it:
//
//	time.Sleep(d) // want "time.Sleep blocks the flow"
func TestWhatIsReportedIsWhatTheCommentsWant(t *testing.T) {
	pkgs := load(t, "./testdata/src/...")
	if len(pkgs) < 7 {
		t.Fatalf("only %d packages were found", len(pkgs))
	}
	for _, p := range pkgs {
		for _, err := range p.Errors {
			t.Error(err)
		}
	}
	wanted := wants(t, pkgs)
	for _, got := range analyse(t, pkgs) {
		at := fmt.Sprintf("%s:%d", filepath.Base(got.pos.Filename), got.pos.Line)
		if i := matching(wanted[at], got.message); i >= 0 {
			wanted[at] = append(wanted[at][:i], wanted[at][i+1:]...)
			continue
		}
		t.Errorf("%s: unexpected: %s", got.pos, got.message)
	}
	for at, texts := range wanted {
		for _, text := range texts {
			t.Errorf("%s: not reported: %s", at, text)
		}
	}
}

// TestCodeThatDoesNotCompileIsLookedAt is about editors: what is written halfway has calls
// with too few arguments, and more results than variables.
func TestCodeThatDoesNotCompileIsLookedAt(t *testing.T) {
	pkgs := load(t, "./testdata/broken")
	if len(pkgs) == 0 || len(pkgs[0].Errors) == 0 {
		t.Fatal("the package compiles")
	}
	found := false
	for _, r := range analyse(t, pkgs) {
		found = found || strings.HasPrefix(r.message, "time.Sleep blocks the flow")
	}
	if !found {
		t.Error("nothing was reported")
	}
}

// load loads packages as go vet does: what they import comes from the compiler.
func load(t *testing.T, patterns ...string) []*packages.Package {
	t.Helper()
	pkgs, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
			packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedModule | packages.NeedExportFile,
		Tests: true,
	}, patterns...)
	if err != nil {
		t.Fatal(err)
	}
	return pkgs
}

// A report is a diagnostic of the analyzer.
type report struct {
	pos     token.Position
	message string
}

// analyse returns what the analyzer reports, each once though a package is looked at
// with its tests as well.
func analyse(t *testing.T, pkgs []*packages.Package) (out []report) {
	t.Helper()
	graph, err := checker.Analyze([]*analysis.Analyzer{analyzer.Analyzer}, pkgs, nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[report]bool{}
	for _, action := range graph.Roots {
		if action.Err != nil {
			t.Error(action.Package, action.Err)
		}
		for _, d := range action.Diagnostics {
			r := report{action.Package.Fset.Position(d.Pos), d.Message}
			if !seen[r] {
				seen[r] = true
				out = append(out, r)
			}
		}
	}
	return out
}

// want matches a text that is expected.
var want = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`")

// wants reads the comments, by file and line.
func wants(t *testing.T, pkgs []*packages.Package) map[string][]string {
	t.Helper()
	out, read := map[string][]string{}, map[string]bool{}
	for _, p := range pkgs {
		for _, f := range p.Syntax {
			name := p.Fset.Position(f.Package).Filename
			if read[name] {
				continue
			}
			read[name] = true
			for _, group := range f.Comments {
				for _, c := range group.List {
					_, texts, ok := strings.Cut(c.Text, "// want ")
					if !ok {
						continue
					}
					at := fmt.Sprintf("%s:%d", filepath.Base(name), p.Fset.Position(c.Pos()).Line)
					for _, quoted := range want.FindAllString(texts, -1) {
						text, err := strconv.Unquote(quoted)
						if err != nil {
							t.Fatal(at, err)
						}
						out[at] = append(out[at], text)
					}
				}
			}
		}
	}
	return out
}

// matching returns the index of the text that a message begins with, -1 when there is
// none.
func matching(texts []string, message string) int {
	for i, text := range texts {
		if strings.HasPrefix(message, text) {
			return i
		}
	}
	return -1
}
