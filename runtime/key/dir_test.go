package key_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

func dirFingerprint(path string) key.Fingerprint {
	return fingerprintOf(key.Dir(path).EncodeKey)
}

// tree makes a directory with a file in a directory in it.
func tree(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	if err := os.MkdirAll(filepath.Join(root, "sub", "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "a"), "aa")
	write(t, filepath.Join(root, "sub", "b"), "bb")
	return root
}

func TestEveryChangeOfADirectoryIsSeen(t *testing.T) {
	for name, change := range map[string]func(root string) error{
		"content":         func(root string) error { return os.WriteFile(filepath.Join(root, "sub", "b"), []byte("BB"), 0o644) },
		"added file":      func(root string) error { return os.WriteFile(filepath.Join(root, "sub", "c"), nil, 0o644) },
		"added directory": func(root string) error { return os.Mkdir(filepath.Join(root, "sub", "empty", "c"), 0o755) },
		"removed file":    func(root string) error { return os.Remove(filepath.Join(root, "sub", "b")) },
		"removed directory": func(root string) error {
			return os.Remove(filepath.Join(root, "sub", "empty"))
		},
		"renamed": func(root string) error { return os.Rename(filepath.Join(root, "a"), filepath.Join(root, "A2")) },
		"moved":   func(root string) error { return os.Rename(filepath.Join(root, "a"), filepath.Join(root, "sub", "a")) },
		"swapped": func(root string) error {
			if err := os.WriteFile(filepath.Join(root, "a"), []byte("bb"), 0o644); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(root, "sub", "b"), []byte("aa"), 0o644)
		},
		"executable": func(root string) error { return os.Chmod(filepath.Join(root, "a"), 0o755) },
		"file to directory": func(root string) error {
			os.Remove(filepath.Join(root, "a"))
			return os.Mkdir(filepath.Join(root, "a"), 0o755)
		},
		"file to link": func(root string) error {
			os.Rename(filepath.Join(root, "a"), filepath.Join(filepath.Dir(root), "a"))
			return os.Symlink(filepath.Join("..", "a"), filepath.Join(root, "a"))
		},
		"all gone": os.RemoveAll,
	} {
		t.Run(name, func(t *testing.T) {
			if name == "executable" && runtime.GOOS == "windows" {
				t.Skip("no such bit")
			}
			later(t)
			root := tree(t)
			before := dirFingerprint(root)
			if before.Err() != nil || before != dirFingerprint(root) {
				t.Fatalf("no fingerprint of its own: %v", before.Err())
			}
			tick(t)
			if err := change(root); err != nil {
				t.Fatal(err)
			}
			if after := dirFingerprint(root); after == before || after.Err() != nil {
				t.Errorf("not seen: error %v", after.Err())
			}
		})
	}
}

func TestDirectoriesAreEqualByContent(t *testing.T) {
	a, b := tree(t), tree(t)
	// The paths are of one length and are left out.
	x, y := key.Canonical(key.Dir(a).EncodeKey), key.Canonical(key.Dir(b).EncodeKey)
	if string(x[8+len(a):]) != string(y[8+len(b):]) {
		t.Error("other content")
	}
	if dirFingerprint(a) == dirFingerprint(b) {
		t.Error("one fingerprint for two paths")
	}
	when := time.Now().Add(-time.Hour)
	before := dirFingerprint(a)
	if err := os.Chtimes(filepath.Join(a, "a"), when, when); err != nil {
		t.Fatal(err)
	}
	if dirFingerprint(a) != before {
		t.Error("times count")
	}
}

func TestLinksInADirectoryAreNotFollowed(t *testing.T) {
	root := tree(t)
	outside := write(t, filepath.Join(filepath.Dir(root), "outside"), "x")
	for from, to := range map[string]string{"file": outside, "loop": root, "dangling": "nowhere"} {
		if err := os.Symlink(to, filepath.Join(root, from)); err != nil {
			t.Skip(err)
		}
	}
	before := dirFingerprint(root)
	if before.Err() != nil {
		t.Fatal(before.Err())
	}
	write(t, outside, "other")
	if dirFingerprint(root) != before {
		t.Error("what a link leads to counts")
	}
	os.Remove(filepath.Join(root, "dangling"))
	os.Symlink("elsewhere", filepath.Join(root, "dangling"))
	if dirFingerprint(root) == before {
		t.Error("where a link leads to does not count")
	}
	link := filepath.Join(filepath.Dir(root), "link")
	os.Symlink(root, link)
	if f := dirFingerprint(link); f.Err() != nil {
		t.Error(f.Err())
	}
}

func TestWhatIsNoDirectoryFails(t *testing.T) {
	file := write(t, filepath.Join(t.TempDir(), "a"), "x")
	if err := dirFingerprint(file).Err(); err == nil || !strings.Contains(err.Error(), "key.File") {
		t.Errorf("a file: error is %v", err)
	}
	missing := dirFingerprint(file + "2")
	if missing.Err() != nil {
		t.Error(missing.Err())
	}
	os.Mkdir(file+"2", 0o755)
	if dirFingerprint(file+"2") == missing {
		t.Error("an empty directory is none")
	}
}
