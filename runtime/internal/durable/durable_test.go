package durable_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/internal/durable"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// leased is how long leases of the stores here last.
const leased = time.Minute

// rig is a store of a work with string results, and what goes wrong with it.
type rig struct {
	*durable.Store
	memory *memory.Store
	faults storetest.Faults
	log    bytes.Buffer
}

func newRig(t *testing.T) *rig {
	m := memory.New(leased)
	r := &rig{memory: m}
	logger := slog.New(slog.NewTextHandler(&r.log, nil))
	codec, err := m.Codec().For(reflect.TypeFor[string](), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Store = &durable.Store{
		Store: r.faults.Wrap(m), Work: "w", Schema: "s", Codec: codec, Limit: 10 * time.Second,
		Log: func(level slog.Level, message string, attrs ...slog.Attr) {
			logger.LogAttrs(t.Context(), level, message, attrs...)
		},
	}
	return r
}

// other is the same store for another process, which meets no faults.
func (r *rig) other() *durable.Store {
	return &durable.Store{Store: r.memory.Another(), Work: r.Work, Schema: r.Schema, Codec: r.Codec, Limit: r.Limit, Log: r.Log}
}

var call = key.Key{1}

func begin(t *testing.T, s *durable.Store) *durable.Lease {
	t.Helper()
	l, err := s.Begin(t.Context(), store.Record{Ref: s.Ref(call), Status: store.Running, Nonce: rand.Uint64()})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// end ends an execution with a result.
func end(t *testing.T, s *durable.Store, l *durable.Lease, result *string) (lost bool) {
	t.Helper()
	l.Ends()
	x := store.Record{Ref: s.Ref(call), Status: store.Succeeded, Schema: s.Schema, Finished: time.Now()}
	_, err := l.End(t.Context(), x, result)
	return errors.Is(err, store.ErrLost)
}

func put(t *testing.T, s *durable.Store, result string) {
	t.Helper()
	end(t, s, begin(t, s), &result)
}

func wantStored(t *testing.T, s *durable.Store, result string) {
	t.Helper()
	var got string
	if _, ok := s.Get(t.Context(), call, &got); got != result || ok != (result != "") {
		t.Errorf("the store has %q, %t, want %q", got, ok, result)
	}
}

func wantLogged(t *testing.T, r *rig, text string, times int) {
	t.Helper()
	if n := strings.Count(r.log.String(), text); n != times {
		t.Errorf("%q is logged %d times, want %d:\n%s", text, n, times, &r.log)
	}
}

func test(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newRig(t)) })
}

func TestAStoreIsAskedUntilItAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		silent, limit, gone time.Duration // for how long; the caller leaves after gone
		block, fails        bool
		took                time.Duration // at least, and at most a second more
	}{
		"soon":            {silent: 3 * time.Second, took: 3 * time.Second},
		"too late":        {silent: time.Hour, fails: true, took: 10 * time.Second},
		"a shorter limit": {silent: 3 * time.Second, limit: time.Second, fails: true, took: time.Second},
		"without a limit": {silent: time.Hour, block: true, took: time.Hour},
		"nobody waits":    {silent: time.Hour, gone: 2 * time.Second, fails: true, took: 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(t *testing.T, r *rig) {
				if r.Block = c.block; c.limit > 0 {
					r.Limit = c.limit
				}
				ctx := t.Context()
				if c.gone > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.gone)
					defer cancel()
				}
				r.faults.Inject(storetest.All, storetest.For(c.silent, storetest.Refuse))
				began := time.Now()
				_, err := r.Lookup(ctx, call)
				if took := time.Since(began); took < c.took || took > c.took+2*time.Second {
					t.Errorf("took %v, want %v", took, c.took)
				}
				if (err != nil) != c.fails {
					t.Errorf("error %v, want one: %t", err, c.fails)
				}
				wantLogged(t, r, "the store does not answer: calls wait for it", 1)
				if !c.fails {
					wantLogged(t, r, "the store answers again", 1)
				}
			})
		})
	}
}

