package key_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

func fileFingerprint(path string) key.Fingerprint {
	return fingerprintOf(key.File(path).EncodeKey)
}

// later makes all files that the test writes look old enough to be remembered.
func later(t *testing.T) {
	t.Helper()
	key.Forget()
	t.Cleanup(key.At(time.Hour))
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// tick waits until the file system's clock has moved on, so that the next change
// has another time.
func tick(t *testing.T) {
	t.Helper()
	probe := filepath.Join(t.TempDir(), "probe")
	before := stat(t, write(t, probe, "")).ModTime()
	for deadline := time.Now().Add(5 * time.Second); !stat(t, write(t, probe, "")).ModTime().After(before); {
		if time.Now().After(deadline) {
			t.Fatal("the clock of the file system stands still")
		}
	}
}

func stat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestFileIsItsPathAndContent(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "a"), "content")
	sum := sha256.Sum256([]byte("content"))
	want := append(binary.LittleEndian.AppendUint64(nil, uint64(len(path))), path...)
	want = append(append(want, 1), sum[:]...)
	if got := key.Canonical(key.File(path).EncodeKey); !bytes.Equal(got, want) {
		t.Errorf("encoding is %x, want %x", got, want)
	}
	if fileFingerprint(path) == fileFingerprint(write(t, filepath.Join(dir, "b"), "content")) {
		t.Error("one fingerprint for two paths")
	}
}

func TestSumPathsDoesNotLookIntoFiles(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "a"), "content")
	paths := func(file, dir string) key.Key {
		return key.SumPaths(key.Scope{}, func(e *key.Encoder) { key.File(file).EncodeKey(e); key.Dir(dir).EncodeKey(e) })
	}
	before := paths(path, dir)
	content := key.Sum(key.Scope{}, key.File(path).EncodeKey)
	write(t, path, "other content")
	switch {
	case paths(path, dir) != before:
		t.Error("the content of a file counts")
	case paths(path+"2", dir) == before, paths(path, dir+"2") == before:
		t.Error("a path does not count")
	case paths(dir, path).IsZero():
		t.Error("what cannot be read fails")
	case key.Sum(key.Scope{}, key.File(path).EncodeKey) == content:
		t.Error("the content does not count in Sum any more")
	}
}

func TestEveryChangeOfAFileIsSeen(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, path string){
		"other length": func(t *testing.T, path string) { write(t, path, "other content") },
		"same length":  func(t *testing.T, path string) { write(t, path, "CONTENT") },
		"same length, time restored": func(t *testing.T, path string) {
			was := stat(t, path).ModTime()
			write(t, path, "CONTENT")
			if err := os.Chtimes(path, was, was); err != nil {
				t.Fatal(err)
			}
		},
		"renamed over, with same length and time": func(t *testing.T, path string) {
			was := stat(t, path).ModTime()
			other := write(t, path+"2", "CONTENT")
			if err := os.Chtimes(other, was, was); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(other, path); err != nil {
				t.Fatal(err)
			}
		},
		"removed": func(t *testing.T, path string) { os.Remove(path) },
		"emptied": func(t *testing.T, path string) { write(t, path, "") },
		"linked to another": func(t *testing.T, path string) {
			other := write(t, path+"2", "CONTENT")
			os.Remove(path)
			if err := os.Symlink(other, path); err != nil {
				t.Skip(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(name, "time") && runtime.GOOS == "windows" {
				t.Skip("no time of change")
			}
			later(t)
			path := write(t, filepath.Join(t.TempDir(), "a"), "content")
			before := fileFingerprint(path)
			if key.Remembered() != 1 {
				t.Error("the digest is not remembered")
			}
			tick(t)
			change(t, path)
			if after := fileFingerprint(path); after == before || after.Err() != nil {
				t.Errorf("not seen: error %v", after.Err())
			}
		})
	}
}

func TestRacyFilesAreReadEachTime(t *testing.T) {
	key.Forget()
	path := filepath.Join(t.TempDir(), "a")
	seen := map[key.Fingerprint]bool{}
	for i := range 100 { // many to a tick of the clock
		write(t, path, "content "+strconv.Itoa(100+i))
		f := fileFingerprint(path)
		if seen[f] {
			t.Fatalf("write %d was not seen", i)
		}
		seen[f] = true
	}
	if n := key.Remembered(); n != 0 {
		t.Errorf("%d digests of fresh files are remembered", n)
	}
}

func TestFilesFromTheFutureAreReadEachTime(t *testing.T) {
	key.Forget()
	defer key.At(-time.Hour)()
	path := write(t, filepath.Join(t.TempDir(), "a"), "content")
	fileFingerprint(path)
	if n := key.Remembered(); n != 0 {
		t.Error("a digest is remembered for a time that is still to come")
	}
}

