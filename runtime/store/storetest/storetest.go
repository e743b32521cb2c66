// Package storetest checks that a backend keeps the promises of package store, and makes
// stores fail that work.
//
//	func TestConformance(t *testing.T) {
//		storetest.Test(t, true, func(t *testing.T) func() store.Store {
//			dir := t.TempDir()
//			return func() store.Store { … open dir … }
//		})
//	}
//
// Leases should expire soon, such as after 200 ms: several tests wait for it.
//
// [Faults] are for the tests of those who use a store, too.
package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Opener makes an empty store and returns a function that opens a handle of it. Each
// handle stands for a process of its own; the tests close them.
type Opener func(t *testing.T) (open func() store.Store)

// Test runs all tests. With durable set what was put has to be there after all
// handles have been closed.
func Test(t *testing.T, durable bool, opener Opener) {
	run := func(name string, f func(t *testing.T, s *suite)) {
		t.Run(name, func(t *testing.T) {
			s := &suite{T: t, open: opener(t)}
			s.Store = s.another()
			f(t, s)
		})
	}
	run("a key without result is not found", testNotFound)
	run("what was put is got whole", testRoundTrip)
	run("records come back as they were", testRecord)
	run("many calls are looked up at once", testLookup)
	run("a key is leased to one at a time", testHeld)
	run("tokens grow", testTokens)
	run("beginning again gives the same lease", testNonce)
	run("a result needs a lease", testEndWithoutLease)
	run("ending again changes nothing", testEndAgain)
	run("a finished key is not leased", testFinished)
	run("only its holder ends a lease", testStop)
	run("a renewed lease lasts", testRenew)
	run("an expired lease is taken over and lost", testExpiredLease)
	run("closing frees leases", testCloseFreesLeases)
	run("a failing result is not kept", testFailingResult)
	run("inputs that were found on the way are kept or refused", testInputs)
	run("results of all sizes", testSizes)
	run("watches wake", testWatch)
	run("deleting", testDelete)
	run("deletes are told", testOnDelete)
	run("discarding what was got", testDiscard)
	run("records are dropped", testDropRecord)
	run("what is needed is not dropped", testNotDropped)
	run("the history", testHistory)
	run("the history while it changes", testHistoryConcurrently)
	run("failures are kept", testFailures)
	run("errors are kept for a time", testKeptErrors)
	run("each execution is in the history", testExecutions)
	run("what has not ended is in the history", testUnfinished)
	run("records are searched for a text", testText)
	run("records are searched for a machine", testHost)
	run("results expire", testExpiry)
	run("an execution again replaces the result", testAgain)
	run("an execution again that fails leaves the result", testAgainFails)
	run("an execution again that is lost leaves the result", testAgainLost)
	run("a result goes while it is executed again", testAgainGone)
	run("a result that was replaced is told", testAgainTold)
	run("again and again at once", testAgainChaos)
	run("arguments are kept", testArguments)
	run("marks", testMarks)
	run("marks are set by one at a time", testMarksConcurrently)
	run("contexts end everything", testContext)
	run("a closed store says so", testClosed)
	run("a failure ends the waiting of all", testSharedFailure)
	run("overlapping calls execute once", testSingleFlight)
	run("anything at once", testChaos)
	run("answers that were lost", testLostAnswers)
	run("a full medium", testFull)
	run("a lease that was lost", testLostLease)
	run("looking after it", testAdministrator)
	if durable {
		run("results and marks outlive the handles", testReopen)
	}
}

// suite is one test's store.
type suite struct {
	store.Store
	*testing.T
	open func() store.Store
}

// another opens one more handle, which is closed at the test's end.
func (s *suite) another() store.Store {
	s.Helper()
	h := s.open()
	s.Cleanup(func() {
		if err := h.Close(); err != nil {
			s.Errorf("Close: %v", err)
		}
	})
	return h
}

// keyOf returns a key that is like no other.
func keyOf(n int) key.Key { return sha256.Sum256([]byte(strconv.Itoa(n))) }

// refOf returns call n of the work w.
func refOf(n int) store.Ref { return store.Ref{Work: "w", Key: keyOf(n)} }

var ctx = context.Background()

// at is a time without a monotonic reading, to the microsecond.
var at = time.Date(2022, 5, 25, 1, 2, 3, 456_789_000, time.UTC)

// recordOf is an execution of call n, which has not ended.
func recordOf(n int, work string) store.Record {
	return store.Record{
		Ref: store.Ref{Work: work, Key: keyOf(n)}, Nonce: nonce(),
		Schema: "s1", Code: "c1", Symbols: "main.f abc\nmain.g def\n", Build: "go: go1.26\n",
		Args: []store.Arg{
			{Name: "Source", Type: "string", Digest: [16]byte{1, 2}, Text: "s3://sales"},
			{Name: "day", Type: "string", Digest: [16]byte{15: 255}, Secret: true},
		},
		Origin:    store.Origin{Host: "here", PID: 4711, Program: "daily"},
		Requested: at, Started: at.Add(time.Duration(n) * time.Minute), Finished: at.Add(time.Duration(n)*time.Minute + 30*time.Second),
		Attempt: 2, Error: "once: no such file", Kind: store.ErrorDeadlineExceeded,
	}
}

