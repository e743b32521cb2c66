package runtime

import (
	"context"
	"errors"
	"hash/maphash"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// fetch stands for a generated runner: it does by hand what generated code does,
// for a work whose only argument is a string.
type fetch struct {
	*runner
	Runner *Runner
	calls  *Calls[string, string, string]
}

func (f *fetch) Stats() Stats                    { return f.Runner.Stats() }
func (f *fetch) Status() CallStatus              { return f.Runner.Status() }
func (f *fetch) History() []CallStatus           { return f.Runner.History() }
func (f *fetch) ForgetAll()                      { f.Runner.ForgetAll() }
func (f *fetch) Close(ctx context.Context) error { return f.Runner.Close(ctx) }

func fetchOf(calls *Calls[string, string, string]) *fetch {
	if calls.spec.Identify == nil {
		calls.spec.Identify = byItself
	}
	return &fetch{calls.runner, calls.Runner(), calls}
}

var seed = maphash.MakeSeed()

func hashOf(k string) uint64 { return maphash.String(seed, k) }

// byItself identifies a call whose only argument is a string by that.
func byItself(arg string) (hash uint64, k string, _ *key.Encoder) { return hashOf(arg), arg, nil }

func newFetch(body func(ctx context.Context, arg string) (string, error), opts ...Option) *fetch {
	calls := NewCalls(Spec[string, string, string]{Name: "example.com/web.Fetch", Execute: body}, opts...)
	return fetchOf(calls)
}

func (f *fetch) Run(ctx context.Context, arg string) (string, error) {
	h := hashOf(arg)
	if v := f.calls.Hit(h, &arg); v != nil {
		return *v, nil
	}
	return f.calls.Run(ctx, h, arg, arg)
}

func (f *fetch) Start(ctx context.Context, arg string) *Call[string] {
	return f.calls.Start(ctx, arg)
}

func (f *fetch) Lookup(arg string) (string, bool) { return f.calls.Lookup(arg) }
func (f *fetch) Forget(arg string) bool           { return f.calls.Forget(arg) }

// echo is a body that succeeds at once.
func echo(_ context.Context, arg string) (string, error) { return "got " + arg, nil }

// sleeper is a body that takes a second and heeds its context.
func sleeper(ctx context.Context, arg string) (string, error) {
	select {
	case <-time.After(time.Second):
		return "got " + arg, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// bubble runs a test on fake time. A goroutine that is left behind fails it.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t) })
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("error: got %v, want one that is %v", got, want)
	}
}

func wantResult(t *testing.T, want string) func(got string, err error) {
	return func(got string, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Errorf("got %q and error %v, want %q", got, err, want)
		}
	}
}

// settled waits until nothing moves and checks what must hold then.
func settled(t *testing.T, f *fetch) Stats {
	t.Helper()
	synctest.Wait()
	f.check(t)
	s := f.Stats()
	want(t, "bodies in flight", s.InFlight, 0)
	want(t, "pending calls", s.Pending, 0)
	f.mu.Lock()
	used, _, _ := f.slots.Count()
	f.mu.Unlock()
	want(t, "slots used", used, 0)
	return s
}

// check verifies that what is kept, queued and counted agrees.
func (f *fetch) check(t interface{ Errorf(string, ...any) }) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.calls
	listed, unfinished := 0, 0
	for c.table.old.Load() != nil {
		c.table.grow()
	}
	for i := range *c.table.buckets.Load() {
		for e := (*c.table.buckets.Load())[i].Load(); e != nil; e = e.next.Load() {
			listed++
			if !e.call.node.status().ended() {
				unfinished++
			}
		}
	}
	if listed != c.table.len || f.kept.Len() != listed-unfinished || f.stats.Entries != f.kept.Len() {
		t.Errorf("table: %d entries listed of which %d unfinished, but counted %d, %d in order, Entries %d",
			listed, unfinished, c.table.len, f.kept.Len(), f.stats.Entries)
	}
	bytes := int64(0)
	for n, a := range f.attributes {
		if bytes += a.bytes; c.table.at(n.hash, n.number) != n {
			t.Errorf("call %d is not kept and has attributes", n.number)
		}
	}
	if bytes != f.stats.Bytes || f.counted != nil && f.counted.Load() != bytes {
		t.Errorf("%d bytes are kept, and counted are %d", bytes, f.stats.Bytes)
	}
	if f.kept.Len() > f.maxEntries {
		t.Errorf("%d entries kept, at most %d allowed", f.kept.Len(), f.maxEntries)
	}
	used, resuming, pending := f.slots.Count()
	if f.concurrency > 0 && used > f.concurrency {
		t.Errorf("%d slots used of %d", used, f.concurrency)
	}
	if resuming != 0 || pending > f.stats.Pending {
		t.Errorf("slots: %d resuming, %d of %d pending queued", resuming, pending, f.stats.Pending)
	}
}
