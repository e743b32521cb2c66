package analyzer_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/workgen/workgen/generator/analyzer"
)

// TestWhatIsReportedIsWhatTheCommentsWant looks at all packages at once, since they are
// loaded with all that they import, from source: fixes are suggested for directives and
// tags; what is generated is no problem, and a missing file is reported; works in tests
// are looked at with the tests, and what only other packages know is not judged.
func TestWhatIsReportedIsWhatTheCommentsWant(t *testing.T) {
	analysistest.RunWithSuggestedFixes(t, analysistest.TestData(), analyzer.Analyzer,
		"directives", "fields", "clean", "missing", "tests", "alone")
}
