package nats_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/nats/natstest"
)

// wantSetup opens a store in vain, and wants the error to say why, and what to do.
func wantSetup(t *testing.T, o nats.Options, words ...string) {
	t.Helper()
	began := time.Now()
	s, err := nats.Open(ctx, o)
	if err == nil {
		t.Errorf("a store was opened, want an error of %q", words)
		_ = s.Close()
		return
	}
	var setup *nats.SetupError
	if !errors.As(err, &setup) || setup.Fix == "" {
		t.Errorf("error %v says nothing of what to do", err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %v does not have %q", err, w)
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to find out", took)
	}
}

// connect connects to a server, to do there what somebody else may do.
func connect(t testing.TB, url string) (*natsgo.Conn, jetstream.JetStream) {
	t.Helper()
	nc, err := natsgo.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return nc, js
}

func TestStreamsOfOthers(t *testing.T) {
	t.Parallel() // mostly waits
	c := natstest.Start(t, 1, nil)
	_, js := connect(t, c.URL())
	make := func(cfg jetstream.StreamConfig) {
		t.Helper()
		if _, err := js.CreateStream(ctx, cfg); err != nil {
			t.Fatal(err)
		}
	}
	make(jetstream.StreamConfig{Name: "sales-calls", Subjects: []string{"orders.>"}})
	wantSetup(t, nats.Options{URL: c.URL(), Namespace: "sales"}, "sales-calls", "workgen has not made it", "Namespace")
	make(jetstream.StreamConfig{Name: "all", Subjects: []string{"daily.>"}})
	wantSetup(t, nats.Options{URL: c.URL(), Namespace: "daily"}, "daily.r.>", "Namespace")

	s := open(t, nats.Options{URL: c.URL(), Namespace: "ours"})
	info, err := js.Stream(ctx, "ours-calls")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(cfg *jetstream.StreamConfig){
		"max_age":              func(cfg *jetstream.StreamConfig) { cfg.MaxAge = time.Hour },
		"max_bytes":            func(cfg *jetstream.StreamConfig) { cfg.MaxBytes = 1 << 30 },
		"allow_direct":         func(cfg *jetstream.StreamConfig) { cfg.AllowDirect = false },
		"upgrade workgen":      func(cfg *jetstream.StreamConfig) { cfg.Metadata["workgen-version"] = "2" },
		"max_msgs_per_subject": func(cfg *jetstream.StreamConfig) { cfg.MaxMsgsPerSubject = 5 },
	} {
		cfg := info.CachedInfo().Config
		cfg.Metadata = map[string]string{"workgen": "calls", "workgen-version": "1"}
		change(&cfg)
		if _, err := js.UpdateStream(ctx, cfg); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantSetup(t, nats.Options{URL: c.URL(), Namespace: "ours"}, "ours-calls", name)
		if err := s.Check(ctx); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: Check: %v", name, err)
		}
	}
	if _, err := nats.Open(ctx, nats.Options{URL: c.URL(), Namespace: "a.b"}); err == nil || !strings.Contains(err.Error(), "a.b") {
		t.Errorf("a bad namespace: %v", err)
	}
	if _, err := nats.Open(ctx, nats.Options{}); err == nil {
		t.Error("a store was opened nowhere")
	}
}

func TestServersThatCannotBeUsed(t *testing.T) {
	t.Parallel() // mostly waits
	plain := natstest.Start(t, 1, func(o *server.Options) { o.JetStream = false })
	wantSetup(t, nats.Options{URL: plain.URL()}, "JetStream", "nats-server -js")
	small := natstest.Start(t, 1, func(o *server.Options) { o.MaxPayload = 10_000 })
	wantSetup(t, nats.Options{URL: small.URL()}, "10000 bytes", "max_payload")
	empty := natstest.Start(t, 1, nil)
	wantSetup(t, nats.Options{URL: empty.URL(), ReadOnly: true}, "missing", "ReadOnly")
}

// roles starts a server that has a user for each role, and all may do what they need.
func roles(t *testing.T) *natstest.Cluster {
	return natstest.Start(t, 1, func(o *server.Options) {
		for name, role := range map[string]nats.Role{"reader": nats.Reader, "caller": nats.Caller, "worker": nats.Worker, "owner": nats.Owner} {
			g := nats.Permissions("workgen", role)
			o.Users = append(o.Users, &server.User{Username: name, Password: "x", Permissions: &server.Permissions{
				Publish: &server.SubjectPermission{Allow: g.Publish}, Subscribe: &server.SubjectPermission{Allow: g.Subscribe},
			}})
		}
	})
}

