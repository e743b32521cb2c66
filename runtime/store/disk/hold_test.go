package disk

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// oneByOne has the collector write as little as possible in one go.
func oneByOne(t *testing.T) {
	was := holdMost
	holdMost = 0
	t.Cleanup(func() { holdMost = was })
}

// random returns bytes that cannot be compressed.
func random(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

// holds counts how often a store has the write lock.
func holds(s *Store) *int {
	n := 0
	s.OnHeld(func(time.Duration) { n++ })
	return &n
}

// TestTheCollectorGivesTheWriteLockUp once it is late, and goes on with the rest after that.
func TestTheCollectorGivesTheWriteLockUp(t *testing.T) {
	oneByOne(t)
	const many = 20
	succeed := func(t *testing.T, s *Store, r store.Record) {
		l, err := s.Begin(ctx, r)
		if r.Status = store.Succeeded; err == nil {
			err = s.End(ctx, l, r, store.Bytes(random(20_000)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		o       Options
		execute func(t *testing.T, s *Store, n int)
		collect func(s *Store) error
		gone    store.Filter // none is left
	}{
		"results that have expired": {Options{}, func(t *testing.T, s *Store, n int) {
			succeed(t, s, store.Record{Ref: ref(byte(n)), Expires: time.Now().Add(time.Millisecond)})
		}, func(s *Store) error {
			time.Sleep(5 * time.Millisecond)
			return s.gc.repeat((*tx).dropExpired)
		}, store.Filter{Status: []store.Status{store.Succeeded}}},
		"results that are too old": {Options{MaxAge: time.Nanosecond}, func(t *testing.T, s *Store, n int) {
			succeed(t, s, store.Record{Ref: ref(byte(n)), Finished: time.Now()})
		}, func(s *Store) error {
			time.Sleep(5 * time.Millisecond)
			return s.gc.repeat((*tx).dropAged)
		}, store.Filter{Status: []store.Status{store.Succeeded}}},
		"results that are too many": {Options{}, func(t *testing.T, s *Store, n int) {
			succeed(t, s, store.Record{Ref: ref(byte(n))})
		}, func(s *Store) error {
			s.o.MaxBytes = 1
			return s.gc.shrink()
		}, store.Filter{Status: []store.Status{store.Succeeded}}},
		"records that are too many": {Options{History: 1}, func(t *testing.T, s *Store, n int) {
			if err := fail(s, store.Record{Ref: ref(1), Attempt: n}); err != nil {
				t.Fatal(err)
			}
		}, func(s *Store) error { return s.gc.boundHistory(true) }, store.Filter{Before: 1}},
		"executions of the dead": {Options{}, func(t *testing.T, s *Store, n int) {
			if _, err := begin(s, byte(n)); err != nil {
				t.Fatal(err)
			}
		}, func(s *Store) error {
			s.dead([]int64{s.self.id})
			return nil
		}, store.Filter{Status: []store.Status{store.Running}}},
		"pages": {Options{MaxBytes: -1}, func(t *testing.T, s *Store, n int) {
			succeed(t, s, store.Record{Ref: ref(byte(n)), Expires: time.Now().Add(time.Millisecond)})
		}, func(s *Store) error {
			err := s.w.clear(ctx, false, func(tx *tx) error { return tx.exec(`DELETE FROM result`) })
			if err == nil {
				err = s.gc.vacuum()
			}
			return err
		}, store.Filter{Before: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			test.o.Manual, test.o.Relaxed = true, true
			s := opened(t, t.TempDir(), test.o)
			for n := range many {
				test.execute(t, s, n)
			}
			n := holds(s)
			if err := test.collect(s); err != nil {
				t.Fatal(err)
			}
			s.w.held.Store(nil)
			if *n < many-1 {
				t.Errorf("it has had the write lock %d times for %d of them", *n, many)
			}
			for r, err := range s.History(ctx, test.gone) {
				t.Errorf("left: %+v, %v", r, err)
			}
			if used := sizeOf(s.path()); name == "pages" && used > 256<<10+100<<10 {
				t.Errorf("the database still has %d bytes", used)
			}
		})
	}
}

// TestTheCollectorLeavesTheLogToACheckpoint, which needs no write lock.
func TestTheCollectorLeavesTheLogToACheckpoint(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true})
	pages := func(write func(do func(tx *tx) error) error) (n int64) {
		err := write(func(tx *tx) (err error) {
			n, err = tx.value(`PRAGMA wal_autocheckpoint`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	write := func(do func(tx *tx) error) error { return s.w.write(ctx, false, do) }
	for range 2 {
		if n := pages(s.gc.write); n != 0 {
			t.Errorf("the collector moves the log after %d pages", n)
		}
		if n := pages(write); n != 1000 {
			t.Errorf("who writes moves the log after %d pages", n)
		}
	}
	// What a batch has written is in the database once it is done.
	if err := keep(s, 1); err != nil {
		t.Fatal(err)
	}
	database := func() []byte {
		b, err := os.ReadFile(s.path())
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	before := database()
	err := s.gc.repeat(func(tx *tx, done, _ int) (int, error) {
		if done == 0 {
			return 1, tx.exec(`DELETE FROM result`)
		}
		if bytes.Equal(database(), before) {
			t.Error("what was written is in the log only")
		}
		return 0, nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestLargeFilesAreRemovedWithoutTheWriteLock: that takes a third of a second for a gigabyte.
func TestLargeFilesAreRemovedWithoutTheWriteLock(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true, Relaxed: true})
	l, err := begin(s, 1)
	if err == nil {
		err = put(s, l, random(1<<20))
	}
	if err != nil {
		t.Fatal(err)
	}
	files := func(dir string) int {
		found, err := filepath.Glob(filepath.Join(s.dir, dir))
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	results, temps := filepath.Join(resultsDir, "*", "*"), filepath.Join(tempDir, "*")
	if files(results) != 1 || files(temps) != 0 {
		t.Fatalf("%d results are in files", files(results))
	}
	moved := false
	s.OnHeld(func(time.Duration) { moved = files(results) == 0 && files(temps) == 1 })
	if _, err := s.Delete(ctx, ref(1)); err != nil {
		t.Fatal(err)
	}
	if !moved {
		t.Error("it is not moved under the write lock, and removed after that")
	}
	if files(results) != 0 || files(temps) != 0 {
		t.Error("it is still there")
	}
}

// TestAScopeThatIsUsedAgainIsNotForgotten, though it was not while the records were looked at.
func TestAScopeThatIsUsedAgainIsNotForgotten(t *testing.T) {
	oneByOne(t)
	dir := t.TempDir()
	s, other := opened(t, dir, Options{Manual: true, Relaxed: true}), opened(t, dir, Options{Manual: true, Relaxed: true})
	used := store.Record{Ref: ref(1), Code: "used again"}
	err := s.w.write(ctx, false, func(tx *tx) error {
		for n := range maxScopes {
			if _, _, err := tx.scope(&store.Record{Ref: ref(1), Code: strconv.Itoa(n)}); err != nil {
				return err
			}
		}
		_, _, err := tx.scope(&used)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	begun := false
	s.OnHeld(func(time.Duration) {
		if !begun {
			begun = true
			if err := fail(other, used); err != nil {
				t.Error(err)
			}
		}
	})
	if err := s.gc.forgetScopes(); err != nil {
		t.Fatal(err)
	}
	for r, err := range s.History(ctx, store.Filter{}) {
		if err != nil || r.Code != used.Code || r.Work != "w" {
			t.Errorf("record %+v, %v", r, err)
		}
	}
	err = s.reading(ctx, func(c *conn) error {
		n, err := c.value(`SELECT count(*) FROM scope`)
		if n != 1 {
			t.Errorf("%d scopes are left", n)
		}
		return err
	})
	if err != nil || !begun {
		t.Error(begun, err)
	}
}

// TestTheCollectorSortsNothingUnderTheWriteLock: that would take longer the more results there are.
func TestTheCollectorSortsNothingUnderTheWriteLock(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true, Relaxed: true, MaxAge: time.Hour})
	if err := keep(s, 1); err != nil {
		t.Fatal(err)
	}
	s.o.MaxBytes = 1
	if err := s.GC(ctx); err != nil {
		t.Fatal(err)
	}
	var asked []string
	for sql := range s.w.c.all {
		if strings.Contains(sql, "execution") {
			asked = append(asked, sql)
		}
	}
	c, err := openConn(s.path(), readWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for _, sql := range asked {
		for q := c.q("EXPLAIN QUERY PLAN " + sql); ; {
			more, err := q.step()
			if err != nil {
				t.Fatal(err)
			}
			if !more {
				break
			}
			if step := q.colString(3); step == "SCAN execution" || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s: %s", sql, step)
			}
		}
	}
}
