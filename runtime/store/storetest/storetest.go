// Package storetest checks that a backend keeps the promises of package store.
//
//	func TestConformance(t *testing.T) {
//		storetest.Test(t, func(t *testing.T) func() store.Store {
//			dir := t.TempDir()
//			return func() store.Store { … open dir … }
//		})
//	}
//
// Leases should expire soon, such as after 200 ms: several tests wait for it.
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
	run("a key is leased to one at a time", testHeld)
	run("tokens grow", testTokens)
	run("a result needs a lease", testPutWithoutLease)
	run("a finished key is not leased", testFinished)
	run("only its holder releases a lease", testRelease)
	run("a renewed lease lasts", testRenew)
	run("an expired lease is taken over and lost", testExpiredLease)
	run("closing frees leases", testCloseFreesLeases)
	run("a failing result is not kept", testFailingResult)
	run("results of all sizes", testSizes)
	run("watches wake", testWatch)
	run("deleting", testDelete)
	run("deletes are announced", testAnnounce)
	run("discarding what was got", testDiscard)
	run("listing", testList)
	run("listing while records change", testListConcurrently)
	run("failures are noted", testNote)
	run("records say what was before", testEarlier)
	run("results expire", testExpiry)
	run("contexts end everything", testContext)
	run("a closed store says so", testClosed)
	run("overlapping calls execute once", testSingleFlight)
	run("anything at once", testChaos)
	if durable {
		run("results outlive the handles", testReopen)
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

var ctx = context.Background()

// at is a time without a monotonic reading, to the microsecond.
var at = time.Date(2022, 5, 25, 1, 2, 3, 456_789_000, time.UTC)

func recordOf(n int, work string) store.Record {
	return store.Record{
		Key: keyOf(n), Work: work, Schema: "s1", Code: "c1", Symbols: "main.f abc\nmain.g def\n", Build: "go: go1.26\n",
		Args: []store.Arg{
			{Name: "Source", Type: "string", Digest: [16]byte{1, 2}, Text: "s3://sales"},
			{Name: "day", Type: "string", Digest: [16]byte{15: 255}, Secret: true},
		},
		Origin:    store.Origin{Host: "here", PID: 4711, Program: "daily"},
		Requested: at, Started: at.Add(time.Second), Finished: at.Add(time.Duration(n) * time.Minute),
		Attempts: 2, Error: "once: no such file",
	}
}

// put executes call n, as it were, with a given result.
func (s *suite) put(h store.Store, n int, r store.Record, data []byte) store.Lease {
	s.Helper()
	l := s.acquire(h, n)
	if err := h.Put(ctx, l, r, store.Bytes(data)); err != nil {
		s.Fatalf("Put: %v", err)
	}
	return l
}

func (s *suite) acquire(h store.Store, n int) store.Lease {
	s.Helper()
	l, err := h.Acquire(ctx, keyOf(n))
	if err != nil {
		s.Fatalf("Acquire: %v", err)
	}
	if l.Key != keyOf(n) || l.Token == 0 || l.Expires.IsZero() {
		s.Fatalf("Acquire: %v", l)
	}
	return l
}

// got reads the result of a call that must have one.
func (s *suite) got(h store.Store, n int) []byte {
	s.Helper()
	data, err := read(h, keyOf(n))
	if err != nil {
		s.Fatalf("Get: %v", err)
	}
	return data
}

// read gets a result, and makes sure that it is as long as it says.
func read(h store.Store, k key.Key) ([]byte, error) {
	e, err := h.Get(ctx, k)
	if err != nil {
		return nil, err
	}
	defer e.Close()
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
	if data, err := read(h, keyOf(n)); !errors.Is(err, store.ErrNotFound) {
		s.Fatalf("Get: %q, %v, want ErrNotFound", data, err)
	}
}

func (s *suite) wantError(what string, err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// list returns what a filter lets through.
func (s *suite) list(h store.Store, f store.Filter) []store.Record {
	s.Helper()
	var records []store.Record
	for r, err := range h.List(ctx, f) {
		if err != nil {
			s.Fatalf("List: %v", err)
		}
		records = append(records, r)
	}
	return records
}

func (s *suite) wantRecord(what string, got, want store.Record) {
	s.Helper()
	ignore := cmpopts.IgnoreFields(store.Record{}, "Seq", "Used", "Hits", "Gone")
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
