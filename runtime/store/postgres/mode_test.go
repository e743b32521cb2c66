//go:build unix

package postgres_test

import (
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// TestModes: poolers want other ways to ask than that which prepares statements. All work.
func TestModes(t *testing.T) {
	for _, mode := range []string{"cache_describe", "describe_exec", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			useAll(t, open(t, pgtest.Database(t)+" default_query_exec_mode="+mode, postgres.Options{Trust: []string{"postgres"}}))
		})
	}
}

// useAll does all that there is, once.
func useAll(t *testing.T, s *postgres.Store) {
	t.Helper()
	changed, stop := s.Watch(benchRef(1))
	defer stop()
	put(t, s, benchRef(1), []byte("x"))
	put(t, s, benchRef(2), noise(600_000))
	within(t, "the end", changed)
	if got := wholeOf(t, look(t, s, benchRef(2))); len(got) != 600_000 {
		t.Errorf("%d bytes", len(got))
	}
	l := begin(t, s, benchRef(3))
	_, held := s.Begin(ctx, store.Record{Ref: l.Ref, Nonce: 1})
	_, err := s.Renew(ctx, l, store.Record{Log: "one line"})
	if err := errors.Join(err, s.End(ctx, l, store.Record{Status: store.Failed, Error: "no page", Retry: time.Now()}, nil)); err != nil || !errors.Is(held, store.ErrHeld) {
		t.Errorf("%v, %v", held, err)
	}
	m, err := s.SetMark(ctx, "tick", store.Mark{Value: "x"})
	if got, err2 := s.Mark(ctx, "tick"); got != m || errors.Join(err, err2) != nil {
		t.Errorf("mark %+v of %+v, %v, %v", got, m, err, err2)
	}
	now := time.Now()
	for name, f := range map[string]store.Filter{
		"all": {}, "prefix": {Prefix: benchRef(3).Key.String()}, "time": {Since: now.Add(-time.Hour), Until: now.Add(time.Hour)},
		"status": {Status: []store.Status{store.Failed, store.Lost}, Work: "w"}, "text": {Text: "NO PAGE"}, "newest": {Newest: true, Limit: 2},
	} {
		if len(listed(t, s, f)) == 0 {
			t.Errorf("%s: nothing is listed", name)
		}
	}
	works, err := s.Works(ctx)
	_, err2 := s.Usage(ctx)
	_, err3 := s.Peek(ctx, benchRef(1))
	if err := errors.Join(err, err2, err3, s.Check(ctx), s.GC(ctx)); err != nil || len(works) != 1 {
		t.Errorf("%v, %v", works, err)
	}
	q, w := s.Queue(), queue.Worker{ID: 1, Slots: 1, Serves: []queue.Served{{Work: "w", Route: queue.Route{1}}}}
	if err := q.Push(ctx, queue.Task{Ref: benchRef(4), Route: queue.Route{1}, Caller: 1, Args: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	if task, err := q.Take(ctx, w); err != nil || task.Ref != benchRef(4) {
		t.Errorf("%+v, %v", task, err)
	}
	if n, err := s.Delete(ctx, benchRef(1), benchRef(2)); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// TestPooler: behind a pooler that gives each transaction another connection all works, only that those
// who wait look now and then. Who does not say that it is there is told what to say.
func TestPooler(t *testing.T) {
	t.Cleanup(postgres.SetMaxProof(500 * time.Millisecond))
	server := pgtest.Shared(t)
	through := server.Pooler(t)
	var logged lines
	o := postgres.Options{Logger: slog.New(slog.NewTextHandler(&logged, nil)), Trust: []string{"postgres"}}
	url := through(server.Database(t))
	s := open(t, url, o)
	useAll(t, s)
	wantSoon(t, "the warning", func() bool { return strings.Contains(logged.String(), "gets no notifications") })

	var all sync.WaitGroup
	var executed atomic.Int32
	for range 3 {
		s := open(t, url, o)
		for range 5 {
			all.Go(func() {
				data, err := storetest.Do(ctx, s, benchRef(50), func(store.Lease) ([]byte, error) {
					executed.Add(1)
					time.Sleep(50 * time.Millisecond)
					return noise(600_000), nil
				})
				if err != nil || len(data) != 600_000 {
					t.Errorf("%d bytes, %v", len(data), err)
				}
			})
		}
	}
	all.Wait()
	if n := executed.Load(); n != 1 {
		t.Errorf("executed %d times", n)
	}

	var err error
	for range 20 { // until it gets a connection that has not prepared what it asks for
		var wrong *postgres.Store
		if wrong, err = postgres.Open(ctx, postgres.Options{URL: url + " default_query_exec_mode=cache_statement"}); err == nil {
			for n := 0; n < 20 && err == nil; n++ {
				err = wrong.Lookup(ctx, []store.Ref{benchRef(n)}, make([]store.Found, 1))
			}
			_ = wrong.Close()
		}
		if err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "default_query_exec_mode=exec") {
		t.Errorf("error %v", err)
	}
}

// TestStandby: who only reads may do so from a standby, which gives no notifications, so that those who
// wait look now and then.
func TestStandby(t *testing.T) {
	pair := pgtest.StartPair(t)
	s := open(t, pair.URL(), postgres.Options{})
	var logged lines
	o := postgres.Options{
		URL: pair.URL() + " target_session_attrs=standby", ReadOnly: true, Logger: slog.New(slog.NewTextHandler(&logged, nil)),
	}
	wantSoon(t, "the tables", func() bool {
		r, err := postgres.Open(ctx, o)
		return err == nil && r.Close() == nil
	})
	r := open(t, o.URL, o)
	var told atomic.Int32
	r.OnDelete(func([]store.Ref) bool { told.Add(1); return true })
	changed, stop := r.Watch(benchRef(1))
	defer stop()
	wantSoon(t, "the warning", func() bool { return strings.Contains(logged.String(), "from a standby") })
	begin(t, s, benchRef(2))
	put(t, s, benchRef(1), noise(600_000))
	within(t, "the end", changed)
	wantSoon(t, "the result", func() bool {
		f := look(t, r, benchRef(1))
		return f.Result() != nil && len(wholeOf(t, f)) == 600_000
	})
	if f := look(t, r, benchRef(2)); f.Holder == nil {
		t.Errorf("found %+v", f)
	}
	if n := len(listed(t, r, store.Filter{})); n != 2 {
		t.Errorf("%d records", n)
	}
	if _, err := s.Delete(ctx, benchRef(1)); err != nil {
		t.Fatal(err)
	}
	wantSoon(t, "what was deleted", func() bool { return told.Load() > 0 })
}
