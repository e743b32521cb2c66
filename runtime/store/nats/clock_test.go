package nats_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/nats/natstest"
)

// TestClocksThatAreWrong neither take leases that are held, nor keep them, nor make results live
// longer or shorter, also if a clock is set while the program runs.
func TestClocksThatAreWrong(t *testing.T) {
	t.Parallel() // mostly waits
	c := natstest.Start(t, 1, nil)
	const lease = 3 * time.Second
	at := func(off *atomic.Int64) *nats.Store {
		now := func() time.Time { return time.Now().Add(time.Duration(off.Load())) }
		s, err := nats.OpenAt(ctx, nats.Options{URL: c.URL(), Lease: lease}, now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	var none, ahead, behind, set atomic.Int64
	ahead.Store(int64(time.Hour))
	behind.Store(int64(-time.Hour))
	right, fast, slow, jumped := at(&none), at(&ahead), at(&behind), at(&set)
	set.Store(int64(24 * time.Hour))
	stores := map[string]*nats.Store{"right": right, "fast": fast, "slow": slow}
	offset := map[string]time.Duration{"fast": time.Hour, "slow": -time.Hour}

	for name, s := range map[string]*nats.Store{"right": right, "fast": fast, "slow": slow, "set": jumped} {
		r := newCall()
		began := time.Now()
		if _, err := s.Begin(ctx, store.Record{Ref: r, Nonce: 1}); err != nil {
			t.Fatal(err)
		}
		for other, s := range stores {
			_, err := s.Begin(ctx, store.Record{Ref: r, Nonce: 2})
			var held *store.HeldError
			if !errors.As(err, &held) {
				if time.Since(began) < lease-store.Tolerance {
					t.Errorf("%s begins what %s has: %v", other, name, err)
				}
				continue
			}
			if left := held.Expires.Sub(time.Now().Add(offset[other])); left > lease+2*store.Tolerance || left < -2*store.Tolerance {
				t.Errorf("for %s the lease of %s expires in %v", other, name, left)
			}
		}
		// It expires for everybody.
		time.Sleep(time.Until(began.Add(lease + store.Tolerance + 100*time.Millisecond)))
		if _, err := stores["slow"].Begin(ctx, store.Record{Ref: r, Nonce: 3}); err != nil {
			t.Errorf("after the lease of %s has expired: %v", name, err)
		}
	}

	for name, s := range stores {
		r := newCall()
		now := time.Now().Add(offset[name])
		x := store.Record{Ref: r, Nonce: 1}
		l, err := s.Begin(ctx, x)
		if err == nil {
			x.Status, x.Finished, x.Expires = store.Succeeded, now, now.Add(time.Minute)
			err = s.End(ctx, l, x, store.Bytes("x"))
		}
		if err != nil {
			t.Fatal(err)
		}
		for other, s := range stores {
			found := make([]store.Found, 1)
			if err := s.Lookup(ctx, []store.Ref{r}, found); err != nil || found[0].Result() == nil {
				t.Errorf("%s does not find what %s has put: %+v, %v", other, name, found[0], err)
				continue
			}
			if left := found[0].Result().Expires.Sub(time.Now().Add(offset[other])); left > time.Minute+3*time.Second || left < 50*time.Second {
				t.Errorf("for %s the result of %s expires in %v", other, name, left)
			}
		}
	}
}
