//go:build unix

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/crashtest"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// TestTheServerRestarts: it crashes again and again while runners work. Leases and results outlive
// that, so each call is executed once and everybody gets its result.
func TestTheServerRestarts(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	const processes, most = 3, 300
	var executed [most]atomic.Int32
	var wg sync.WaitGroup
	for range processes {
		c := newFetch(func(_ context.Context, n int) (string, error) {
			executed[n].Add(1)
			time.Sleep(20 * time.Millisecond)
			return fmt.Sprint("result ", n), nil
		}, runtime.WithStore(open(t, server.URL("postgres"), postgres.Options{})), runtime.StoreTimeout(30*time.Second))
		for range 2 {
			order := rand.Perm(most)
			wg.Go(func() {
				for _, n := range order {
					if got, err := run(c, n); err != nil || got != fmt.Sprint("result ", n) {
						t.Errorf("call %d returns %q, %v", n, got, err)
					}
				}
			})
		}
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for crashes := 0; ; crashes++ {
		select {
		case <-done:
			t.Logf("%d crashes", crashes)
			if crashes == 0 {
				t.Error("it was over before the server crashed")
			}
			for n := range executed {
				if times := executed[n].Load(); times != 1 {
					t.Errorf("call %d was executed %d times", n, times)
				}
			}
			return
		case <-time.After(300 * time.Millisecond):
			server.Kill()
			time.Sleep(100 * time.Millisecond)
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestConnectionsBreak: whatever is under way when a connection breaks is asked for again, and each
// call is executed once.
func TestConnectionsBreak(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t)
	proxy := crashtest.NewProxy(t, "unix", server.Socket())
	url := throughProxy(server.Database(t), server, proxy)
	var stores []*postgres.Store
	for range 3 {
		stores = append(stores, open(t, url, postgres.Options{}))
	}
	const most = 30
	var executed [most]atomic.Int32
	var wg sync.WaitGroup
	for _, s := range stores {
		for range 2 {
			order := rand.Perm(most)
			wg.Go(func() {
				for _, n := range order {
					data, err := storetest.Do(ctx, s, benchRef(n), func(store.Lease) ([]byte, error) {
						executed[n].Add(1)
						return noise(100 + n%3*200_000), nil
					})
					if err != nil || string(data) != string(noise(100+n%3*200_000)) {
						t.Errorf("call %d returns %d bytes, %v", n, len(data), err)
					}
				}
			})
		}
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for cuts := 0; ; cuts++ {
		select {
		case <-done:
			t.Logf("%d cuts", cuts)
			for n := range executed {
				if times := executed[n].Load(); times != 1 {
					t.Errorf("call %d was executed %d times", n, times)
				}
			}
			return
		case <-time.After(150 * time.Millisecond):
			proxy.Cut()
		}
	}
}

// TestTheListenerDies: notifications come again on another connection, and nobody hangs meanwhile.
func TestTheListenerDies(t *testing.T) {
	url := pgtest.Database(t)
	s, other := open(t, url, postgres.Options{}), open(t, url, postgres.Options{})
	hear(t, s, other)
	const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()`
	pgtest.Exec(t, url, kill)
	r := benchRef(1)
	changed, stop := other.Watch(r)
	defer stop()
	l := begin(t, s, r)
	for len(changed) > 0 {
		<-changed
	}
	pgtest.Exec(t, url, kill)
	if err := s.End(ctx, l, store.Record{Ref: r, Status: store.Failed}, nil); err != nil {
		t.Fatal(err)
	}
	wantSoon(t, "the failure", func() bool {
		select {
		case <-changed:
		case <-time.After(5 * time.Second):
			t.Error("nobody was woken in five seconds")
		}
		f := look(t, other, r)
		return f.Latest != nil && f.Latest.Status == store.Failed
	})
	wantSoon(t, "notifications again", other.Heard)
	hear(t, s, other)
}

func begin(t testing.TB, s store.Store, r store.Ref) store.Lease {
	t.Helper()
	l, err := s.Begin(ctx, store.Record{Ref: r, Nonce: rand.Uint64()})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// lines is what was logged.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestBehindAPooler: where no notification comes, that is said once, and those who wait are woken by
// looking.
func TestBehindAPooler(t *testing.T) {
	t.Cleanup(postgres.SetChannel("nobody speaks here"))
	t.Cleanup(postgres.SetMaxProof(50 * time.Millisecond))
	url := pgtest.Database(t)
	var logged lines
	o := postgres.Options{Logger: slog.New(slog.NewTextHandler(&logged, nil))}
	s, other := open(t, url, o), open(t, url, postgres.Options{Logger: slog.New(slog.DiscardHandler)})
	var told atomic.Int32
	s.OnDelete(func([]store.Ref) bool { told.Add(1); return true })
	r := benchRef(1)
	changed, stop := s.Watch(r)
	defer stop()
	l := begin(t, other, r)
	wantSoon(t, "the warning", func() bool { return strings.Contains(logged.String(), "gets no notifications") })
	for range 3 {
		drain(changed)
		if err := other.End(ctx, l, store.Record{Ref: r, Status: store.Failed}, nil); err != nil {
			t.Fatal(err)
		}
		within(t, "the end", changed)
		l = begin(t, other, r)
	}
	if _, err := other.Delete(ctx, r); err != nil {
		t.Fatal(err)
	}
	wantSoon(t, "what was deleted", func() bool { return told.Load() > 0 })
	if n := strings.Count(logged.String(), "gets no notifications"); n != 1 {
		t.Errorf("%d warnings: %s", n, logged.String())
	}
}

func drain(c <-chan struct{}) {
	for len(c) > 0 {
		<-c
	}
}

// within fails a test that waits for more than three seconds.
func within(t testing.TB, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(3 * time.Second):
		t.Errorf("%s: nobody was woken in three seconds", what)
	}
}

// TestContextsEnd: what ends with its context costs no connection, and its error is the context's.
func TestContextsEnd(t *testing.T) {
	server := pgtest.Shared(t)
	url := server.Database(t)
	s := open(t, url, postgres.Options{})
	l := begin(t, s, benchRef(1))
	tx, err := pool(t, url).Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, `LOCK TABLE workgen.execution`); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for n := range 40 {
		wg.Go(func() {
			short, cancel := context.WithTimeout(ctx, time.Duration(50+n)*time.Millisecond)
			defer cancel()
			for what, err := range map[string]error{
				"Begin":  second(s.Begin(short, store.Record{Ref: benchRef(2)})),
				"Lookup": s.Lookup(short, []store.Ref{benchRef(3)}, make([]store.Found, 1)),
				"End":    s.End(short, l, store.Record{Status: store.Failed}, nil),
			} {
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
	wg.Wait()
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.End(ctx, l, store.Record{Ref: benchRef(1), Status: store.Failed}, nil); err != nil {
		t.Error(err)
	}
	stat := s.Connections().Stat()
	if n := stat.NewConnsCount(); n > 2*int64(stat.MaxConns()) {
		t.Errorf("%d connections were made", n)
	}
}

func second[T any](_ T, err error) error { return err }

// TestHalfOpen: when nothing arrives any more, contexts still end everything in time, and Close does
// not hang.
func TestHalfOpen(t *testing.T) {
	server := pgtest.Shared(t)
	proxy := crashtest.NewProxy(t, "unix", server.Socket())
	s, err := postgres.Open(ctx, postgres.Options{URL: throughProxy(server.Database(t), server, proxy)})
	if err != nil {
		t.Fatal(err)
	}
	l := begin(t, s, benchRef(1))
	proxy.Delay(time.Hour)
	began := time.Now()
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if err := s.Lookup(short, []store.Ref{benchRef(3)}, make([]store.Found, 1)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Lookup: %v", err)
			}
			if err := s.End(short, l, store.Record{Status: store.Failed}, nil); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("End: %v", err)
			}
		})
	}
	wg.Wait()
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("they took %v", d)
	}
	t.Cleanup(postgres.SetClosing(200 * time.Millisecond))
	began = time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("Close took %v", d)
	}
}
