package nats_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/nats/natstest"
)

// Each figure stands beside the raw cost of the engine, "bare", in the same run.

var calls atomic.Uint64

// newCall returns a call that was not there yet.
func newCall() store.Ref {
	return store.Ref{Work: "example.com/daily.Fetch", Key: sha256.Sum256(binary.BigEndian.AppendUint64(nil, calls.Add(1)))}
}

func recordOf(r store.Ref) store.Record {
	return store.Record{
		Ref: r, Nonce: rand.Uint64() | 1, Schema: "s1", Code: "c1", Symbols: "main.f abc\n", Build: "go: go1.26\n",
		Args:   []store.Arg{{Name: "Source", Type: "string", Text: "s3://sales/" + r.Key.String()}, {Name: "day", Type: "string", Text: "2026-11-29"}},
		Origin: store.Origin{Host: "here", PID: 4711, Program: "daily"}, Requested: time.Now(), Started: time.Now(), Attempt: 1,
	}
}

// put executes a call, as it were.
func put(t testing.TB, s store.Store, r store.Ref, result []byte) {
	t.Helper()
	x := recordOf(r)
	l, err := s.Begin(ctx, x)
	if err != nil {
		t.Fatal(err)
	}
	x.Status, x.Finished = store.Succeeded, time.Now()
	if err := s.End(ctx, l, x, store.Bytes(result)); err != nil {
		t.Fatal(err)
	}
}

func synced(o *server.Options) { o.SyncAlways = true }

// bare makes a stream like that of the calls, without anything else.
func bare(b *testing.B, c *natstest.Cluster, replicas int) (*natsgo.Conn, jetstream.JetStream) {
	nc, err := natsgo.Connect(c.URL())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		b.Fatal(err)
	}
	_, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: "bare", Subjects: []string{"bare.>"}, MaxMsgsPerSubject: 1, AllowDirect: true, Replicas: replicas,
	})
	if err != nil {
		b.Fatal(err)
	}
	return nc, js
}

func BenchmarkFound(b *testing.B) {
	c := natstest.Start(b, 1, synced)
	s := open(b, nats.Options{URL: c.URL()})
	r := newCall()
	put(b, s, r, []byte("result"))
	nc, js := bare(b, c, 1)
	if _, err := js.Publish(ctx, "bare.x", []byte("result")); err != nil {
		b.Fatal(err)
	}
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			if _, err := nc.Request("$JS.API.DIRECT.GET.bare.bare.x", nil, time.Second); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("lookup", func(b *testing.B) {
		found := make([]store.Found, 1)
		for b.Loop() {
			if err := s.Lookup(ctx, []store.Ref{r}, found); err != nil || found[0].Result() == nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("500", func(b *testing.B) {
		refs, found := make([]store.Ref, 500), make([]store.Found, 500)
		for i := range refs {
			refs[i] = newCall()
		}
		for b.Loop() {
			if err := s.Lookup(ctx, refs, found); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkWoken is an execution that begins and ends, and somebody who waits for it.
func BenchmarkWoken(b *testing.B) {
	for _, n := range []int{1, 3} {
		c := natstest.Start(b, n, synced)
		b.Run(fmt.Sprint(n, "/bare"), func(b *testing.B) {
			_, js := bare(b, c, n)
			for b.Loop() {
				subject := "bare." + newCall().Key.String()
				ack, err := js.Publish(ctx, subject, []byte("x"), jetstream.WithExpectLastSequencePerSubject(0))
				if err == nil {
					_, err = js.Publish(ctx, subject, []byte("x"), jetstream.WithExpectLastSequencePerSubject(ack.Sequence))
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprint(n, "/call"), func(b *testing.B) {
			s, other := open(b, nats.Options{URL: c.URL()}), open(b, nats.Options{URL: c.URL()})
			found := make([]store.Found, 1)
			for b.Loop() {
				r := newCall()
				changed, stop := other.Watch(r)
				look := func() bool {
					if err := other.Lookup(ctx, []store.Ref{r}, found); err != nil {
						b.Fatal(err)
					}
					return found[0].Result() != nil
				}
				look() // so that the server knows of the watch
				put(b, s, r, []byte("result"))
				for !look() {
					<-changed
				}
				stop()
			}
		})
	}
}

// BenchmarkCalls is how many durable calls one server takes, from several callers at once.
func BenchmarkCalls(b *testing.B) {
	c := natstest.Start(b, 1, synced)
	const callers = 16
	parallel := func(b *testing.B, f func()) {
		var wg sync.WaitGroup
		var n atomic.Int64
		for range callers {
			wg.Go(func() {
				for n.Add(1) <= int64(b.N) {
					f()
				}
			})
		}
		wg.Wait()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	}
	b.Run("bare", func(b *testing.B) {
		_, js := bare(b, c, 1)
		parallel(b, func() {
			for range 2 {
				if _, err := js.Publish(ctx, "bare."+newCall().Key.String(), []byte("x"), jetstream.WithExpectLastSequencePerSubject(0)); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("call", func(b *testing.B) {
		s := open(b, nats.Options{URL: c.URL()})
		parallel(b, func() { put(b, s, newCall(), []byte("result")) })
	})
}

// BenchmarkHistory lists many executions.
func BenchmarkHistory(b *testing.B) {
	const executions = 100_000
	c := natstest.Start(b, 1, nil)
	s := open(b, nats.Options{URL: c.URL()})
	var wg sync.WaitGroup
	var last atomic.Pointer[store.Ref]
	for range 32 {
		wg.Go(func() {
			for range executions / 32 {
				r := newCall()
				put(b, s, r, []byte("result of "+strconv.Itoa(len(r.Work))))
				last.Store(&r)
			}
		})
	}
	wg.Wait()
	for name, f := range map[string]store.Filter{
		"all":    {},
		"newest": {Limit: 50},
		"text":   {Text: "no such text"},
		"why":    {Work: last.Load().Work, Prefix: last.Load().Key.String()[:10], Newest: true},
		"key":    {Prefix: last.Load().Key.String()},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				n := 0
				for _, err := range s.History(ctx, f) {
					if n++; err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n), "records")
			}
		})
	}
}