// TestAStoreThatWasSilentForLongHoldsUpNobody: it can be read, but nothing can be written, as
// when a disk is full.
func TestAStoreThatWasSilentForLongHoldsUpNobody(t *testing.T) {
	test(t, func(t *testing.T, r *rig) {
		tryBegin := func() (took time.Duration, err error) {
			began := time.Now()
			if _, err := r.Lookup(t.Context(), call); err != nil {
				t.Fatal(err)
			}
			l, err := r.Begin(t.Context(), store.Record{Ref: r.Ref(call), Nonce: rand.Uint64()})
			if err == nil {
				a := "a"
				end(t, r.Store, l, &a)
			}
			return time.Since(began), err
		}
		wantWait := func(least time.Duration) {
			t.Helper()
			if took, err := tryBegin(); took < least || took > least+time.Second || !errors.Is(err, storetest.ErrFault) {
				t.Errorf("took %v, want %v; error %v", took, least, err)
			}
		}
		r.faults.Inject(storetest.Begin, storetest.For(10*time.Minute, storetest.Refuse))
		wantWait(r.Limit)
		for range 1000 {
			wantWait(0)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(5 * time.Minute) // nobody knows whether it still is silent
		wantWait(r.Limit)
		wantWait(0)
		wantLogged(t, r, "the store does not answer: calls wait for it", 1)
		wantLogged(t, r, "the store answers again", 0)
		for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
			if _, err := tryBegin(); err == nil {
				break
			}
			if time.Since(began) > 10*time.Minute {
				t.Fatal("it is not asked any more")
			}
		}
		wantStored(t, r.Store, "a")
		wantLogged(t, r, "the store does not answer: calls wait for it", 1)
		wantLogged(t, r, "the store answers again", 1)
	})
	test(t, func(t *testing.T, r *rig) { // what has to reach it is tried nevertheless
		a := "a"
		put(t, r.Store, a)
		r.faults.Inject(storetest.Delete, storetest.For(r.Limit+time.Second, storetest.Refuse))
		r.Delete(t.Context(), call)
		time.Sleep(2 * time.Second)
		if !r.Delete(t.Context(), call) {
			t.Error("it is not deleted")
		}
	})
}

func TestAnAnswerIsAnAnswer(t *testing.T) {
	for _, err := range []error{
		nil, store.ErrNotFound, store.ErrHeld, store.ErrFinished, store.ErrLost, store.ErrTooLarge, store.ErrClosed,
		&store.HeldError{}, &store.CorruptError{}, &store.EncodingError{}, fmt.Errorf("so: %w", store.ErrLost),
	} {
		if !durable.Answered(err) {
			t.Errorf("%v is an answer", err)
		}
	}
	for _, err := range []error{storetest.ErrFault, storetest.ErrFull, context.DeadlineExceeded, store.ErrConflict} {
		if durable.Answered(err) {
			t.Errorf("%v is no answer", err)
		}
	}
}

