package disk

import (
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/workgen/workgen/runtime/store"
)

// TestWhoIsBuriedHoldsNothing: somebody has removed the file of a dead process, and has
// not come to its leases yet.
func TestWhoIsBuriedHoldsNothing(t *testing.T) {
	dir := t.TempDir()
	s, other := opened(t, dir, Options{}), opened(t, dir, Options{})
	l, err := begin(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.self.lock.Name()); err != nil {
		t.Fatal(err)
	}
	if _, err := begin(other, 1); err != nil {
		t.Fatal(err)
	}
	if err := put(s, l, []byte("late")); err != store.ErrLost {
		t.Errorf("error %v, want ErrLost", err)
	}
}

// TestScopesOfNoRecordAreForgotten: every change of code makes one.
func TestScopesOfNoRecordAreForgotten(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Relaxed: true, History: 1})
	for n := range maxScopes + 50 {
		if err := fail(s, store.Record{Ref: ref(byte(n % 10)), Code: string(rune('!' + n))}); err != nil {
			t.Fatal(err)
		}
	}
	for _, code := range []string{string(rune('!' + maxScopes + 49)), "another"} {
		if err := s.GC(ctx); err != nil {
			t.Fatal(err)
		}
		c, err := s.readers.take(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n, err := c.value(`SELECT count(*) FROM scope`)
		s.readers.give(c)
		if err != nil || n > 10 {
			t.Errorf("%d scopes are left of 10 records, %v", n, err)
		}
		if err := fail(s, store.Record{Ref: ref(1), Code: code}); err != nil {
			t.Fatal(err)
		}
		found := 0
		for r, err := range s.History(ctx, store.Filter{Prefix: numbered(1).String(), Limit: 1}) {
			if found++; err != nil || r.Work != "w" || r.Code != code {
				t.Errorf("%+v, %v", r, err)
			}
		}
		if found != 1 {
			t.Errorf("%d records", found)
		}
	}
}

// TestTheRecordsOfTheLastOnesEvictedAreKept: those of the first would have to go again.
func TestTheRecordsOfTheLastOnesEvictedAreKept(t *testing.T) {
	defer func(n int64) { remembered = n }(remembered)
	remembered = 300
	dir := t.TempDir()
	s := opened(t, dir, Options{Relaxed: true, Manual: true})
	const many, size = 2000, 2000
	for n := range many {
		k := sha256.Sum256([]byte{byte(n), byte(n >> 8), 0})
		data := make([]byte, size)
		_, _ = rand.NewChaCha8(k).Read(data)
		l, err := s.Begin(ctx, store.Record{Ref: store.Ref{Work: "w", Key: k}})
		if err == nil {
			err = put(s, l, data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = opened(t, dir, Options{MaxBytes: many * size / 2, Manual: true})
	if err := s.gc.shrink(); err != nil {
		t.Fatal(err)
	}
	evicted, left := 0, 0
	for r, err := range s.History(ctx, store.Filter{Status: []store.Status{store.Succeeded, store.Evicted}}) {
		switch {
		case err != nil:
			t.Fatal(err)
		case r.Status == store.Evicted:
			evicted++
		default:
			left++
		}
	}
	if left < many/5 || left > many/2 {
		t.Errorf("%d results are left", left)
	}
	if want := int(remembered); evicted < want || evicted > 2*want+batch {
		t.Errorf("%d records of what was evicted were kept, want about %d", evicted, want)
	}
}

// TestGarbageIsFoundWhateverTheDirectoryIsCalled: its name is no pattern.
func TestGarbageIsFoundWhateverTheDirectoryIsCalled(t *testing.T) {
	s := opened(t, filepath.Join(t.TempDir(), "[a]"), Options{Manual: true})
	garbage := []string{filepath.Join(s.dir, tempDir, "1234-5"), s.fileOf(make([]byte, nameSize))}
	for _, path := range garbage {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.GC(ctx); err != nil {
		t.Fatal(err)
	}
	for _, path := range garbage {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
}
