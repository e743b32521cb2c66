package nats_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/nats/natstest"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// crowd are processes that ask for the same calls, one after the other, while something happens to
// the servers.
type crowd struct {
	*testing.T
	stores   []*nats.Store
	executed sync.Map // store.Ref to *atomic.Int32
	asked    atomic.Int32
}

// ask has all stores ask for new calls until done is closed. Each call has one result.
func (c *crowd) ask(done <-chan struct{}) {
	var wg sync.WaitGroup
	for round := 0; ; round++ {
		select {
		case <-done:
			return
		default:
		}
		r := newCall()
		results := make([][]byte, len(c.stores))
		for i, s := range c.stores {
			wg.Go(func() {
				var err error
				results[i], err = storetest.Do(ctx, s, r, func(l store.Lease) ([]byte, error) {
					n, _ := c.executed.LoadOrStore(r, new(atomic.Int32))
					n.(*atomic.Int32).Add(1)
					time.Sleep(time.Millisecond)
					return fmt.Append(nil, l.Token, " ", rand.Uint64()), nil
				})
				if err != nil {
					c.Errorf("call %v: %v", r.Key, err)
				}
			})
		}
		wg.Wait()
		c.asked.Add(1)
		for _, data := range results {
			if !bytes.Equal(data, results[0]) || len(data) == 0 {
				c.Errorf("call %v has the results %q and %q", r.Key, data, results[0])
			}
		}
		c.wantOneSuccess(r)
	}
}

// wantOneSuccess looks at the history of a call.
func (c *crowd) wantOneSuccess(r store.Ref) {
	n, last := 0, ^uint64(0)
	for x, err := range c.stores[0].History(ctx, store.Filter{Work: r.Work, Prefix: r.Key.String()}) {
		if err != nil {
			c.Errorf("History: %v", err)
			return
		}
		if x.Seq >= last {
			c.Errorf("token %d after %d", x.Seq, last)
		}
		if last = x.Seq; x.Status == store.Succeeded {
			n++
		}
	}
	if n != 1 {
		c.Errorf("call %v has %d successes", r.Key, n)
	}
}

// TestLeaders: leaders step down, and one is killed, while four processes work. Each call has one
// result.
func TestLeaders(t *testing.T) {
	if testing.Short() {
		t.Skip("three servers take long")
	}
	t.Parallel() // mostly waits
	c := natstest.Start(t, 3, nil)
	ns := namespace(t, c)
	crowd := &crowd{T: t}
	for range 4 {
		crowd.stores = append(crowd.stores, open(t, nats.Options{URL: c.URL(), Namespace: ns, Lease: 10 * time.Second}))
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { crowd.ask(done) })
	}
	for range 6 {
		time.Sleep(700 * time.Millisecond)
		c.StepDown(ns + "-calls")
		c.StepDown(ns + "-history")
	}
	calm := crowd.asked.Load()
	if calm == 0 {
		t.Error("no call came to an end while leaders stepped down")
	}
	killed := c.Leader(ns + "-calls")
	if killed < 0 {
		killed = 0
	}
	c.Stop(killed)
	for end := time.Now().Add(30 * time.Second); crowd.asked.Load() < calm+5 && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	if crowd.asked.Load() < calm+5 {
		t.Error("no call came to an end after the leader was killed")
	}
	c.Restart(killed)
	c.Wait()
	close(done)
	wg.Wait()
	more := 0
	crowd.executed.Range(func(_, n any) bool {
		more += int(n.(*atomic.Int32).Load()) - 1
		return true
	})
	t.Logf("%d calls, %d of them before the kill; executed %d times more", crowd.asked.Load(), calm, more)
	if more > 0 { // no lease was lost
		t.Errorf("%d executions too many", more)
	}
}

// TestServerIsAway: what is asked for while the only server restarts is answered once it is there.
func TestServerIsAway(t *testing.T) {
	c := natstest.Start(t, 1, nil)
	s := open(t, nats.Options{URL: c.URL()})
	r := newCall()
	x := recordOf(r)
	l, err := s.Begin(ctx, x)
	if err != nil {
		t.Fatal(err)
	}
	c.Stop(0)
	ended := make(chan error)
	go func() {
		x.Status, x.Finished = store.Succeeded, time.Now()
		ended <- s.End(ctx, l, x, store.Bytes("result"))
	}()
	time.Sleep(300 * time.Millisecond)
	c.Restart(0)
	c.Wait()
	if err := <-ended; err != nil {
		t.Fatalf("End: %v", err)
	}
	found := make([]store.Found, 1)
	if err := open(t, nats.Options{URL: c.URL()}).Lookup(ctx, []store.Ref{r}, found); err != nil || found[0].Result() == nil {
		t.Errorf("found %+v, %v", found[0], err)
	}
}

