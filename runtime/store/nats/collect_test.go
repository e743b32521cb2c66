package nats_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/nats/natstest"
)

// statuses counts executions.
func statuses(t *testing.T, s store.Store) map[store.Status]int {
	t.Helper()
	n := map[store.Status]int{}
	for r, err := range s.History(ctx, store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		n[r.Status]++
	}
	return n
}

func TestWhatIsCollected(t *testing.T) {
	c := natstest.Start(t, 1, nil)
	_, js := connect(t, c.URL())
	chunks := func() uint64 {
		t.Helper()
		st, err := js.Stream(ctx, "workgen-chunks")
		if err != nil {
			t.Fatal(err)
		}
		return st.CachedInfo().State.Msgs
	}
	s := open(t, nats.Options{URL: c.URL(), Manual: true})
	kept := newCall()
	put(t, s, kept, noise(1<<20))
	have := chunks()
	if have == 0 {
		t.Fatal("a large result has no chunks")
	}
	// Chunks of an execution that has ended otherwise, and of none.
	failed := newCall()
	x := recordOf(failed)
	l, err := s.Begin(ctx, x)
	if err != nil {
		t.Fatal(err)
	}
	orphan := "workgen.c.example%2ecom/daily%2eFetch." + failed.Key.String() + "." + strconv.FormatUint(l.Token, 10) + ".abc."
	for i := range 3 {
		publish(t, js, orphan+strconv.Itoa(i), []byte("part"))
	}
	gc := func(s *nats.Store) {
		t.Helper()
		if err := s.GC(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if gc(s); chunks() != have+3 {
		t.Error("chunks of an execution that runs were dropped")
	}
	x.Status = store.Failed
	if err := s.End(ctx, l, x, nil); err != nil {
		t.Fatal(err)
	}
	if gc(s); chunks() != have {
		t.Errorf("%d chunks, want %d", chunks(), have)
	}

	// What has expired, and what is older than results are kept now.
	expiring := recordOf(newCall())
	expiring.Expires = time.Now().Add(-time.Second)
	if l, err = s.Begin(ctx, expiring); err != nil {
		t.Fatal(err)
	}
	expiring.Status, expiring.Finished = store.Succeeded, time.Now()
	if err := s.End(ctx, l, expiring, store.Bytes("x")); err != nil {
		t.Fatal(err)
	}
	gc(s)
	if got := statuses(t, s); got[store.Expired] != 1 || got[store.Succeeded] != 1 || got[store.Failed] != 1 {
		t.Errorf("there are %v", got)
	}
	time.Sleep(20 * time.Millisecond)
	strict := open(t, nats.Options{URL: c.URL(), Manual: true, MaxAge: 10 * time.Millisecond, HistoryAge: time.Hour})
	gc(strict)
	for end := time.Now().Add(5 * time.Second); chunks() > 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
	}
	if got := statuses(t, s); got[store.Expired] != 2 || chunks() != 0 {
		t.Errorf("there are %v, and %d chunks", got, chunks())
	}

	// Calls that nobody has asked for in a long time.
	time.Sleep(20 * time.Millisecond)
	forgetful := open(t, nats.Options{URL: c.URL(), Manual: true, HistoryAge: 10 * time.Millisecond})
	retried := recordOf(newCall())
	if l, err = forgetful.Begin(ctx, retried); err != nil {
		t.Fatal(err)
	}
	retried.Status, retried.Retry = store.Failed, time.Now().Add(time.Hour)
	if err := forgetful.End(ctx, l, retried, nil); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	gc(forgetful)
	if got := statuses(t, s); len(got) != 1 || got[store.Failed] != 1 {
		t.Errorf("there are %v", got)
	}
	// A call that was forgotten is executed like a new one.
	put(t, s, kept, []byte("again"))
}

func TestWhatDoesNotFitIsEvicted(t *testing.T) {
	c := natstest.Start(t, 1, nil)
	s := open(t, nats.Options{URL: c.URL(), Manual: true, MaxBytes: 2_000_000})
	var refs []store.Ref
	for range 6 {
		r := newCall()
		refs = append(refs, r)
		put(t, s, r, noise(600_000))
	}
	if err := s.GC(ctx); err != nil {
		t.Fatal(err)
	}
	found := make([]store.Found, len(refs))
	if err := s.Lookup(ctx, refs, found); err != nil {
		t.Fatal(err)
	}
	for i, f := range found {
		if has := f.Result() != nil; has != (i >= 3) || !has && f.Latest.Status != store.Evicted {
			t.Errorf("result %d: %+v", i, f)
		}
		f.Close()
	}
	if u, err := s.Usage(ctx); err != nil || u.Results != 3 || u.Records != 6 {
		t.Errorf("usage %+v, %v", u, err)
	}
}

// TestManyCollect: of those who want to collect at once all come to an end.
func TestManyCollect(t *testing.T) {
	c := natstest.Start(t, 1, nil)
	done := make(chan error)
	for range 4 {
		s := open(t, nats.Options{URL: c.URL()})
		go func() { done <- s.GC(ctx) }()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// noise is a result that does not get smaller when it is compressed.
func noise(n int) []byte {
	b := make([]byte, n)
	seed := uint64(n) | 1
	for i := range b {
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		b[i] = byte(seed)
	}
	return b
}