func TestFailuresAreCountedAndSaidNowAndThen(t *testing.T) {
	test(t, func(t *testing.T, r *rig) {
		for range 30 {
			r.Failed(t.Context(), "it failed", errors.New("so"))
			time.Sleep(time.Second)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r.Failed(ctx, "it failed", errors.New("nobody waits"))
		if n := r.Failures(); n != 30 {
			t.Errorf("%d failures, want 30", n)
		}
		wantLogged(t, r, "it failed", 3)
	})
}

func TestAResultIsReadUnlessItIsOfNoUse(t *testing.T) {
	test(t, func(t *testing.T, r *rig) {
		wantStored(t, r.Store, "")
		put(t, r.Store, "a")
		wantStored(t, r.Store, "a")
		r.TTL = time.Hour
		wantStored(t, r.Store, "a")
		time.Sleep(time.Hour)
		wantStored(t, r.Store, "")
		if n := r.Failures(); n != 0 {
			t.Errorf("%d failures, want none", n)
		}
		put(t, r.Store, "b") // since it was dropped
		other := r.other()
		other.Schema = "another"
		wantStored(t, other, "")
		if n := other.Failures(); n != 1 {
			t.Errorf("%d failures, want one", n)
		}
	})
}

func TestWhatIsDeletedIsGone(t *testing.T) {
	test(t, func(t *testing.T, r *rig) {
		put(t, r.Store, "a")
		if r.Delete(t.Context(), key.Key{}, key.Key{2}) {
			t.Error("there was nothing to delete")
		}
		wantStored(t, r.Store, "a")
		if !r.Delete(t.Context(), key.Key{2}, call) {
			t.Error("there was something to delete")
		}
		wantStored(t, r.Store, "")
		put(t, r.Store, "b")
		r.DeleteAll(t.Context())
		wantStored(t, r.Store, "")
	})
}

func TestALeaseIsKept(t *testing.T) {
	test(t, func(t *testing.T, r *rig) {
		l := begin(t, r.Store)
		l.Keep(none, func() { t.Error("it is lost") })
		r.faults.Inject(storetest.Renew, storetest.For(leased/2, storetest.Refuse))
		time.Sleep(time.Hour)
		if _, err := r.other().Begin(t.Context(), store.Record{Ref: r.Ref(call), Nonce: 1}); !errors.Is(err, store.ErrHeld) {
			t.Errorf("another begins: %v", err)
		}
		a := "a"
		if end(t, r.Store, l, &a) || l.Held() {
			t.Error("the lease was lost, or is held still")
		}
		wantStored(t, r.Store, "a")
	})
}

func TestALeaseThatCannotBeRenewed(t *testing.T) {
	for name, c := range map[string]struct{ strict, taken, back, lost bool }{
		"nobody takes it":               {},
		"another takes it":              {taken: true, lost: true},
		"another takes and returns it":  {taken: true, back: true},
		"nobody takes it, and strictly": {strict: true, lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(t *testing.T, r *rig) {
				r.Strict = c.strict
				lost, l := false, begin(t, r.Store)
				l.Keep(none, func() { lost = true })
				r.faults.Inject(storetest.Renew, storetest.For(leased+10*time.Second, storetest.Refuse))
				time.Sleep(leased + time.Second)
				if c.taken {
					if other := begin(t, r.other()); c.back {
						other.GiveBack()
					}
				}
				time.Sleep(30 * time.Second)
				synctest.Wait()
				if lost != c.lost {
					t.Errorf("lost: %t, want %t", lost, c.lost)
				}
				l.GiveBack()
			})
		})
	}
}

func TestAResultThatAnotherExecutionHadFirstIsTaken(t *testing.T) {
	test(t, func(t *testing.T, r *rig) {
		l := begin(t, r.Store) // and is not kept
		time.Sleep(2 * leased)
		put(t, r.other(), "theirs")
		result := "mine"
		if end(t, r.Store, l, &result) || result != "theirs" {
			t.Errorf("the result is %q, want theirs", result)
		}
	})
}

func TestAResultOfACallThatWasDeletedDoesNotCount(t *testing.T) {
	for name, later := range map[string]time.Duration{"at once": 0, "when the lease would have expired": 2 * leased} {
		t.Run(name, func(t *testing.T) {
			test(t, func(t *testing.T, r *rig) {
				l := begin(t, r.Store)
				l.Keep(none, func() { t.Error("it is lost") })
				r.other().Delete(t.Context(), call)
				time.Sleep(later)
				result := "mine"
				if !end(t, r.Store, l, &result) {
					t.Error("the lease was not lost")
				}
				wantStored(t, r.Store, "")
				if n := r.Failures(); n != 0 {
					t.Errorf("%d failures, want none", n)
				}
			})
		})
	}
}