// as returns options for a user.
func as(c *natstest.Cluster, user string) nats.Options {
	return nats.Options{URL: c.URL(), Connect: []natsgo.Option{natsgo.UserInfo(user, "x")}}
}

// TestCallersAndWorkers: a worker executes calls, but makes no streams, and a caller gets the results,
// but changes none.
func TestCallersAndWorkers(t *testing.T) {
	t.Parallel() // mostly waits
	c := roles(t)
	wantSetup(t, as(c, "worker"), "workgen-calls", "who may make streams")
	open(t, as(c, "owner"))
	serve(t, as(c, "worker"), 2, func(_ context.Context, n int) (string, error) { return strings.Repeat("x", n), nil })
	o := as(c, "caller")
	o.Manual = true
	call := caller(t, o)
	for _, n := range []int{1, 1 << 20} {
		if got, err := run(call, n); err != nil || len(got) != n {
			t.Errorf("a caller gets %d bytes, %v, want %d", len(got), err, n)
		}
	}
	s := open(t, o)
	if _, err := s.SetMark(ctx, "a mark", store.Mark{Value: "x"}); err != nil {
		t.Errorf("a caller sets a mark: %v", err)
	}
	large := queue.Task{Ref: newCall(), Route: queue.Route{1}, Args: noise(100_000), Caller: 1}
	if err := errors.Join(s.Queue().Push(ctx, large), s.Queue().Withdraw(ctx, large.Key, 1)); err != nil {
		t.Errorf("a caller pushes large arguments: %v", err)
	}
	var made store.Ref
	for r, err := range s.History(ctx, store.Filter{Status: []store.Status{store.Succeeded}}) {
		if made = r.Ref; err != nil {
			t.Error(err)
		}
	}
	_, begin := s.Begin(ctx, recordOf(newCall()))
	_, remove := s.Delete(ctx, made)
	for what, err := range map[string]error{"begins an execution": begin, "deletes a result": remove} {
		if !errors.Is(err, natsgo.ErrPermissionViolation) {
			t.Errorf("a caller %s: %v", what, err)
		}
	}
	worker := open(t, as(c, "worker"))
	if _, err := worker.Delete(ctx, made); err != nil {
		t.Errorf("a worker deletes a result: %v", err)
	}
	failing := newCall()
	var past []*store.Entry // whose records are in the history, but for the last one
	for range 2 {
		l, err := worker.Begin(ctx, recordOf(failing))
		if err == nil {
			err = worker.End(ctx, l, store.Record{Status: store.Failed}, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		past = append(past, &store.Entry{Ref: failing, Token: l.Token})
	}
	for _, e := range past {
		if err := worker.Discard(ctx, e, 0, ""); err != nil {
			t.Errorf("a worker drops a record: %v", err)
		}
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel() // mostly waits
	c := roles(t)
	as := func(user string, readOnly bool) *nats.Store {
		o := as(c, user)
		o.ReadOnly = readOnly
		return open(t, o)
	}
	writer := as("owner", false)
	r := newCall()
	large := make([]byte, 3<<20)
	for i := range large {
		large[i] = byte(i * i >> 7)
	}
	put(t, writer, r, large)
	reader := as("reader", true)
	found := make([]store.Found, 1)
	if err := reader.Lookup(ctx, []store.Ref{r}, found); err != nil || found[0].Result() == nil {
		t.Fatalf("a reader finds %+v, %v", found[0], err)
	}
	n := 0
	for x, err := range reader.History(ctx, store.Filter{}) {
		if n++; err != nil || x.Ref != r || x.Code != "c1" {
			t.Fatalf("a reader lists %+v, %v", x, err)
		}
	}
	if works, err := reader.Works(ctx); err != nil || len(works) != 1 || n != 1 {
		t.Errorf("a reader sees the works %v, %v, and %d executions", works, err, n)
	}
	changed, stop := reader.Watch(newCall())
	defer stop()
	_ = changed
	if _, err := reader.Begin(ctx, recordOf(newCall())); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("Begin: %v", err)
	}
	if err := reader.Discard(ctx, found[0].Result(), store.Unreadable, ""); err != nil {
		t.Errorf("Discard: %v", err)
	}

	// A user who may only read cannot write, whatever the program says.
	pretender := as("reader", false)
	began := time.Now()
	if _, err := pretender.Delete(ctx, r); !errors.Is(err, natsgo.ErrPermissionViolation) {
		t.Errorf("who may not write deletes: %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to be refused", took)
	}
	if err := reader.Lookup(ctx, []store.Ref{r}, found); err != nil || found[0].Result() == nil {
		t.Errorf("after that a reader finds %+v, %v", found[0], err)
	}
}
