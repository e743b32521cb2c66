package write_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/write"
)

// TestMain lets the test binary be a process that writes until it is killed.
func TestMain(m *testing.M) {
	if root := os.Getenv("WRITE_UNTIL_KILLED"); root != "" {
		for i := 0; ; i++ {
			if _, err := write.Write(versions(root, i)); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			if i == 0 {
				fmt.Println("writing")
			}
		}
	}
	os.Exit(m.Run())
}

// versions are the generated files of three packages, big enough for a write to
// take a while, in one of two versions.
func versions(root string, i int) []write.File {
	text := header + strings.Repeat(fmt.Sprintf("// version %d\n", i%2), 20_000)
	return []write.File{file(root, "a", text), file(root, "b", text), file(root, "c", text)}
}

func TestAKilledProcessLeavesNoHalfFileAndNoRubbishForLong(t *testing.T) {
	root := tree{"a": old, "b": old, "c": old}.create(t)
	leftovers := 0
	for range 20 {
		killWhileWriting(t, root)
		for _, dir := range []string{"a", "b", "c"} {
			got, err := os.ReadFile(filepath.Join(root, dir, load.GeneratedFile))
			if err != nil {
				t.Fatal(err)
			}
			if even, odd := versions(root, 0)[0].Content, versions(root, 1)[0].Content; !bytes.Equal(got, even) && !bytes.Equal(got, odd) {
				t.Fatalf("%s is neither of the versions: %d bytes", dir, len(got))
			}
		}
		leftovers += len(temporary(t, root))
		if _, err := write.Write(versions(root, 0)); err != nil {
			t.Fatal(err)
		}
		if left := temporary(t, root); len(left) > 0 {
			t.Fatalf("the next run leaves %v", left)
		}
	}
	if leftovers == 0 {
		t.Error("no process was killed while it wrote; nothing was tested")
	}
}

// killWhileWriting starts a process that writes below root and kills it.
func killWhileWriting(t *testing.T, root string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), "WRITE_UNTIL_KILLED="+root)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatalf("the process does not write: %v %s", err, stderr.String())
	}
	time.Sleep(time.Duration(rand.IntN(20_000)) * time.Microsecond)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
}

// temporary lists the temporary files below root.
func temporary(t *testing.T, root string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "*", ".*.tmp"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestOnlyLeftoversAreSwept(t *testing.T) {
	root := tree{"a": current}.create(t)
	prefix := filepath.Join(root, "a", "."+load.GeneratedFile+".")
	kept := []string{
		fmt.Sprintf("%s%d-x.tmp", prefix, os.Getpid()),  // of this process, which is alive
		fmt.Sprintf("%s%d-x.tmp", prefix, os.Getppid()), // of another one
		prefix + "x.tmp", prefix + "tmp", prefix + "x-1.tmp", // somebody's
		filepath.Join(root, "a", ".other.go.999999999-x.tmp"),
	}
	gone := []string{
		prefix + "999999999-x.tmp",                      // no such process
		fmt.Sprintf("%s%d-y.tmp", prefix, os.Getppid()), // long ago
	}
	for _, name := range append(kept[:len(kept):len(kept)], gone...) {
		put(t, name, "x", 0o644)
	}
	long := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(gone[1], long, long); err != nil {
		t.Fatal(err)
	}
	if _, err := write.Check([]write.File{file(root, "a", current)}); err != nil || len(temporary(t, root)) != len(kept)+len(gone) {
		t.Fatalf("check removed something: %v", err)
	}
	if _, err := write.Write([]write.File{file(root, "a", current)}); err != nil {
		t.Fatal(err)
	}
	for _, name := range kept {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range gone {
		if _, err := os.Stat(name); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
}