func TestALeaseIsGivenBack(t *testing.T) {
	isFree := func(t *testing.T, r *rig, free bool) {
		t.Helper()
		synctest.Wait()
		found, _ := r.other().Lookup(t.Context(), call)
		if found.Close(); (found.Holder == nil) != free {
			t.Errorf("the lease is free: %t, want %t", !free, free)
		}
	}
	test(t, func(t *testing.T, r *rig) {
		l := begin(t, r.Store)
		l.GiveBack()
		isFree(t, r, true)
		next := begin(t, r.Store)
		l.GiveBack() // again
		l.Drop()
		isFree(t, r, false)
		next.Drop()
		isFree(t, r, true)
		var none *durable.Lease
		none.GiveBack()
		none.Drop()
		none.Stop()
		if none.Held() {
			t.Error("nil is held")
		}
	})
	test(t, func(t *testing.T, r *rig) { // while the execution is being ended
		r.faults.Inject(storetest.End, storetest.Slow(time.Second))
		l, result := begin(t, r.Store), "a"
		go end(t, r.Store, l, &result)
		synctest.Wait()
		l.Drop()
		time.Sleep(2 * time.Second)
		wantStored(t, r.Store, "a")
	})
	test(t, func(t *testing.T, r *rig) { // while that fails
		r.faults.Inject(storetest.End, storetest.For(r.Limit+time.Second, storetest.Refuse))
		l, result := begin(t, r.Store), "a"
		go end(t, r.Store, l, &result)
		synctest.Wait()
		l.Drop()
		time.Sleep(3 * r.Limit)
		isFree(t, r, true)
	})
	test(t, func(t *testing.T, r *rig) { // of a beginning that nobody waited for
		r.faults.Inject(storetest.Begin, storetest.Times(1, storetest.LoseAnswer))
		ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
		defer cancel()
		if _, err := r.Begin(ctx, store.Record{Ref: r.Ref(call), Nonce: 1}); err == nil {
			t.Error("it has begun")
		}
		isFree(t, r, true)
	})
}

// none is what an execution says that says nothing.
func none(*store.Record) {}

func TestAnotherLeaseIsWaitedFor(t *testing.T) {
	for name, c := range map[string]struct {
		expires, changes, gone time.Duration // 0: never
		took                   time.Duration
		left                   bool
	}{
		"it expires":              {expires: time.Minute, took: time.Minute},
		"it has expired":          {expires: -time.Minute, took: 10 * time.Millisecond},
		"nobody knows":            {took: time.Second},
		"something changes":       {expires: time.Minute, changes: time.Second, took: time.Second},
		"nobody waits any longer": {expires: time.Minute, gone: time.Second, took: time.Second, left: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				changed, held, began := make(chan struct{}, 1), &store.HeldError{}, time.Now()
				if c.expires != 0 {
					held.Expires = began.Add(c.expires)
				}
				if c.changes > 0 {
					time.AfterFunc(c.changes, func() { changed <- struct{}{} })
				}
				if c.gone > 0 {
					time.AfterFunc(c.gone, cancel)
				}
				if stays := durable.Wait(ctx, changed, durable.Until(held)); stays == c.left {
					t.Errorf("somebody waits: %t, want %t", stays, !c.left)
				}
				if took := time.Since(began); took != c.took {
					t.Errorf("took %v, want %v", took, c.took)
				}
			})
		})
	}
}

// execute executes a call: nil gives its lease back.
func execute(t *testing.T, r *rig, n byte, x *store.Record) {
	t.Helper()
	ref := r.Ref(key.Key{n})
	l, err := r.Begin(t.Context(), store.Record{Ref: ref, Nonce: rand.Uint64()})
	if err != nil {
		t.Fatal(err)
	}
	defer synctest.Wait()
	if x == nil {
		l.GiveBack()
		return
	}
	x.Ref, x.Schema, x.Finished = ref, r.Schema, time.Now()
	var result any
	if x.Status == store.Succeeded {
		result = new("a")
	}
	l.Ends()
	l.End(t.Context(), *x, result)
}

// left returns the calls that the store has records of, the newest first, and those that have results.
func left(t *testing.T, r *rig) (results, others []byte) {
	t.Helper()
	for rec, err := range r.Store.Store.History(t.Context(), store.Filter{Work: r.Work}) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Status == store.Succeeded {
			results = append(results, rec.Key[0])
		} else {
			others = append(others, rec.Key[0])
		}
	}
	return results, others
}

