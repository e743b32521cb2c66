package memory_test

import (
	"context"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/runnertest"
	"github.com/workgen/workgen/runtime/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Test(t, false, func(t *testing.T) func() store.Store {
		s := memory.New(200 * time.Millisecond)
		return func() store.Store { return s.Another() }
	})
}

func TestRunners(t *testing.T) {
	runnertest.Test(t, true, func(t *testing.T) func() store.Store {
		s := memory.New(4 * time.Second)
		return func() store.Store { return s.Another() }
	})
}

// TestTheEndWakesAtOnce: not when the lease would have expired.
func TestTheEndWakesAtOnce(t *testing.T) {
	ctx := context.Background()
	s := memory.New(time.Hour)
	r := store.Ref{Work: "w", Key: key.Key{1}}
	changed, stop := s.Another().Watch(r)
	defer stop()
	for _, how := range []store.Status{store.Stopped, store.Failed, store.GivenUp, store.Succeeded} {
		l, err := s.Begin(ctx, store.Record{Ref: r})
		if err == nil {
			err = s.End(ctx, l, store.Record{Status: how}, store.Bytes("x"))
		}
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-changed:
		default:
			t.Errorf("%v has woken nobody", how)
		}
	}
	if _, err := s.Delete(ctx, r); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
	default:
		t.Error("Delete has woken nobody")
	}
}
