package app

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheHubLooksTenTimesASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h hub
		rang := make(chan struct{}, 1)
		var looks, got atomic.Int64
		ctx, cancel := context.WithCancel(t.Context())
		go h.run(ctx, rang, func() []byte { looks.Add(1); return []byte(fmt.Sprint(looks.Load())) })
		ring := func() {
			select {
			case rang <- struct{}{}:
			default:
			}
		}
		storm := func() {
			for range 10_000 {
				ring()
				time.Sleep(100 * time.Microsecond)
			}
			time.Sleep(time.Second)
		}
		storm()
		want(t, "looks while nobody watches", looks.Load(), 0)

		quick, _ := h.join()
		slow, _ := h.join()
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
		storm()
		if n := looks.Load(); n < 9 || n > 12 {
			t.Errorf("%d looks", n)
		}
		want(t, "what the quick one got", got.Load(), looks.Load())
		<-slow.ready
		want(t, "what the slow one gets", string(h.frame.Load().data), fmt.Sprint(looks.Load()))
		synctest.Wait()
		want(t, "what is left for the slow one", len(slow.ready), 0)

		h.leave(quick)
		h.leave(slow)
		before := looks.Load()
		storm()
		want(t, "looks when all have left", looks.Load(), before)
		cancel()
		synctest.Wait()
	})
}

func TestTheHubHasABoundedNumberOfStreams(t *testing.T) {
	var h hub
	var last *stream
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
