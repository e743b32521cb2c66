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
	l, err := s.Acquire(ctx, numbered(1))
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 300_000)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	if err := s.Put(ctx, l, store.Record{}, store.Bytes(data)); err != nil {
		t.Fatal(err)
	}
	r, found, err := s.row(ctx, numbered(1))
	if !found || err != nil {
		t.Fatal(err)
	}
	if _, err := s.Delete(ctx, numbered(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.open(ctx, &r); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("error %v, want ErrNotFound", err)
	}
}

func TestManyReadersShareFewConnections(t *testing.T) {
	s := opened(t, t.TempDir(), Options{})
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
			if _, err := s.Get(ctx, numbered(1)); err != nil {
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
	if _, err := s.Get(ended, numbered(1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	for _, c := range conns {
		s.readers.give(c)
	}
	s.readers.conns = nil // and lost
	broken := errors.New("cannot be opened")
	s.readers.open = func() (*conn, error) { return nil, broken }
	for range 2 * cap(s.readers.slots) {
		if _, err := s.Get(ctx, numbered(1)); err != broken {
			t.Fatalf("error %v", err)
		}
	}
	for _, c := range conns {
		c.close()
	}
}

func TestWhoseContextEndsHasFoundNoDamage(t *testing.T) {
	s := opened(t, t.TempDir(), Options{})
	r := kept{key: numbered(1), token: 7, form: formZstd | formFile, data: make([]byte, refSize)}
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
