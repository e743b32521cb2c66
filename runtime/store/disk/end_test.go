package disk

import (
	"errors"
	"testing"

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
	s.wake.mu.Lock()
	held := s.wake.held[r.Key]
	s.wake.mu.Unlock()
	if held != l.Token {
		t.Errorf("the holder answers for token %d", held)
	}
}
