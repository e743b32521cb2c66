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
	var took []time.Duration
	slow := 0
	for n := range byte(10) {
		l, err := s.Acquire(ctx, numbered(n))
		if err != nil {
			t.Fatal(err)
		}
		changed, stop := other.Watch(numbered(n))
		_, err = other.Acquire(ctx, numbered(n))
		begin := make(chan time.Time, 1)
		go func() {
			time.Sleep(5 * time.Millisecond)
			begin <- time.Now()
			if err := s.Put(ctx, l, store.Record{}, store.Bytes{n}); err != nil {
				t.Error(err)
			}
		}()
		for errors.Is(err, store.ErrHeld) {
			<-changed
			_, err = other.Acquire(ctx, numbered(n))
		}
		if !errors.Is(err, store.ErrFinished) {
			t.Error(err)
		}
		d := time.Since(<-begin)
		took = append(took, d)
		if d > every/4 {
			slow++
		}
		stop()
	}
	t.Logf("woken %v after the call to Put", took)
	if slow > len(took)/3 {
		t.Errorf("woken %v after the call to Put: by polling, it seems", took)
	}
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
		if l, err = s.Acquire(ctx, numbered(n)); err != nil {
			t.Fatal(err)
		}
	}
	alone, stop := other.Watch(numbered(0))
	defer stop()
	followed, stop := other.Watch(numbered(1))
	defer stop()
	for is := false; !is; time.Sleep(time.Millisecond) { // until the holder can be connected to
		if _, err := other.Acquire(ctx, numbered(1)); !errors.Is(err, store.ErrHeld) {
			t.Fatal(err)
		}
		other.wake.mu.Lock()
		is = other.wake.watches[numbered(1)].followed
		other.wake.mu.Unlock()
	}
	woken(followed)
	other.wake.ringAll(false)
	if !woken(alone) || woken(followed) {
		t.Error("not those were woken that nobody else wakes")
	}
	other.wake.ringAll(true)
	if !woken(alone) || !woken(followed) {
		t.Error("not all were woken")
	}
	if err := s.Release(ctx, l); err != nil {
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
		l, err := s.Acquire(ctx, numbered(n))
		if err != nil {
			t.Fatal(err)
		}
		_, stop := other.Watch(numbered(n))
		if _, err := other.Acquire(ctx, numbered(n)); !errors.Is(err, store.ErrHeld) {
			t.Fatal(err)
		}
		if n%2 == 0 {
			stop()
			stop = func() {}
		}
		if err := s.Release(ctx, l); err != nil {
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
	if _, err := s.Acquire(ctx, numbered(1)); err != nil {
		t.Fatal(err)
	}
	changed, stop := other.Watch(numbered(1))
	defer stop()
	timeout := time.After(every * rarely / 2)
	for {
		_, err := other.Acquire(ctx, numbered(1))
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
