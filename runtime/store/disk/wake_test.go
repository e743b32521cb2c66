package disk

import (
	"errors"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

func TestWatchesAreWokenByTheHolder(t *testing.T) {
	dir := t.TempDir()
	s, other := opened(t, dir, Options{}), opened(t, dir, Options{})
	_, stop := other.Watch(ref(100)) // while there is one, there is a ticker
	defer stop()
	other.wake.mu.Lock()
	ticker := other.wake.ticker
	other.wake.mu.Unlock()
	ticker.Reset(time.Hour) // wakes nobody
	defer ticker.Reset(every)
	for n := range byte(10) {
		l, err := begin(s, n)
		if err != nil {
			t.Fatal(err)
		}
		changed, stop := other.Watch(ref(n))
		follow(t, other, n)
		go func() {
			if err := put(s, l, []byte{n}); err != nil {
				t.Error(err)
			}
		}()
		for err = store.ErrHeld; errors.Is(err, store.ErrHeld); _, err = begin(other, n) {
			select {
			case <-changed:
			case <-time.After(10 * time.Second):
				t.Fatal("not woken")
			}
		}
		if !errors.Is(err, store.ErrFinished) {
			t.Error(err)
		}
		stop()
	}
}

// follow looks up what is held, or wants it, until its holder can be connected to, and is
// going to answer.
func follow(t *testing.T, s *Store, n byte) {
	t.Helper()
	await(t, func() bool {
		if found := make([]store.Found, 1); n%2 == 0 {
			if err := s.Lookup(ctx, []store.Ref{ref(n)}, found); err != nil || found[0].Holder == nil {
				t.Fatal(found, err)
			}
		} else if _, err := begin(s, n); !errors.Is(err, store.ErrHeld) {
			t.Fatal(err)
		}
		s.wake.mu.Lock()
		defer s.wake.mu.Unlock()
		return s.wake.watches[numbered(n)].followed
	})
}

func TestWhoWaitsForAnAnswerDoesNotAskAllTheTime(t *testing.T) {
	dir := t.TempDir()
	s, other := opened(t, dir, Options{}), opened(t, dir, Options{})
	woken := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	var l store.Lease
	var err error
	for n := range byte(2) {
		if l, err = begin(s, n); err != nil {
			t.Fatal(err)
		}
	}
	alone, stop := other.Watch(ref(0))
	defer stop()
	followed, stop := other.Watch(ref(1))
	defer stop()
	follow(t, other, 1)
	woken(followed)
	other.wake.ringAll(false)
	if !woken(alone) || woken(followed) {
		t.Error("not those were woken that nobody else wakes")
	}
	other.wake.ringAll(true)
	if !woken(alone) || !woken(followed) {
		t.Error("not all were woken")
	}
	if err := s.End(ctx, l, store.Record{Status: store.Stopped}, nil); err != nil {
		t.Fatal(err)
	}
	<-followed
	other.wake.ringAll(false)
	if !woken(followed) {
		t.Error("nobody wakes who was answered")
	}
}

func TestNothingIsLeftOfWaiting(t *testing.T) {
	dir := t.TempDir()
	s, other := opened(t, dir, Options{}), opened(t, dir, Options{})
	for n := range byte(50) {
		l, err := begin(s, n)
		if err != nil {
			t.Fatal(err)
		}
		_, stop := other.Watch(ref(n))
		if _, err := begin(other, n); !errors.Is(err, store.ErrHeld) {
			t.Fatal(err)
		}
		if n%2 == 0 {
			stop()
			stop = func() {}
		}
		if err := s.End(ctx, l, store.Record{Status: store.Stopped}, nil); err != nil {
			t.Fatal(err)
		}
		stop()
	}
	for _, h := range []*Store{s, other} {
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			w := h.wake
			w.mu.Lock()
			left := len(w.watches) + len(w.held) + len(w.waiting)
			for _, p := range w.peers {
				left += len(p.keys)
			}
			w.mu.Unlock()
			if left == 0 {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%d things are left", left)
			}
		}
	}
}

// TestExpiryWakesWithoutTheHolder: it may have been stopped.
func TestExpiryWakesWithoutTheHolder(t *testing.T) {
	dir := t.TempDir()
	s, other := opened(t, dir, Options{Lease: 300 * time.Millisecond}), opened(t, dir, Options{})
	if _, err := begin(s, 1); err != nil {
		t.Fatal(err)
	}
	changed, stop := other.Watch(ref(1))
	defer stop()
	timeout := time.After(every * rarely / 2)
	for {
		_, err := begin(other, 1)
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrHeld) {
			t.Fatal(err)
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatal("nothing woke when the lease had expired")
		}
	}
}