func TestTouchingAFileChangesNothing(t *testing.T) {
	later(t)
	path := write(t, filepath.Join(t.TempDir(), "a"), "content")
	before := fileFingerprint(path)
	when := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
	if fileFingerprint(path) != before {
		t.Error("other times, other fingerprint")
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if fileFingerprint(path) != before {
		t.Error("other mode, other fingerprint")
	}
}

func TestNoFileIsAValue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	missing := fileFingerprint(path)
	if missing.Err() != nil || missing != fileFingerprint(path) {
		t.Errorf("no file: error %v", missing.Err())
	}
	if fileFingerprint(write(t, path, "")) == missing {
		t.Error("an empty file is none")
	}
	if err := fileFingerprint("").Err(); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNoFileFails(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		dir: "key.Dir",
		filepath.Join(write(t, filepath.Join(dir, "a"), "x"), "b"): "",
		os.DevNull: "not a regular file",
	} {
		f := fileFingerprint(path)
		if f.Err() == nil || !strings.Contains(f.Err().Error(), want) || !strings.Contains(f.Err().Error(), path) {
			t.Errorf("%s: error is %v, want one with %q and the path", path, f.Err(), want)
		}
	}
}

func TestUnreadableFilesFail(t *testing.T) {
	if os.Getuid() <= 0 {
		t.Skip("root reads everything")
	}
	path := write(t, filepath.Join(t.TempDir(), "a"), "x")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if fileFingerprint(path).Err() == nil {
		t.Error("no error")
	}
}

func TestFilesThatTheSystemMakesUpAreReadEachTime(t *testing.T) {
	later(t)
	for _, path := range []string{"/proc/self/stat", "/proc/uptime", "/sys/kernel/mm/transparent_hugepage/enabled"} {
		if _, err := os.Stat(path); err == nil {
			fileFingerprint(path)
		}
	}
	if n := key.Remembered(); n != 0 {
		t.Errorf("%d are remembered", n)
	}
}

func TestLargeFilesAreStreamed(t *testing.T) {
	later(t)
	path := filepath.Join(t.TempDir(), "a")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	const size = 50 << 20 // a hole
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	f.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fingerprint := fileFingerprint(path)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 || fingerprint.Err() != nil {
		t.Errorf("allocates %d bytes, error %v", n, fingerprint.Err())
	}
	if err := os.Truncate(path, size+1); err != nil {
		t.Fatal(err)
	}
	if fileFingerprint(path) == fingerprint {
		t.Error("one byte more is not seen")
	}
}

func TestFilesThatChangeWhileTheyAreReadAreSeenWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	page := strings.Repeat("x", 300<<10)
	write(t, path, "a"+page)
	whole := map[key.Fingerprint]bool{}
	for _, c := range []string{"a", "b"} {
		write(t, path, c+page)
		whole[fileFingerprint(path)] = true
	}
	done := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
				// Atomically, as one should.
				os.WriteFile(path+"2", []byte(string("ab"[i%2])+page), 0o644)
				os.Rename(path+"2", path)
			}
		}
	})
	for range 200 {
		if f := fileFingerprint(path); f.Err() == nil && !whole[f] {
			t.Error("a fingerprint of neither content")
		}
	}
	close(done)
	writer.Wait()
}

// The first byte changes when it was read already, the last one before it is.
func TestFilesThatAreWrittenToWhileTheyAreReadAreReadAnew(t *testing.T) {
	const size = 128 << 20
	path := write(t, filepath.Join(t.TempDir(), "a"), "")
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
	before := fileFingerprint(path)
	var writer sync.WaitGroup
	writer.Go(func() {
		time.Sleep(20 * time.Millisecond)
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		f.WriteAt([]byte("x"), 0)
		f.WriteAt([]byte("x"), size-1)
	})
	during := fileFingerprint(path)
	writer.Wait()
	if after := fileFingerprint(path); during.Err() == nil && during != before && during != after {
		t.Error("a fingerprint of what the file never held")
	}
}

func TestRememberedFilesAreBounded(t *testing.T) {
	later(t)
	for i := range 3 * key.MaxRemembered {
		key.Remember(strconv.Itoa(i))
		if n := key.Remembered(); n > key.MaxRemembered+1 {
			t.Fatalf("%d digests are remembered, want at most %d", n, key.MaxRemembered)
		}
	}
}

func TestFilesAreReadByManyAtOnce(t *testing.T) {
	later(t)
	path := write(t, filepath.Join(t.TempDir(), "a"), strings.Repeat("x", 1<<20))
	var all sync.WaitGroup
	var seen sync.Map
	for range 8 {
		all.Go(func() { seen.Store(fileFingerprint(path), true) })
	}
	all.Wait()
	n := 0
	seen.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d fingerprints of one file", n)
	}
}

func BenchmarkFile(b *testing.B) {
	defer key.At(time.Hour)()
	path := filepath.Join(b.TempDir(), "a")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o644); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		e := key.Borrow()
		key.File(path).EncodeKey(e)
		e.Release()
	}
}
