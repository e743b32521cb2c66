package tier_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
	"github.com/workgen/workgen/runtime/store/tier"
)

// machine is one of those that share a store: its local store, and the tier, whose two stores
// fail as is wanted.
type machine struct {
	*testing.T
	*tier.Store
	o             tier.Options
	open          [2]func() store.Store // local, shared
	local, shared storetest.Faults
}

// machineOf starts a machine with these stores.
func machineOf(t *testing.T, o tier.Options, local, shared func() store.Store) *machine {
	m := &machine{T: t, o: o, open: [2]func() store.Store{local, shared}}
	m.start()
	t.Cleanup(func() { _ = m.Store.Close() })
	return m
}

// start opens the tier, and waits until it asks what was deleted.
func (m *machine) start() {
	asked := m.shared.Calls(storetest.History)
	m.Store = tier.New(m.local.Wrap(m.open[0]()), m.shared.Wrap(m.open[1]()), m.o)
	for m.shared.Calls(storetest.History) == asked {
		time.Sleep(time.Millisecond)
	}
}

// off closes the tier, and what there is of the machine then.
func (m *machine) off() {
	m.Helper()
	if err := m.Store.Close(); err != nil {
		m.Fatal(err)
	}
}

// machines returns some of them with local stores in memory, which share one in memory.
func machines(t *testing.T, n int, o tier.Options) (all []*machine, shared *memory.Store) {
	shared = memory.New(0)
	for range n {
		all = append(all, machineOf(t, o, inMemory(t, 0), func() store.Store { return shared.Another() }))
	}
	return all, shared
}

var ctx = context.Background()

func refOf(n byte) store.Ref { return store.Ref{Work: "example.com/daily.Fetch", Key: key.Key{31: n}} }

var at = time.Date(2022, 5, 25, 1, 2, 3, 456_789_000, time.UTC)

// recordOf is an execution of call n elsewhere.
func recordOf(n byte) store.Record {
	return store.Record{
		Ref: refOf(n), Schema: "s1", Code: "c1", Symbols: "main.f abc\n", Build: "go: go1.26\n",
		Args:    []store.Arg{{Name: "day", Type: "string", Digest: [16]byte{n}, Text: "monday"}},
		Origin:  store.Origin{Host: "ci", PID: 4711, Program: "daily"},
		Started: at, Requested: at, Finished: at.Add(time.Minute), Attempt: 2, Status: store.Succeeded, Log: "reading\n",
	}
}

// put executes a call, as it were.
func put(t *testing.T, s store.Store, r store.Record, data string) (token uint64) {
	t.Helper()
	l, err := s.Begin(ctx, r)
	if err == nil {
		err = s.End(ctx, l, r, store.Bytes(data))
	}
	if err != nil {
		t.Fatal(err)
	}
	return l.Token
}

// look looks a call up and reads its result.
func look(s store.Store, n byte) (f store.Found, data string, err error) {
	found := make([]store.Found, 1)
	if err := s.Lookup(ctx, []store.Ref{refOf(n)}, found); err != nil {
		return f, "", err
	}
	e := found[0].Result()
	if e == nil {
		return found[0], "", store.ErrNotFound
	}
	defer e.Close()
	b, err := io.ReadAll(e)
	return found[0], string(b), err
}

func wantResult(t *testing.T, s store.Store, n byte, want string) *store.Found {
	t.Helper()
	f, got, err := look(s, n)
	if err != nil || got != want {
		t.Fatalf("call %d: %d bytes %.20q, %v, want %.20q", n, len(got), got, err, want)
	}
	return &f
}

func wantMiss(t *testing.T, s store.Store, n byte) store.Found {
	t.Helper()
	f, got, err := look(s, n)
	if !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("call %d: %.20q, %v, want none", n, got, err)
	}
	return f
}

// records returns what a store lists.
func records(t *testing.T, s store.Store, f store.Filter) (all []store.Record) {
	t.Helper()
	for r, err := range s.History(ctx, f) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// wantLocal waits until the machine has a result of a call without the shared store, or has
// none.
func (m *machine) wantLocal(n byte, want bool) {
	m.Helper()
	h := m.open[0]()
	defer h.Close()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		_, _, err := look(h, n)
		if err == nil == want {
			return
		}
		if time.Now().After(end) {
			m.Fatalf("call %d is found in the local store: %t, want %t", n, !want, want)
		}
	}
}

// warnings returns what is logged from now on, until the test ends.
func warnings(t *testing.T) *strings.Builder {
	log := new(strings.Builder)
	was := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(func() { slog.SetDefault(was) })
	return log
}

// large is a result that is not in memory as a whole.
var large = string(bytes.Repeat([]byte("a large result "), 1<<18))
