package disk

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// TestALeaseWhoseCommitIsInDoubtIsFoundAgain: nobody was told of it, and its row is there.
func TestALeaseWhoseCommitIsInDoubtIsFoundAgain(t *testing.T) {
	s := opened(t, t.TempDir(), Options{})
	r := store.Record{Ref: ref(1), Nonce: 7}
	var l store.Lease
	err := s.w.write(ctx, false, func(tx *tx) (err error) {
		l, err = tx.begin(r)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Begin(ctx, r)
	if err != nil || again.Token != l.Token {
		t.Errorf("%+v, %v, want token %d", again, err, l.Token)
	}
	if _, err := begin(s, 1); !errors.Is(err, store.ErrHeld) {
		t.Errorf("error %v, want ErrHeld", err)
	}
	// Those who wait elsewhere are woken by its end all the same.
	s.watches.mu.Lock()
	held := s.watches.held[r.Key]
	s.watches.mu.Unlock()
	if held != l.Token {
		t.Errorf("the holder answers for token %d", held)
	}
}

// TestWhatCannotBeReadIsNotLost: nobody knows then whether a lease is held.
func TestWhatCannotBeReadIsNotLost(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true})
	l, err := begin(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "damaged.db")
	if err := makeFile(path); err != nil {
		t.Fatal(err)
	}
	c, err := openConn(path, readWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	tx := &tx{conn: c, s: s}
	if err := tx.holds(l); !isDamage(err) {
		t.Errorf("error %v, want that of the database", err)
	}
	for _, how := range []store.Status{store.Succeeded, store.Failed, store.Stopped} {
		if err := tx.end(l, &store.Record{Ref: l.Ref, Status: how}, nil); !isDamage(err) {
			t.Errorf("%v: error %v, want that of the database", how, err)
		}
	}
}

// TestWhatIsGotWhileAStoreClosesLeavesNothing in its directory.
func TestWhatIsGotWhileAStoreClosesLeavesNothing(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true})
	l, err := begin(s, 1)
	if err == nil {
		err = put(s, l, []byte("x"))
	}
	if err == nil {
		_, err = begin(s, 2) // which is given up by Close
	}
	lock, opened := s.directory()
	if err = errors.Join(err, opened); err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := lockFile(lock, false, true); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	for busy := false; !busy; time.Sleep(time.Millisecond) {
		s.w.mu.Lock()
		busy = s.w.busy
		s.w.mu.Unlock()
	}
	found := make([]store.Found, 1)
	if err := s.Lookup(ctx, []store.Ref{ref(1)}, found); err != nil || found[0].Result() == nil {
		t.Errorf("%+v, %v", found[0], err)
	}
	_ = unlockFile(lock)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(filepath.Join(s.dir, liveDir)); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// TestAnExecutionBeginsNowThoughTheClockWasSetBack: only tokens grow all the same.
func TestAnExecutionBeginsNowThoughTheClockWasSetBack(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true})
	before, err := begin(s, 1)
	if err == nil {
		err = s.w.write(ctx, false, func(tx *tx) error {
			return tx.q(`UPDATE execution SET seq = seq + ?`).int(time.Hour.Microseconds()).run()
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	for n, started := range []time.Time{{}, time.Now().Add(time.Minute)} {
		l, err := s.Begin(ctx, store.Record{Ref: ref(byte(2 + n)), Started: started})
		if err != nil || l.Token <= before.Token+uint64(time.Hour.Microseconds()) {
			t.Errorf("token %d after %d, %v", l.Token, before.Token, err)
		}
	}
	n := 0
	for r, err := range s.History(ctx, store.Filter{Until: time.Now().Add(time.Millisecond)}) {
		if n++; err != nil || r.Started.After(time.Now()) {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if n != 3 {
		t.Errorf("%d executions have begun until now", n)
	}
}
