package disk

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

func TestAResultThatGoesWhileItIsGotIsNotFound(t *testing.T) {
	s := opened(t, t.TempDir(), Options{})
	l, err := begin(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 300_000)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	if err := put(s, l, data); err != nil {
		t.Fatal(err)
	}
	rows := make([]row, 1)
	if err := s.look(ctx, []store.Ref{ref(1)}, rows); err != nil || !rows[0].hit {
		t.Fatal(err)
	}
	if _, err := s.Delete(ctx, ref(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.open(ctx, &rows[0].result); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("error %v, want ErrNotFound", err)
	}
	if f, err := s.found(ctx, &rows[0]); err != store.ErrNotFound || f.Result() != nil || f.Damaged != nil {
		t.Errorf("found %+v, %v", f, err)
	}
}

func TestManyReadersShareFewConnections(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true})
	if err := keep(s, 1); err != nil {
		t.Fatal(err)
	}
	var opens atomic.Int64
	s.readers.open = func() (*conn, error) {
		opens.Add(1)
		return s.connect()
	}
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if _, err := get(ctx, s, 1); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most := int64(cap(s.readers.slots)); opens.Load() > most || len(s.readers.slots) != 0 {
		t.Errorf("%d connections were opened, %d are allowed; %d are in use", opens.Load(), most, len(s.readers.slots))
	}
	// Who waits for one may leave, and one that cannot be opened is not counted.
	var conns []*conn
	for range cap(s.readers.slots) {
		c, err := s.readers.take(ctx)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	ended, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	if _, err := get(ended, s, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	for _, c := range conns {
		s.readers.give(c)
	}
	s.readers.conns = nil // and lost
	broken := errors.New("cannot be opened")
	s.readers.open = func() (*conn, error) { return nil, broken }
	for range 2 * cap(s.readers.slots) {
		if _, err := get(ctx, s, 1); err != broken {
			t.Fatalf("error %v", err)
		}
	}
	for _, c := range conns {
		c.close()
	}
}

func TestWhoseContextEndsHasFoundNoDamage(t *testing.T) {
	s := opened(t, t.TempDir(), Options{})
	r := result{ref: ref(1), seq: 7, form: formZstd | formFile, data: make([]byte, refSize)}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for range cap(s.readers.slots) {
		s.readers.slots <- struct{}{}
	}
	if _, err := s.open(ended, &r); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	for range cap(s.readers.slots) {
		<-s.readers.slots
	}
}