// ended is an execution of call n of the work w that has ended somehow.
func ended(n int, how store.Status) store.Record {
	r := recordOf(n, "w")
	r.Status = how
	return r
}

// begin begins an execution of call n of the work w.
func (s *suite) begin(h store.Store, n int) store.Lease {
	s.Helper()
	return s.beginAs(h, recordOf(n, "w"))
}

func (s *suite) beginAs(h store.Store, r store.Record) store.Lease {
	s.Helper()
	l, err := h.Begin(ctx, r)
	if err != nil {
		s.Fatalf("Begin: %v", err)
	}
	if l.Ref != r.Ref || l.Token == 0 || l.Expires.IsZero() {
		s.Fatalf("Begin: %v", l)
	}
	return l
}

// put executes a call, as it were, with a given result.
func (s *suite) put(h store.Store, r store.Record, data []byte) store.Lease {
	s.Helper()
	l := s.beginAs(h, r)
	r.Status = store.Succeeded
	if err := h.End(ctx, l, r, store.Bytes(data)); err != nil {
		s.Fatalf("End: %v", err)
	}
	return l
}

// putOf puts the result of call n of the work w.
func (s *suite) putOf(h store.Store, n int, data string) store.Lease {
	s.Helper()
	return s.put(h, recordOf(n, "w"), []byte(data))
}

// fail executes a call, as it were, in vain.
func fail(h store.Store, r store.Record) (store.Lease, error) {
	l, err := h.Begin(ctx, r)
	if err == nil {
		r.Status = store.Failed
		err = h.End(ctx, l, r, nil)
	}
	return l, err
}

// stop ends an execution without anything.
func stop(h store.Store, l store.Lease) error {
	return h.End(ctx, l, store.Record{Ref: l.Ref, Status: store.Stopped}, nil)
}

// lookup looks one call up.
func (s *suite) lookup(h store.Store, r store.Ref) store.Found {
	s.Helper()
	found := make([]store.Found, 1)
	if err := h.Lookup(ctx, []store.Ref{r}, found); err != nil {
		s.Fatalf("Lookup: %v", err)
	}
	return found[0]
}

// got reads the result of a call that must have one.
func (s *suite) got(h store.Store, n int) []byte {
	s.Helper()
	data, err := read(h, refOf(n))
	if err != nil {
		s.Fatalf("Lookup: %v", err)
	}
	return data
}

// read gets a result, and makes sure that it is the only one, and as long as it says.
func read(h store.Store, r store.Ref) ([]byte, error) {
	found := make([]store.Found, 1)
	if err := h.Lookup(ctx, []store.Ref{r}, found); err != nil {
		return nil, err
	}
	f := &found[0]
	if f.Damaged != nil {
		return nil, f.Damaged
	}
	e := f.Result()
	if e == nil {
		return nil, store.ErrNotFound
	}
	defer e.Close()
	if len(f.Results) != 1 || f.Latest != nil || f.Holder != nil || e.Ref != r {
		return nil, errors.New("a result is looked up with more than itself")
	}
	return whole(e)
}

// whole reads an entry to its end.
func whole(e *store.Entry) ([]byte, error) {
	data, err := io.ReadAll(e)
	if err == nil && int64(len(data)) != e.Size {
		return nil, errors.New("entry has " + strconv.Itoa(len(data)) + " bytes and claims " + strconv.FormatInt(e.Size, 10))
	}
	if err == nil && e.Data != nil && !bytes.Equal(e.Data, data) {
		return nil, errors.New("entry has other Data than it reads")
	}
	return data, err
}

func (s *suite) wantMiss(h store.Store, n int) {
	s.Helper()
	if data, err := read(h, refOf(n)); !errors.Is(err, store.ErrNotFound) {
		s.Fatalf("Lookup: %q, %v, want none", data, err)
	}
}

func (s *suite) wantError(what string, err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// history returns what a filter lets through.
func (s *suite) history(h store.Store, f store.Filter) []store.Record {
	s.Helper()
	var records []store.Record
	for r, err := range h.History(ctx, f) {
		if err != nil {
			s.Fatalf("History: %v", err)
		}
		records = append(records, r)
	}
	return records
}

func (s *suite) wantRecord(what string, got, want store.Record) {
	s.Helper()
	ignore := cmpopts.IgnoreFields(store.Record{}, "Nonce", "Used", "Hits", "Gone", "Writer")
	if diff := cmp.Diff(want, got, ignore, cmpopts.EquateEmpty()); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// within fails a test that waits for too long, instead of hanging.
func (s *suite) within(what string, c <-chan struct{}) {
	s.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		s.Fatalf("%s: nothing in %v", what, patience)
	}
}

// patience is how long a test waits for what has to come.
var patience = func() time.Duration {
	if os.Getenv("CI") != "" {
		return 2 * time.Minute
	}
	return 30 * time.Second
}()
