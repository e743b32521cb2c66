package write_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/write"
)

func TestDifferencesAreWhatWriteWouldChange(t *testing.T) {
	crlf := strings.ReplaceAll(header+"package a\n\nconst A = 1\n", "\n", "\r\n")
	const git = "diff --git a/a/workgen_gen.go b/a/workgen_gen.go\n"
	for _, test := range []struct {
		name, disk, want string
		state            write.State
		diff             string
	}{
		{"current", current, current, write.OK, ""},
		{"missing", "", "package a\n", write.Missing,
			git + "new file mode 100644\n--- /dev/null\n+++ b/a/workgen_gen.go\n@@ -0,0 +1,1 @@\n+package a\n"},
		{"orphaned", header + "package a\n", "", write.Orphaned,
			git + "deleted file mode 100644\n--- a/a/workgen_gen.go\n+++ /dev/null\n@@ -1,3 +0,0 @@\n-" +
				strings.ReplaceAll(header, "\n", "\n-") + "package a\n"},
		{"stale, with the line ends of before", crlf, header + "package a\n\nconst A = 2\n", write.Stale,
			git + "--- a/a/workgen_gen.go\n+++ b/a/workgen_gen.go\n@@ -2,4 +2,4 @@\n \r\n package a\r\n \r\n-const A = 1\r\n+const A = 2\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := tree{"a": test.disk}.create(t)
			put(t, filepath.Join(root, "go.mod"), "module m\n", 0o644)
			before := readTree(t, root)
			diffs, err := write.Differences([]write.File{file(root, "a", test.want)})
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

// TestDifferencesCanBeApplied gives diffs to the programs that take them, which
// have to leave the files as Write does.
func TestDifferencesCanBeApplied(t *testing.T) {
	programs := map[string][]string{
		"git":   {"git", "apply"},
		"patch": {"patch", "-p1", "-s", "-i"},
	}
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	changed := strings.Repeat("// a line\n", 20)
	for _, test := range []struct {
		name, dir, disk, want string
		mode                  os.FileMode
	}{
		{"missing", "a", "", current, 0o644},
		{"orphaned", "a", current, "", 0o644},
		{"orphaned with CRLF", "a", crlf(current), "", 0o644},
		{"orphaned without a last line end", "a", strings.TrimSpace(current), "", 0o644},
		{"orphaned and executable", "a", current, "", 0o755},
		{"stale", "a", old + changed, current + changed, 0o644},
		{"stale with CRLF", "a", crlf(old + changed), current + changed, 0o644},
		{"stale without a last line end", "a", strings.TrimSpace(old + changed), current + changed, 0o644},
		{"stale with some CRLF", "a", crlf(old) + changed, current + changed + "// end\n", 0o644},
		{"stale with some LF", "a", old + crlf(changed), current + changed + "// end\n", 0o644},
		{"cut short", "a", "\n", current, 0o644},
		{"executable", "a", old, current, 0o755},
		{"a name with spaces", "my a", old, current, 0o644},
		{"a new name with spaces", "my a", "", current, 0o644},
		{"a name with quotes", `a"b\`, old, current, 0o644},
		{"a name not in ASCII", "ä", "", current, 0o644},
	} {
		for program, command := range programs {
			t.Run(test.name+" with "+program, func(t *testing.T) {
				if _, err := exec.LookPath(program); err != nil {
					t.Skip(err)
				}
				repository := t.TempDir()
				dir := filepath.Join(repository, "module", test.dir)
				if err := os.MkdirAll(dir, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Mkdir(filepath.Join(repository, ".git"), 0o755); err != nil {
					t.Fatal(err)
				}
				put(t, filepath.Join(repository, "module", "go.mod"), "module m\n", 0o644)
				if test.disk != "" {
					put(t, filepath.Join(dir, load.GeneratedFile), test.disk, test.mode)
				}
				files := []write.File{file(filepath.Dir(dir), test.dir, test.want)}
				diffs, err := write.Differences(files)
				if err != nil {
					t.Fatal(err)
				}
				patch := filepath.Join(t.TempDir(), "patch")
				put(t, patch, string(diffs[0].Text), 0o644)
				cmd := exec.Command(command[0], append(command[1:], patch)...)
				cmd.Dir = repository
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s\n%s", err, out, diffs[0].Text)
				}
				applied := readTree(t, repository)
				if err := os.MkdirAll(dir, 0o755); err != nil { // patch removes empty ones
					t.Fatal(err)
				}
				if test.disk != "" {
					put(t, filepath.Join(dir, load.GeneratedFile), test.disk, test.mode)
				} else {
					os.Remove(filepath.Join(dir, load.GeneratedFile))
				}
				if _, err := write.Write(files); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(readTree(t, repository), applied); d != "" {
					t.Errorf("not what Write does (-Write +applied):\n%s", d)
				}
			})
		}
	}
}
