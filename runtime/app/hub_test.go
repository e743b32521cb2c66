package app

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheHubTellsTenTimesASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h hub
		rang := make(chan struct{}, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go h.run(ctx, rang)
		quick, _ := h.join()
		slow, _ := h.join()
		var got atomic.Int64
		go func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-quick.ready:
					got.Add(1)
				}
			}
		}()
		for range 10_000 {
			select {
			case rang <- struct{}{}:
			default:
			}
			time.Sleep(100 * time.Microsecond)
		}
		time.Sleep(time.Second)
		if n := got.Load(); n < 9 || n > 12 {
			t.Errorf("told %d times", n)
		}
		<-slow.ready
		want(t, "what is left for the slow one", len(slow.ready), 0)
		cancel()
		synctest.Wait()
	})
}

func TestTheHubHasABoundedNumberOfStreams(t *testing.T) {
	var h hub
	var last *listener
	for range maxStreams {
		s, ok := h.join()
		if !ok {
			t.Fatal("refused too early")
		}
		last = s
	}
	if _, ok := h.join(); ok {
		t.Error("one too many")
	}
	h.leave(last)
	if _, ok := h.join(); !ok {
		t.Error("refused though one has left")
	}
}
