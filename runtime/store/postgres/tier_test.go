//go:build unix

package postgres_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
	"github.com/workgen/workgen/runtime/store/tier"
)

// TestBehindALocalStore: results are copied, large ones too, and a copy goes when the result is
// deleted, also while nobody listens here.
func TestBehindALocalStore(t *testing.T) {
	t.Parallel()
	url, local := pgtest.Database(t), memory.New(0)
	s := open(t, url, postgres.Options{})
	behind := func() *tier.Store {
		return tier.New(local.Another(), open(t, url, postgres.Options{}), tier.Options{})
	}
	ref := func(n byte) store.Ref { return store.Ref{Work: "w", Key: key.Key{n}} }
	has := func(h store.Store, n byte) []byte {
		f := look(t, h, ref(n))
		defer f.Close()
		if f.Result() == nil {
			return nil
		}
		data, err := io.ReadAll(f.Result())
		if err != nil {
			t.Error(err)
		}
		return data
	}
	remove := func(n byte) {
		t.Helper()
		if _, err := s.Delete(ctx, ref(n)); err != nil {
			t.Fatal(err)
		}
	}
	results := map[byte][]byte{1: []byte("small"), 2: noise(3 << 20), 3: []byte("another"), 4: []byte("kept")}
	for n, data := range results {
		put(t, s, ref(n), data)
	}
	h := behind()
	for n, want := range results {
		if got := has(h, n); !bytes.Equal(got, want) {
			t.Errorf("result %d has %d bytes, want %d", n, len(got), len(want))
		}
		wantSoon(t, "a copy", func() bool { return bytes.Equal(has(local, n), want) })
	}
	remove(1)
	wantSoon(t, "that it is deleted", func() bool { return has(h, 1) == nil && has(local, 1) == nil })
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	remove(2)
	remove(3)
	put(t, s, ref(3), []byte("new"))
	h = behind()
	defer h.Close()
	began := time.Now()
	if got := has(h, 2); got != nil && time.Since(began) < time.Second/2 {
		t.Errorf("what was deleted is found, with %d bytes", len(got))
	}
	if got := has(h, 3); string(got) != "new" && time.Since(began) < time.Second/2 {
		t.Errorf("the call that was executed again has %q", got)
	}
	wantSoon(t, "that all are as they should be", func() bool {
		return has(h, 2) == nil && string(has(h, 3)) == "new" && string(has(local, 3)) == "new" && string(has(local, 4)) == "kept"
	})
}
