package nats_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/queue/queuetest"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/nats/natstest"
	"github.com/workgen/workgen/runtime/store/runnertest"
	"github.com/workgen/workgen/runtime/store/storetest"
)

var ctx = context.Background()

// open opens a store, which is closed at the test's end.
func open(t testing.TB, o nats.Options) *nats.Store {
	t.Helper()
	s, err := nats.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// namespaces are those that were used: each test has one of its own on the same servers.
var namespaces atomic.Int64

// namespace returns a new one, whose streams go with the test.
func namespace(t testing.TB, c *natstest.Cluster) string {
	ns := "test" + strconv.FormatInt(namespaces.Add(1), 10)
	t.Cleanup(func() {
		nc, err := natsgo.Connect(c.URL())
		if err != nil {
			return // the servers have gone
		}
		defer nc.Close()
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{"calls", "history", "chunks", "state", "tasks"} {
			_ = js.DeleteStream(ctx, ns+"-"+kind)
		}
	})
	return ns
}

// opener returns what opens stores of a new namespace.
func opener(c *natstest.Cluster, lease time.Duration) storetest.Opener {
	return func(t *testing.T) func() store.Store {
		ns := namespace(t, c)
		return func() store.Store { return open(t, nats.Options{URL: c.URL(), Namespace: ns, Lease: lease}) }
	}
}

var sizes = []int{1, 3}

// servers runs a test on one server and on three.
func servers(t *testing.T, f func(t *testing.T, c *natstest.Cluster)) {
	for _, n := range sizes {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			if n > 1 && testing.Short() {
				t.Skip("three servers take long")
			}
			t.Parallel()
			c := natstest.Start(t, n, nil)
			// With its last stream a server drops the directory, also while another stream is made there.
			_, js := connect(t, c.URL())
			if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "stays", Replicas: n}); err != nil {
				t.Fatal(err)
			}
			f(t, c)
		})
	}
}

// lease is long enough for the machine, and short enough for tests that wait until it has expired.
func lease(c *natstest.Cluster) time.Duration {
	if c.Size() > 1 {
		return 1500 * time.Millisecond
	}
	return time.Second
}

// TestStores runs what every store has to pass.
func TestStores(t *testing.T) {
	t.Parallel() // mostly waits
	servers(t, func(t *testing.T, c *natstest.Cluster) {
		t.Run("conformance", func(t *testing.T) { storetest.Test(t, true, opener(c, lease(c))) })
		t.Run("runners", func(t *testing.T) { runnertest.Test(t, false, opener(c, 4*time.Second)) })
		t.Run("queue", func(t *testing.T) {
			queuetest.Test(t, func(t *testing.T) func() queue.Queue {
				ns := namespace(t, c)
				return func() queue.Queue {
					return open(t, nats.Options{URL: c.URL(), Namespace: ns, AckWait: lease(c)}).Queue()
				}
			})
		})
		t.Run("workers", func(t *testing.T) { testWorkers(t, c) })
	})
}