// TestRecordsThatAreTooMany: of executions without a result the newest stay, whatever became of them,
// and with the others go their errors that are kept.
func TestRecordsThatAreTooMany(t *testing.T) {
	test(t, func(t *testing.T, r *rig) {
		r.MaxResults = 2
		running := func(n byte) store.Lease {
			l, err := r.Begin(t.Context(), store.Record{Ref: r.Ref(key.Key{n}), Nonce: 1})
			if err != nil {
				t.Fatal(err)
			}
			return store.Lease{Ref: r.Ref(key.Key{n}), Token: l.Seq()}
		}
		first := running(1)
		for n := byte(2); n <= 10; n += 3 {
			execute(t, r, n, &store.Record{Status: store.Succeeded})
			execute(t, r, n+1, &store.Record{Status: store.Failed, Expires: time.Now().Add(time.Hour), Retry: time.Now().Add(time.Minute)})
			execute(t, r, n+2, nil)
		}
		running(11)
		execute(t, r, 12, &store.Record{Status: store.Failed, Expires: time.Now().Add(time.Hour)})
		execute(t, r, 13, nil)
		results, others := left(t, r)
		if !bytes.Equal(results, []byte{8, 5}) || !bytes.Equal(others, []byte{13, 12, 11, 1}) {
			t.Errorf("there are the results %v and the records %v", results, others)
		}
		if _, err := r.Store.Store.Renew(t.Context(), first, store.Record{}); err != nil {
			t.Errorf("what runs has lost its lease: %v", err)
		}
		for n, want := range map[byte]bool{12: true, 9: false} { // the call 9 executes anew
			found, err := r.Lookup(t.Context(), key.Key{n})
			if err != nil || (found.Latest != nil && found.Latest.Answers(time.Now())) != want {
				t.Errorf("of call %d there is %+v, %v", n, found.Latest, err)
			}
		}
	})
}

// TestFailuresAreTooMany, which nothing else has the store looked at for: at the first, and when a
// tenth is new.
func TestFailuresAreTooMany(t *testing.T) {
	test(t, func(t *testing.T, r *rig) {
		r.MaxResults = 20
		for n := range byte(59) {
			execute(t, r, n+1, &store.Record{Status: store.GivenUp})
			if _, others := left(t, r); len(others) > r.MaxResults+1 {
				t.Fatalf("after %d failures there are %d records", n+1, len(others))
			}
		}
		const looks = 59 // of this test
		if n := r.faults.Calls(storetest.History) - looks; n != 30 {
			t.Errorf("the store was looked at %d times, want 30", n)
		}
	})
}

// refusing is a store that drops no records.
type refusing struct{ store.Store }

func (s refusing) Discard(ctx context.Context, e *store.Entry, how store.Status, why string) error {
	if how == 0 {
		return storetest.ErrFault
	}
	return s.Store.Discard(ctx, e, how, why)
}

// TestRecordsThatCannotBeDropped are left, and results are bounded all the same.
func TestRecordsThatCannotBeDropped(t *testing.T) {
	test(t, func(t *testing.T, r *rig) {
		r.MaxResults = 1
		r.Store.Store = refusing{r.Store.Store}
		for n, how := range []store.Status{store.Succeeded, store.Failed, store.Failed, store.Succeeded} {
			execute(t, r, byte(n+1), &store.Record{Status: how})
		}
		results, others := left(t, r)
		if !bytes.Equal(results, []byte{4}) || !bytes.Equal(others, []byte{3, 2, 1}) || r.Failures() == 0 {
			t.Errorf("there are the results %v, the records %v, and %d errors", results, others, r.Failures())
		}
	})
}

// TestResultsThatAreTooMany: one that comes while others are being discarded is counted, too.
func TestResultsThatAreTooMany(t *testing.T) {
	test(t, func(t *testing.T, r *rig) {
		r.MaxResults = 2
		r.faults.Inject(storetest.Discard, storetest.Slow(time.Second))
		for n := range byte(4) {
			execute(t, r, n+1, &store.Record{Status: store.Succeeded})
		}
		time.Sleep(time.Minute)
		if results, _ := left(t, r); !bytes.Equal(results, []byte{4, 3}) {
			t.Errorf("the store keeps the results %v, want the newest two", results)
		}
	})
}
