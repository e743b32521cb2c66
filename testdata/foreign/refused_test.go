package foreign_test

import (
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"

	_ "github.com/aws/aws-sdk-go-v2/service/s3" // of testdata, which does not count as using it
	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/generator"
)

var update = flag.Bool("update", false, "write the messages instead of comparing them")

// What cannot be keyed or copied is refused, with the directive that helps where
// there is one.
func TestRefused(t *testing.T) {
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	result, err := generator.Generate(t.Context(), generator.Config{Patterns: []string{"./testdata/refused/..."}})
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := result.Diagnostics.Write(&b, dir); err != nil {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(b.String(), strings.TrimSpace(string(cache)), "$GOMODCACHE")
	const file = "testdata/refused/want.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("other messages (-want +got); run go test -run Refused -update and read them\n%s", diff)
	}
}
