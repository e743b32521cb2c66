//go:build unix

package postgres_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/crashtest"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
)

// crashLease is how long leases last in tests of crashes.
const crashLease = time.Second

func openForCrash(url string) (store.Store, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return postgres.Open(ctx, postgres.Options{URL: url, Lease: crashLease})
}

// TestCrashes kills and stops processes, crashes and restarts the server, and cuts connections, for
// three seconds, or for as long as -crash.for says.
func TestCrashes(t *testing.T) {
	t.Parallel() // mostly waits
	server := pgtest.Start(t)
	direct := server.Database(t)
	proxy := crashtest.NewProxy(t, "unix", server.Socket())
	crashtest.Test(t, crashtest.Backend{
		Open: openForCrash, Lease: crashLease,
		Slack:  8 * time.Second, // twice the time until a connection is found to be dead, and those of others
		Target: throughProxy(direct, server, proxy), Direct: direct,
		Faults: append(proxy.Faults(), serverFaults(server)...),
	})
}

// throughProxy returns the URL that gets to a server through a proxy for its socket.
func throughProxy(url string, server *pgtest.Server, p *crashtest.Proxy) string {
	return strings.Replace(url, filepath.Dir(server.Socket()), filepath.Dir(p.Addr()), 1)
}

// TestHalfOpenConnectionsAreMadeAnewTogether: one is found out to be dead by who waits for it, and
// the others are not waited for.
func TestHalfOpenConnectionsAreMadeAnewTogether(t *testing.T) {
	t.Parallel() // mostly waits
	server := pgtest.Start(t)
	proxy := crashtest.NewProxy(t, "unix", server.Socket())
	s := open(t, throughProxy(server.Database(t), server, proxy), postgres.Options{})
	begin := func(n int) error {
		ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
		defer cancel()
		_, err := s.Begin(ctx, store.Record{Ref: store.Ref{Work: "w", Key: key.Key{byte(n)}}, Nonce: uint64(n)})
		return err
	}
	n := 0
	all := func() { // the pool's connections are made, or used
		var ends sync.WaitGroup
		for range 40 {
			n++
			call := n
			ends.Go(func() { _ = begin(call) })
		}
		ends.Wait()
	}
	all()
	proxy.HalfOpen()
	if begin(201) == nil {
		t.Error("no connection is dead")
	}
	again := func(what string) { // once the server would have said that it has cancelled something
		t.Helper()
		end := time.Now().Add(4 * time.Second)
		for n++; begin(n) != nil; n++ {
			if time.Now().After(end) {
				t.Errorf("%s are waited for", what)
				return
			}
		}
	}
	again("connections beside one that was found out to be dead")
	all()
	proxy.HalfOpen()
	all()
	again("those that were found out to be dead")
}

// TestAWorkerBehindAHalfOpenConnectionGoesOn to take tasks, though it waits for them for ever.
func TestAWorkerBehindAHalfOpenConnectionGoesOn(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	proxy := crashtest.NewProxy(t, "unix", server.Socket())
	url := server.Database(t)
	there, here := open(t, throughProxy(url, server, proxy), postgres.Options{}), open(t, url, postgres.Options{})
	route := queue.Route{1}
	w := queue.Worker{ID: 1, Slots: 1, Serves: []queue.Served{{Work: "w", Route: route}}}
	taken := make(chan queue.Task)
	go func() {
		for {
			if task, err := there.Queue().Take(ctx, w); err == nil {
				taken <- task
				return
			}
		}
	}()
	time.Sleep(100 * time.Millisecond) // it waits
	proxy.HalfOpen()
	time.Sleep(1500 * time.Millisecond) // it has looked again
	task := queue.Task{Ref: store.Ref{Work: "w", Key: key.Key{1}}, Route: route, Caller: 1}
	if err := here.Queue().Push(ctx, task); err != nil {
		t.Fatal(err)
	}
	select {
	case <-taken:
	case <-time.After(30 * time.Second):
		t.Error("it takes nothing any more")
	}
}

// serverFaults are what happens to a server.
func serverFaults(server *pgtest.Server) []crashtest.Fault {
	restart := func(end func()) func(context.Context, time.Duration) error {
		return func(_ context.Context, d time.Duration) error {
			end()
			time.Sleep(d)
			return server.Start()
		}
	}
	kill := func(kind string) func(context.Context, time.Duration) error {
		return func(ctx context.Context, _ time.Duration) error { return server.KillOne(ctx, kind) }
	}
	return []crashtest.Fault{
		{Name: "the server crashes", Do: restart(server.Kill)},
		{Name: "the server is restarted", Do: restart(server.Stop)},
		{Name: "a process of the server is killed", Do: kill("client backend")},
		{Name: "a process of the server that writes is killed", Do: kill("walwriter")},
	}
}

// TestCrashesWithAStandby has the standby of a server take its place again and again, while processes are
// killed and stopped.
func TestCrashesWithAStandby(t *testing.T) {
	t.Parallel()
	pair := pgtest.StartPair(t)
	crashtest.Test(t, crashtest.Backend{
		Open: openForCrash, Target: pair.URL(), Lease: crashLease, Slack: 8 * time.Second,
		Faults: []crashtest.Fault{{Name: "the standby takes over", Do: func(_ context.Context, d time.Duration) error {
			return pair.FailOver(d/5, d)
		}}},
	})
}

// TestCrashesOfWorkers does what TestCrashes does where some processes execute what others call.
func TestCrashesOfWorkers(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	direct := server.Database(t)
	proxy := crashtest.NewProxy(t, "unix", server.Socket())
	crashtest.Test(t, crashtest.Backend{
		Open: openForCrash, Lease: crashLease, Workers: true,
		Slack:  16 * time.Second, // workers find out after seven seconds that a connection is dead, and those who wait for them later
		Target: throughProxy(direct, server, proxy), Direct: direct,
		Faults: append(proxy.Faults(), serverFaults(server)...),
	})
}
