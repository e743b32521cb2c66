package analyzer_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/workgen/workgen/generator/analyzer"
)

func TestFixesAreSuggestedForDirectivesAndTags(t *testing.T) {
	analysistest.RunWithSuggestedFixes(t, analysistest.TestData(), analyzer.Analyzer, "directives", "fields")
}

func TestWhatIsGeneratedIsNoProblem(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), analyzer.Analyzer, "clean")
}

func TestAMissingFileIsReported(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), analyzer.Analyzer, "missing")
}

func TestWorksInTestsAreLookedAtWithTheTests(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), analyzer.Analyzer, "tests")
}

func TestWhatOtherPackagesKnowIsNotJudged(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), analyzer.Analyzer, "alone")
}