// TestDamagedChunks: a large result whose parts were damaged, swapped or lost is a miss that says so.
func TestDamagedChunks(t *testing.T) {
	c := natstest.Start(t, 1, nil)
	s := open(t, nats.Options{URL: c.URL()})
	_, js := connect(t, c.URL())
	chunks, err := js.Stream(ctx, "workgen-chunks")
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 2<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	for name, damage := range map[string]func(subject string){
		"changed": func(subject string) { publish(t, js, subject, []byte("nonsense")) },
		"lost": func(subject string) {
			if err := chunks.Purge(ctx, jetstream.WithPurgeSubject(subject)); err != nil {
				t.Fatal(err)
			}
		},
		"of another part": func(subject string) {
			m, err := chunks.GetLastMsgForSubject(ctx, subject[:len(subject)-1]+"2")
			if err != nil {
				t.Fatal(err)
			}
			publish(t, js, subject, m.Data)
		},
	} {
		r := newCall()
		put(t, s, r, noise)
		info, err := chunks.Info(ctx, jetstream.WithSubjectFilter("workgen.c.*."+r.Key.String()+".>"))
		if err != nil || len(info.State.Subjects) < 5 {
			t.Fatalf("chunks %v, %v", info.State.Subjects, err)
		}
		for subject := range info.State.Subjects {
			if subject[len(subject)-2:] == ".1" {
				damage(subject)
			}
		}
		if err := s.Check(ctx); (err != nil) != (name == "lost") {
			t.Errorf("%s: Check: %v", name, err)
		}
		found := make([]store.Found, 1)
		if err := s.Lookup(ctx, []store.Ref{r}, found); err != nil || found[0].Result() == nil {
			t.Fatalf("%s: found %+v, %v", name, found[0], err)
		}
		data, err := io.ReadAll(found[0].Result())
		var corrupt *store.CorruptError
		if !errors.As(err, &corrupt) || corrupt.Ref != r {
			t.Errorf("%s: %d bytes were read, %v", name, len(data), err)
		}
		found[0].Close()
		if err := s.Lookup(ctx, []store.Ref{r}, found); err != nil || found[0].Result() != nil || found[0].Latest.Status != store.Unreadable {
			t.Errorf("%s: after that there is %+v, %v", name, found[0], err)
		}
		put(t, s, r, []byte("again"))
	}
}

// TestDamagedRecords: what was stored by somebody else, or damaged, is a miss that says so, and the
// call can be executed again.
func TestDamagedRecords(t *testing.T) {
	c := natstest.Start(t, 1, nil)
	s := open(t, nats.Options{URL: c.URL()})
	_, js := connect(t, c.URL())
	r := newCall()
	put(t, s, r, []byte("result"))
	publish(t, js, "workgen.r.example%2ecom/daily%2eFetch."+r.Key.String(), []byte("nonsense"))
	found := make([]store.Found, 1)
	if err := s.Lookup(ctx, []store.Ref{r}, found); err != nil || found[0].Damaged == nil || found[0].Result() != nil {
		t.Errorf("found %+v, %v", found[0], err)
	}
	if err := s.Lookup(ctx, []store.Ref{r}, found); err != nil || found[0].Damaged != nil || found[0].Latest == nil {
		t.Errorf("the second time %+v, %v", found[0], err)
	}
	put(t, s, r, []byte("again"))
	if err := s.Lookup(ctx, []store.Ref{r}, found); err != nil || string(found[0].Result().Data) != "again" {
		t.Errorf("after it was put again: %+v, %v", found[0], err)
	}
}

func publish(t *testing.T, js jetstream.JetStream, subject string, data []byte) {
	t.Helper()
	if _, err := js.Publish(ctx, subject, data); err != nil {
		t.Fatal(err)
	}
}

// subjects returns those of a stream that have messages.
func subjects(t *testing.T, js jetstream.JetStream, name string) map[string]uint64 {
	t.Helper()
	stream, err := js.Stream(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(">"))
	if err != nil {
		t.Fatal(err)
	}
	return info.State.Subjects
}
