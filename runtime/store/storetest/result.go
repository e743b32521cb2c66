package storetest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

func testNotFound(t *testing.T, s *suite) {
	other := s.another()
	if f := s.lookup(s, refOf(1)); f.Results != nil || f.Latest != nil || f.Holder != nil || f.Damaged != nil {
		t.Errorf("an empty store has %+v", f)
	}
	s.begin(s, 1)
	for _, h := range []store.Store{s, other} {
		s.wantMiss(h, 1)
		if f := s.lookup(h, refOf(1)); f.Latest != nil || f.Holder == nil {
			t.Errorf("while it is executed there is %+v", f)
		}
	}
	if got := s.history(s, store.Filter{Status: []store.Status{store.Succeeded, store.Failed}}); len(got) != 0 {
		t.Errorf("an empty store lists %v", got)
	}
}

func testRoundTrip(t *testing.T, s *suite) {
	other := s.another()
	r := recordOf(1, "w")
	r.Expires = time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	l := s.put(s, r, []byte("result"))
	for _, h := range []store.Store{s, other} {
		if got := s.got(h, 1); string(got) != "result" {
			t.Errorf("got %q", got)
		}
		f := s.lookup(h, refOf(1))
		e := f.Result()
		if e.Ref != l.Ref || e.Token != l.Token || !e.Finished.Equal(r.Finished) || !e.Expires.Equal(r.Expires) || e.Size != 6 {
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
	r.Progress, r.Log = store.Progress{Done: 1, Total: 2, Note: "half"}, "one line\nanother\n"
	l := s.beginAs(s, r)
	given := r
	given.Ref, given.Seq, given.Status, given.Size, given.Hits = refOf(5), 7, store.Succeeded, 9, 10
	given.Used, given.Gone = at, at
	if err := s.End(ctx, l, given, store.Bytes(make([]byte, 300))); err != nil {
		t.Fatal(err)
	}
	r.Status, r.Seq, r.Size = store.Succeeded, l.Token, 300

	least := store.Record{Ref: store.Ref{Key: keyOf(2)}}
	l = s.put(s, least, nil)
	least.Status, least.Seq = store.Succeeded, l.Token

	for _, h := range []store.Store{s, s.another()} {
		got := s.history(h, store.Filter{})
		if len(got) != 2 {
			t.Fatalf("%d records, want 2", len(got))
		}
		s.wantRecord("record", got[1], r)
		if least.Started = got[0].Started; least.Started.IsZero() {
			t.Error("an execution began at no time")
		}
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
	l := s.begin(s, 1)
	for _, size := range []int{0, 10, 10_000, 1_000_000} {
		s.wantError("End", s.End(ctx, l, ended(1, store.Succeeded), failing{size, failure}), failure)
		s.wantMiss(s, 1)
	}
	if got := s.history(s, store.Filter{}); len(got) != 1 || got[0].Status != store.Running {
		t.Errorf("records %+v of what failed", got)
	}
	if err := s.End(ctx, l, ended(1, store.Succeeded), store.Bytes("x")); err != nil {
		t.Errorf("the lease was lost: %v", err)
	}
}

// testInputs: a result that depends on what was found on the way is not kept without it.
func testInputs(t *testing.T, s *suite) {
	l := s.begin(s, 1)
	r := ended(1, store.Succeeded)
	r.Inputs = []store.Input{{Kind: "file", Name: "sales.csv", Digest: [16]byte{7}}, {Kind: "env", Name: "REGION"}}
	if err := s.End(ctx, l, r, store.Bytes("x")); err != nil {
		s.wantMiss(s, 1)
		if _, err := s.Renew(ctx, l, recordOf(1, "w")); err != nil {
			t.Errorf("the lease was lost: %v", err)
		}
		return
	}
	f := s.lookup(s.another(), refOf(1))
	if e := f.Result(); e == nil || !slices.Equal(e.Inputs, r.Inputs) {
		t.Errorf("found %+v, want inputs %v", e, r.Inputs)
	}
	closeAll(f)
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
			s.put(s, recordOf(n, "w"), data)
			// The same bytes again: of two calls with one result.
			l := s.begin(other, n+1000)
			if err := other.End(ctx, l, ended(n+1000, store.Succeeded), pieces(data)); err != nil {
				t.Fatal(err)
			}
			for _, m := range []int{n, n + 1000} {
				if got := s.got(other, m); !bytes.Equal(got, data) {
					t.Errorf("result of %d bytes came back as %d other ones", size, len(got))
				}
			}
			// What one of them was deleted from is still there for the other.
			if _, err := other.Delete(ctx, refOf(n)); err != nil {
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
		s.putOf(s, n, "x")
	}
	if _, err := fail(s, recordOf(3, "w")); err != nil {
		t.Fatal(err)
	}
	lease := s.begin(s, 4)
	changed, stop := other.Watch(refOf(4))
	defer stop()
	n, err := s.Delete(ctx, refOf(0), refOf(2), refOf(3), refOf(4), refOf(5), refOf(0))
	if n != 3 || err != nil {
		t.Errorf("Delete: %d, %v, want 3", n, err)
	}
	s.wantMiss(s, 0)
	s.wantMiss(other, 2)
	s.got(other, 1)
	if got := s.history(other, store.Filter{Status: []store.Status{store.Succeeded}}); len(got) != 1 || got[0].Key != keyOf(1) {
		t.Errorf("records %+v", got)
	}
	s.within("watch", changed)
	testDeletedLease(t, s, lease)
	if f := s.lookup(s, refOf(3)); f.Latest != nil {
		t.Errorf("of a failure that was deleted there is %+v", f.Latest)
	}
	s.putOf(other, 2, "again")
	if got := s.got(s, 2); string(got) != "again" {
		t.Errorf("got %q", got)
	}
	if n, err := s.Delete(ctx); n != 0 || err != nil {
		t.Errorf("Delete of nothing: %d, %v", n, err)
	}
	// A result that was deleted is remembered.
	s.putOf(s, 6, "x")
	gone := store.Filter{Status: []store.Status{store.Deleted}, Prefix: keyOf(6).String()}
	for i, want := range []int{1, 1} {
		if _, err := s.Delete(ctx, refOf(6)); err != nil {
			t.Fatal(err)
		}
		got := s.history(other, gone)
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
	_, err := s.Renew(ctx, lease, recordOf(n, "w"))
	s.wantError("Renew after Delete", err, store.ErrLost)
	s.wantError("End after Delete", s.End(ctx, lease, ended(n, store.Succeeded), store.Bytes("old")), store.ErrLost)
	s.wantError("End after Delete", s.End(ctx, lease, ended(n, store.Failed), nil), store.ErrLost)
	s.wantMiss(other, n)
	next := s.begin(other, n)
	s.wantError("End beside the next", s.End(ctx, lease, ended(n, store.Succeeded), store.Bytes("old")), store.ErrLost)
	if err := stop(s, lease); err != nil {
		t.Errorf("Stopped after Delete: %v", err)
	}
	if err := other.End(ctx, next, ended(n, store.Succeeded), store.Bytes("new")); err != nil {
		t.Errorf("End under the next lease: %v", err)
	}
	if got := s.got(s, n); string(got) != "new" {
		t.Errorf("got %q", got)
	}
	if n, err := s.Delete(ctx, lease.Ref); n != 1 || err != nil {
		t.Errorf("Delete: %d, %v, want 1", n, err)
	}
}

func testOnDelete(t *testing.T, s *suite) {
	other := s.another()
	s.putOf(s, 1, "x")
	s.putOf(s, 2, "x")
	told := make(chan struct{}, 100)
	other.OnDelete(func(deleted []store.Ref) bool {
		about := func(r store.Ref) bool { return r.Key == keyOf(1) } // those of another process may lack the work
		if len(deleted) == 0 || slices.ContainsFunc(deleted, about) {
			if _, err := read(other, refOf(1)); !errors.Is(err, store.ErrNotFound) {
				s.Errorf("told before it was deleted: error %v", err)
			}
			told <- struct{}{}
		}
		return true
	})
	var once atomic.Int32
	other.OnDelete(func([]store.Ref) bool { once.Add(1); return false })
	for range 2 {
		if _, err := s.Delete(ctx, refOf(3), refOf(1)); err != nil {
			t.Fatal(err)
		}
		s.within("another handle's Delete", told)
		if _, err := other.Delete(ctx, refOf(1)); err != nil {
			t.Fatal(err)
		}
		s.within("its own", told)
	}
	if n := once.Load(); n != 1 {
		t.Errorf("one who returned false was told %d times", n)
	}
}

func testDiscard(t *testing.T, s *suite) {
	other := s.another()
	s.putOf(s, 1, "x")
	f := s.lookup(s, refOf(1))
	first := f.Result()
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := other.Discard(ctx, first, store.Unreadable, "it is nonsense"); err != nil {
		t.Fatalf("Discard: %v", err)
	}
	s.wantMiss(s, 1)
	gone := store.Filter{Status: []store.Status{store.Unreadable}}
	if got := s.history(s, gone); len(got) != 1 || got[0].Key != keyOf(1) || got[0].Error != "it is nonsense" || got[0].Gone.IsZero() {
		t.Errorf("records of what is unreadable: %+v", got)
	}
	if f := s.lookup(s, refOf(1)); f.Latest == nil || f.Latest.Status != store.Unreadable {
		t.Errorf("the newest record is %+v", f.Latest)
	}

	// What has been put since is another result.
	s.putOf(s, 1, "y")
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
	s.put(s, r, []byte("x"))
	if _, err := read(other, refOf(1)); err != nil && time.Now().Before(r.Expires) {
		t.Errorf("Lookup: %v", err)
	}
	time.Sleep(time.Until(r.Expires) + 10*time.Millisecond)
	s.wantMiss(s, 1)
	s.wantMiss(other, 1)
	if got := s.history(s, store.Filter{Status: []store.Status{store.Succeeded}}); len(got) != 0 {
		t.Errorf("an expired result is listed: %+v", got)
	}
	if got := s.history(s, store.Filter{Status: []store.Status{store.Expired}}); len(got) != 1 || got[0].Key != keyOf(1) {
		t.Errorf("records of what has expired: %+v", got)
	}
	s.putOf(other, 1, "y")
	if got := s.got(s, 1); string(got) != "y" {
		t.Errorf("got %q", got)
	}
	// A clock that was set back makes no result live longer than its time: one that
	// was put in the future has expired, unless it never does.
	for n, span := range map[int]time.Duration{3: time.Hour, 4: 0} {
		ahead := recordOf(n, "w")
		if ahead.Finished = time.Now().Add(2 * time.Hour); span > 0 {
			ahead.Expires = ahead.Finished.Add(span)
		}
		s.put(s, ahead, []byte("x"))
	}
	s.wantMiss(other, 3)
	s.got(other, 4)
	of := func(n int, how store.Status) store.Filter {
		return store.Filter{Prefix: keyOf(n).String(), Status: []store.Status{how}}
	}
	if got := s.history(s, of(4, store.Succeeded)); len(got) != 1 {
		t.Errorf("records of what was put in the future: %+v", got)
	}
	if got := s.history(s, of(3, store.Expired)); len(got) != 1 {
		t.Errorf("records of what was put in the future and has expired: %+v", got)
	}
	s.putOf(other, 3, "now")
	if got := s.got(s, 3); string(got) != "now" {
		t.Errorf("got %q", got)
	}
	// One that has expired before it is put is a miss at once.
	r = recordOf(2, "w")
	r.Expires = time.Now().Add(-time.Second)
	s.put(s, r, []byte("x"))
	s.wantMiss(s, 2)
	if f := s.lookup(s, refOf(2)); f.Latest == nil || f.Latest.Status != store.Expired {
		t.Errorf("the newest record is %+v", f.Latest)
	}
	if _, err := s.Begin(ctx, recordOf(2, "w")); err != nil {
		t.Errorf("Begin of what has expired: %v", err)
	}
}

func testReopen(t *testing.T, s *suite) {
	var want []store.Record
	data := make([]byte, 300_000)
	for n := range 3 {
		r := recordOf(n, "w")
		l := s.put(s, r, data[:n*150_000])
		r.Status, r.Seq, r.Size = store.Succeeded, l.Token, int64(n*150_000)
		want = append([]store.Record{r}, want...)
	}
	mark, err := s.SetMark(ctx, "a mark", store.Mark{Value: "kept"})
	if err != nil {
		t.Fatal(err)
	}
	last := s.begin(s, 9)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	h := s.another()
	for n := range 3 {
		if got := s.got(h, n); !bytes.Equal(got, data[:n*150_000]) {
			t.Errorf("result %d came back as %d other bytes", n, len(got))
		}
	}
	for i, r := range s.history(h, store.Filter{Status: []store.Status{store.Succeeded}}) {
		s.wantRecord("record", r, want[i])
	}
	if got, err := h.Mark(ctx, "a mark"); got != mark || err != nil {
		t.Errorf("mark %+v, %v, want %+v", got, err, mark)
	}
	if l := s.begin(h, 9); l.Token <= last.Token {
		t.Errorf("token %d after %d", l.Token, last.Token)
	}
}
