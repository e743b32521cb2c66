package write_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/generator/write"
)

func TestDifferencesAreWhatWriteWouldChange(t *testing.T) {
	crlf := strings.ReplaceAll(header+"package a\n\nconst A = 1\n", "\n", "\r\n")
	for _, test := range []struct {
		name, disk, want string
		state            write.State
		diff             string
	}{
		{"current", current, current, write.OK, ""},
		{"missing", "", "package a\n", write.Missing,
			"diff /dev/null b/a/workgen_gen.go\n--- /dev/null\n+++ b/a/workgen_gen.go\n@@ -0,0 +1,1 @@\n+package a\n"},
		{"orphaned", header + "package a\n", "", write.Orphaned,
			"diff a/a/workgen_gen.go /dev/null\n--- a/a/workgen_gen.go\n+++ /dev/null\n@@ -1,3 +0,0 @@\n-" +
				strings.ReplaceAll(header, "\n", "\n-") + "package a\n"},
		{"stale, line ends apart", crlf, header + "package a\n\nconst A = 2\n", write.Stale,
			"diff a/a/workgen_gen.go b/a/workgen_gen.go\n--- a/a/workgen_gen.go\n+++ b/a/workgen_gen.go\n@@ -2,4 +2,4 @@\n \n package a\n \n-const A = 1\n+const A = 2\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := tree{"a": test.disk}.create(t)
			before := readTree(t, root)
			diffs, err := write.Differences([]write.File{file(root, "a", test.want)}, root)
			if err != nil {
				t.Fatal(err)
			}
			if diffs[0].State != test.state {
				t.Errorf("state %v, want %v", diffs[0].State, test.state)
			}
			if d := cmp.Diff(test.diff, string(diffs[0].Text)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(before, readTree(t, root)); d != "" {
				t.Error("something was written:", d)
			}
		})
	}
}
