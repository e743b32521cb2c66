package disk

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// LockGC keeps everybody from collecting garbage.
func LockGC(t *testing.T, dir string) (unlock func()) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, gcFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockFile(f, false, true); err != nil {
		t.Fatal(err)
	}
	return func() { _ = f.Close() }
}

// GCPolls passes when GC has looked for its turn some times.
func GCPolls(n int) <-chan time.Time { return time.After(time.Duration(n) * gcPoll) }
