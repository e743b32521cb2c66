package storetest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

func testNotFound(t *testing.T, s *suite) {
	s.wantMiss(s, 1)
	s.acquire(s, 1)
	s.wantMiss(s, 1)
	s.wantMiss(s.another(), 1)
	if got := s.list(s, store.Filter{}); len(got) != 0 {
		t.Errorf("an empty store lists %v", got)
	}
}

func testRoundTrip(t *testing.T, s *suite) {
	other := s.another()
	r := recordOf(1, "w")
	r.Expires = time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	l := s.put(s, 1, r, []byte("result"))
	for _, h := range []store.Store{s, other} {
		if got := s.got(h, 1); string(got) != "result" {
			t.Errorf("got %q", got)
		}
		e, err := h.Get(ctx, keyOf(1))
		if err != nil {
			t.Fatal(err)
		}
		if e.Key != l.Key || e.Token != l.Token || !e.Finished.Equal(r.Finished) || !e.Expires.Equal(r.Expires) || e.Size != 6 {
			t.Errorf("entry %+v of record %+v", e, r)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

func testRecord(t *testing.T, s *suite) {
	r := recordOf(1, "example.com/daily.DataProcessor")
	r.Expires = time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	given := r
	given.Key, given.Seq, given.Status, given.Token, given.Size, given.Hits = key.Key{}, 7, store.Failed, 8, 9, 10
	given.Used, given.Gone = at, at
	l := s.put(s, 1, given, make([]byte, 300))
	r.Status, r.Token, r.Size = store.Succeeded, l.Token, 300

	var least store.Record
	leastLease := s.put(s, 2, least, nil)
	least.Key, least.Status, least.Token = keyOf(2), store.Succeeded, leastLease.Token

	for _, h := range []store.Store{s, s.another()} {
		got := s.list(h, store.Filter{})
		if len(got) != 2 {
			t.Fatalf("%d records, want 2", len(got))
		}
		s.wantRecord("record", got[1], r)
		s.wantRecord("record of nothing", got[0], least)
		if got[0].Seq <= got[1].Seq || !got[0].Gone.IsZero() {
			t.Errorf("records %+v", got)
		}
	}
}

// failing is a result that cannot be written to its end.
type failing struct {
	size int
	err  error
}

func (f failing) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(make([]byte, f.size))
	return int64(n), errors.Join(err, f.err)
}

func testFailingResult(t *testing.T, s *suite) {
	failure := errors.New("cannot be encoded")
	l := s.acquire(s, 1)
	for _, size := range []int{0, 10, 10_000, 1_000_000} {
		s.wantError("Put", s.Put(ctx, l, recordOf(1, "w"), failing{size, failure}), failure)
		s.wantMiss(s, 1)
	}
	if got := s.list(s, store.Filter{}); len(got) != 0 {
		t.Errorf("records %+v of what failed", got)
	}
	if err := s.Put(ctx, l, recordOf(1, "w"), store.Bytes("x")); err != nil {
		t.Errorf("the lease was lost: %v", err)
	}
}

// pieces is a result that is written in pieces of odd sizes, from memory that is
// used again.
type pieces []byte

func (p pieces) WriteTo(w io.Writer) (int64, error) {
	buf := make([]byte, 9973)
	for n := 0; n < len(p); {
		m := copy(buf[:1+n%len(buf)], p[n:])
		if _, err := w.Write(buf[:m]); err != nil {
			return int64(n), err
		}
		clear(buf)
		n += m
	}
	return int64(len(p)), nil
}

func testSizes(t *testing.T, s *suite) {
	other := s.another()
	sizes := []int{0, 1, 100, 1023, 1024, 1025, 4095, 4096, 4097, 65535, 65536, 65537, 100_000, 1 << 20, 5 << 20}
	random := rand.NewChaCha8([32]byte{})
	for i, size := range sizes {
		noise := make([]byte, size)
		_, _ = random.Read(noise)
		for j, data := range [][]byte{noise, bytes.Repeat([]byte("ab"), size)[:size]} {
			n := 10*i + j
			s.put(s, n, recordOf(n, "w"), data)
			// The same bytes again: of two calls with one result.
			l := s.acquire(other, n+1000)
			if err := other.Put(ctx, l, recordOf(n+1000, "w"), pieces(data)); err != nil {
				t.Fatal(err)
			}
			for _, m := range []int{n, n + 1000} {
				if got := s.got(other, m); !bytes.Equal(got, data) {
					t.Errorf("result of %d bytes came back as %d other ones", size, len(got))
				}
			}
			// What one of them was deleted from is still there for the other.
			if _, err := other.Delete(ctx, keyOf(n)); err != nil {
				t.Fatal(err)
			}
			if got := s.got(s, n+1000); !bytes.Equal(got, data) {
				t.Errorf("result of %d bytes went with its twin", size)
			}
		}
	}
}

func testDelete(t *testing.T, s *suite) {
	other := s.another()
	for n := range 3 {
		s.put(s, n, recordOf(n, "w"), []byte("x"))
	}
	if err := s.Note(ctx, recordOf(3, "w")); err != nil {
		t.Fatal(err)
	}
	lease := s.acquire(s, 4)
	changed, stop := other.Watch(keyOf(4))
	defer stop()
	n, err := s.Delete(ctx, keyOf(0), keyOf(2), keyOf(3), keyOf(4), keyOf(5), keyOf(0))
	if n != 3 || err != nil {
		t.Errorf("Delete: %d, %v, want 3", n, err)
	}
	s.wantMiss(s, 0)
	s.wantMiss(other, 2)
	s.got(other, 1)
	if got := s.list(other, store.Filter{}); len(got) != 1 || got[0].Key != keyOf(1) {
		t.Errorf("records %+v", got)
	}
	s.within("watch", changed)
	testDeletedLease(t, s, lease)
	s.put(other, 2, recordOf(2, "w"), []byte("again"))
	if got := s.got(s, 2); string(got) != "again" {
		t.Errorf("got %q", got)
	}
	if n, err := s.Delete(ctx); n != 0 || err != nil {
		t.Errorf("Delete of nothing: %d, %v", n, err)
	}
	// A result that was deleted is remembered, until it is deleted again.
	s.put(s, 6, recordOf(6, "w"), []byte("x"))
	gone := store.Filter{Status: []store.Status{store.Deleted}, Prefix: keyOf(6).String()}
	for i, want := range []int{1, 0} {
		if _, err := s.Delete(ctx, keyOf(6)); err != nil {
			t.Fatal(err)
		}
		got := s.list(other, gone)
		if len(got) > want {
			t.Fatalf("deleted %d times, %d records: %+v", i+1, len(got), got)
		}
		for _, r := range got {
			if r.Gone.IsZero() || r.Work != "w" {
				t.Errorf("record %+v of a deleted result", r)
			}
		}
	}
}

// testDeletedLease is about the lease on a key that was deleted meanwhile: it ended,
// and the next one is not that of who had it.
func testDeletedLease(t *testing.T, s *suite, lease store.Lease) {
	other, n := s.another(), 4
	_, err := s.Renew(ctx, lease)
	s.wantError("Renew after Delete", err, store.ErrLost)
	s.wantError("Put after Delete", s.Put(ctx, lease, recordOf(n, "w"), store.Bytes("old")), store.ErrLost)
	s.wantMiss(other, n)
	next := s.acquire(other, n)
	s.wantError("Put beside the next", s.Put(ctx, lease, recordOf(n, "w"), store.Bytes("old")), store.ErrLost)
	if err := s.Release(ctx, lease); err != nil {
		t.Errorf("Release after Delete: %v", err)
	}
	if err := other.Put(ctx, next, recordOf(n, "w"), store.Bytes("new")); err != nil {
		t.Errorf("Put under the next lease: %v", err)
	}
	if got := s.got(s, n); string(got) != "new" {
		t.Errorf("got %q", got)
	}
	if n, err := s.Delete(ctx, lease.Key); n != 1 || err != nil {
		t.Errorf("Delete: %d, %v, want 1", n, err)
	}
}

// testAnnounce is for those stores that say what was deleted.
func testAnnounce(t *testing.T, s *suite) {
	other := s.another()
	announcer, ok := other.(store.Announcer)
	if !ok {
		t.Skip("this store does not say what was deleted")
	}
	s.put(s, 1, recordOf(1, "w"), []byte("x"))
	s.put(s, 2, recordOf(2, "w"), []byte("x"))
	told := make(chan struct{}, 100)
	announcer.Announce(func(deleted []key.Key) bool {
		if len(deleted) == 0 || slices.Contains(deleted, keyOf(1)) {
			if _, err := read(other, keyOf(1)); !errors.Is(err, store.ErrNotFound) {
				s.Errorf("told before it was deleted: error %v", err)
			}
			told <- struct{}{}
		}
		return true
	})
	announcer.Announce(func([]key.Key) bool { return false })
	for range 2 {
		if _, err := s.Delete(ctx, keyOf(3), keyOf(1)); err != nil {
			t.Fatal(err)
		}
		s.within("another handle's Delete", told)
		if _, err := other.Delete(ctx, keyOf(1)); err != nil {
			t.Fatal(err)
		}
		s.within("its own", told)
	}
}

func testDiscard(t *testing.T, s *suite) {
	other := s.another()
	s.put(s, 1, recordOf(1, "w"), []byte("x"))
	first, err := s.Get(ctx, keyOf(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := other.Discard(ctx, first, store.Unreadable, "it is nonsense"); err != nil {
		t.Fatalf("Discard: %v", err)
	}
	s.wantMiss(s, 1)
	gone := store.Filter{Status: []store.Status{store.Unreadable}}
	if got := s.list(s, gone); len(got) != 1 || got[0].Key != keyOf(1) || got[0].Error != "it is nonsense" || got[0].Gone.IsZero() {
		t.Errorf("records of what is unreadable: %+v", got)
	}

	// What has been put since is another result.
	s.put(s, 1, recordOf(1, "w"), []byte("y"))
	if err := s.Discard(ctx, first, store.Expired, ""); err != nil {
		t.Errorf("Discard of what has gone: %v", err)
	}
	if got := s.got(other, 1); string(got) != "y" {
		t.Errorf("got %q", got)
	}
}

func testExpiry(t *testing.T, s *suite) {
	other := s.another()
	r := recordOf(1, "w")
	r.Expires = time.Now().Add(150 * time.Millisecond)
	s.put(s, 1, r, []byte("x"))
	if time.Now().Before(r.Expires.Add(-100 * time.Millisecond)) {
		s.got(other, 1)
	}
	time.Sleep(time.Until(r.Expires) + 10*time.Millisecond)
	s.wantMiss(s, 1)
	s.wantMiss(other, 1)
	if got := s.list(s, store.Filter{}); len(got) != 0 {
		t.Errorf("an expired result is listed: %+v", got)
	}
	if got := s.list(s, store.Filter{Status: []store.Status{store.Expired}}); len(got) != 1 || got[0].Key != keyOf(1) {
		t.Errorf("records of what has expired: %+v", got)
	}
	s.put(other, 1, recordOf(1, "w"), []byte("y"))
	if got := s.got(s, 1); string(got) != "y" {
		t.Errorf("got %q", got)
	}
	// A clock that was set back makes no result live longer than its time: one that
	// was put in the future has expired, unless it never does.
	for n, span := range map[int]time.Duration{3: time.Hour, 4: 0} {
		ahead := recordOf(n, "v")
		if ahead.Finished = time.Now().Add(2 * time.Hour); span > 0 {
			ahead.Expires = ahead.Finished.Add(span)
		}
		s.put(s, n, ahead, []byte("x"))
	}
	s.wantMiss(other, 3)
	s.got(other, 4)
	if got := s.list(s, store.Filter{Work: "v", Status: []store.Status{store.Succeeded}}); len(got) != 1 || got[0].Key != keyOf(4) {
		t.Errorf("records of what was put in the future: %+v", got)
	}
	if got := s.list(s, store.Filter{Work: "v", Status: []store.Status{store.Expired}}); len(got) != 1 || got[0].Key != keyOf(3) {
		t.Errorf("records of what was put in the future and has expired: %+v", got)
	}
	s.put(other, 3, recordOf(3, "v"), []byte("now"))
	if got := s.got(s, 3); string(got) != "now" {
		t.Errorf("got %q", got)
	}
	// One that has expired before it is put is a miss at once.
	r.Expires = time.Now().Add(-time.Second)
	s.put(s, 2, r, []byte("x"))
	s.wantMiss(s, 2)
	if _, err := s.Acquire(ctx, keyOf(2)); err != nil {
		t.Errorf("Acquire of what has expired: %v", err)
	}
}

func testReopen(t *testing.T, s *suite) {
	var want []store.Record
	data := make([]byte, 300_000)
	for n := range 3 {
		l := s.put(s, n, recordOf(n, "w"), data[:n*150_000])
		r := recordOf(n, "w")
		r.Status, r.Token, r.Size = store.Succeeded, l.Token, int64(n*150_000)
		want = append([]store.Record{r}, want...)
	}
	last := s.acquire(s, 9)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	h := s.another()
	for n := range 3 {
		if got := s.got(h, n); !bytes.Equal(got, data[:n*150_000]) {
			t.Errorf("result %d came back as %d other bytes", n, len(got))
		}
	}
	for i, r := range s.list(h, store.Filter{}) {
		s.wantRecord("record", r, want[i])
	}
	if l := s.acquire(h, 9); l.Token <= last.Token {
		t.Errorf("token %d after %d", l.Token, last.Token)
	}
}
