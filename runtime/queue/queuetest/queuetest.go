// Package queuetest checks that a backend keeps the promises of package queue.
//
//	func TestQueue(t *testing.T) {
//		queuetest.Test(t, func(t *testing.T) func() queue.Queue { … })
//	}
//
// A worker that does not report should lose its tasks soon, such as after two seconds: tests
// wait for it, and fail if one does that reports, beside busy processors.
package queuetest

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
)

// Opener makes an empty queue and returns a function that opens a handle of it. Each handle
// stands for a process of its own. Who opens handles closes them.
type Opener func(t *testing.T) (open func() queue.Queue)

// Test runs all tests.
func Test(t *testing.T, opener Opener) {
	run := func(name string, f func(s *suite)) {
		t.Run(name, func(t *testing.T) {
			s := &suite{T: t, open: opener(t)}
			s.Queue = s.open()
			f(s)
		})
	}
	run("what is pushed is taken", testTake)
	run("a task of each call", testOnce)
	run("take waits", testWaits)
	run("pools and routes", testPools)
	run("the oldest first", testOrder)
	run("what nobody wants", testWithdraw)
	run("put off", testPutOff)
	run("a dead worker", testDead)
	run("a worker that leaves", testLeave)
	run("who has lost a task changes nothing", testStale)
	run("a limit over all workers", testLimit)
	run("many workers", testMany)
	run("status", testStatus)
	run("contexts end everything", testContext)
}

func testTake(s *suite) {
	for n, size := range []int{0, 10, 3 << 20} {
		t := taskOf(n)
		t.Args = bytes.Repeat([]byte{byte(n)}, size)
		s.push(t)
		got := s.take(s.open(), workerOf(7))
		if got.Ref != t.Ref || got.Route != t.Route || !bytes.Equal(got.Args, t.Args) || got.Origin != t.Origin || got.Taken != 1 {
			s.Errorf("took %v of %v with %d bytes, the %dth time", got.Ref, got.Origin, len(got.Args), got.Taken)
		}
		if age := time.Since(got.Queued); age < -time.Minute || age > time.Minute {
			s.Errorf("it was queued %v ago", age)
		}
		s.do(s.Done(ctx, 7, t.Key))
	}
	s.wantNothing(s, workerOf(7))
}

func testOnce(s *suite) {
	for range 3 {
		s.push(taskOf(1))
	}
	s.wantTaken(s, workerOf(7), 1)
	s.push(taskOf(1)) // while a worker has it
	s.wantNothing(s, workerOf(8))
	s.do(s.Done(ctx, 7, keyOf(1)))
	s.do(s.Done(ctx, 7, keyOf(1)))
	s.wantNothing(s, workerOf(8))
	s.push(taskOf(1))
	s.wantTaken(s, workerOf(8), 1)
}

func testWaits(s *suite) {
	for n, push := range []func(){
		func() { s.push(taskOf(0)) },
		func() { s.do(s.open().Push(ctx, taskOf(1))) },
		func() { s.do(s.PutOff(ctx, 7, keyOf(1), 0)) }, // which it has
	} {
		var wg sync.WaitGroup
		began, took := time.Now(), time.Duration(0)
		wg.Go(func() {
			s.wantTaken(s, workerOf(7), min(n, 1))
			took = time.Since(began)
		})
		time.Sleep(moment)
		push()
		wg.Wait()
		if took < moment {
			s.Errorf("it took %v", took)
		}
	}
}

func testPools(s *suite) {
	in := func(n int, pool string) queue.Task {
		t := taskOf(n)
		t.Pool = pool
		return t
	}
	other := taskOf(9)
	other.Work, other.Route = "v", routeOf("v")
	s.push(other, in(1, ""), in(2, "cpu"), in(3, "gpu"), in(4, "gpu"))
	s.wantNothing(s, workerOf(7, "tpu"))
	s.wantTaken(s, workerOf(7), 1)
	s.wantNothing(s, workerOf(7))
	s.wantTaken(s, workerOf(7, "gpu", "cpu"), 3)
	s.wantTaken(s, workerOf(7, "tpu", "gpu", "cpu"), 4)
	s.wantTaken(s, workerOf(7, "gpu", "cpu"), 2)
	w := workerOf(7)
	w.Serves = append(w.Serves, queue.Served{Work: "v", Route: routeOf("v")})
	s.wantTaken(s, w, 9)
	w.Serves = nil
	s.push(in(5, ""))
	s.wantNothing(s, w)
}

func testOrder(s *suite) {
	for n := range 20 {
		s.push(taskOf(n))
	}
	for n := range 20 {
		s.wantTaken(s, workerOf(uint64(1+n%3)), n)
	}
}

func testWithdraw(s *suite) {
	again := taskOf(1)
	again.Caller = 2
	s.push(taskOf(1), again, taskOf(2))
	s.do(s.Withdraw(ctx, keyOf(1), 1))
	s.do(s.Withdraw(ctx, keyOf(2), 1))
	s.do(s.Withdraw(ctx, keyOf(3), 1))
	s.wantTaken(s, workerOf(7), 1)
	s.wantNothing(s, workerOf(7))
	if got := s.report(workerOf(7), 1); len(got) > 0 {
		s.Errorf("nobody wants %v", got)
	}
	s.do(s.Withdraw(ctx, keyOf(1), 2))
	if got := s.report(workerOf(7), 1, 4); !slices.Equal(got, []key.Key{keyOf(1), keyOf(4)}) && !slices.Equal(got, []key.Key{keyOf(4), keyOf(1)}) {
		s.Errorf("nobody wants %v, want calls 1 and 4", got)
	}
	s.push(taskOf(1)) // it is wanted again
	if got := s.report(workerOf(7), 1); len(got) > 0 {
		s.Errorf("nobody wants %v", got)
	}
	s.do(s.Withdraw(ctx, keyOf(1), 1))
	s.do(s.PutOff(ctx, 7, keyOf(1), 0))
	s.wantNothing(s, workerOf(7))
}

func testPutOff(s *suite) {
	s.push(taskOf(1), taskOf(2))
	s.wantTaken(s, workerOf(7), 1)
	began := time.Now()
	s.do(s.PutOff(ctx, 7, keyOf(1), 3*moment))
	s.wantTaken(s, workerOf(8), 2)
	if t := s.wantTaken(s, workerOf(8), 1); t.Taken != 2 {
		s.Errorf("taken %d times", t.Taken)
	}
	if took := time.Since(began); took < 3*moment || took > patience/2 {
		s.Errorf("it was put off for %v", took)
	}
}

// testDead: the tasks of a worker that does not report are taken by others, and those of one
// that does are not.
func testDead(s *suite) {
	s.push(taskOf(1), taskOf(2))
	dead, alive := workerOf(7), workerOf(8)
	r, err := s.Report(ctx, dead, nil)
	s.do(err)
	s.wantTaken(s, dead, 1)
	s.wantTaken(s, alive, 2)
	taken := make(chan queue.Task)
	go func() {
		defer close(taken)
		if t, err := takeWithin(s.open(), workerOf(9), patience); err == nil {
			taken <- t
		}
	}()
	for got := false; !got; {
		select {
		case t, ok := <-taken:
			if got = true; !ok || t.Key != keyOf(1) || t.Taken != 2 {
				s.Errorf("took %v, the %dth time", t.Key, t.Taken)
			}
		case <-time.After(r.Within / 2):
			s.report(alive, 2)
		}
	}
	if got := s.report(dead, 1); len(got) > 0 { // another one has it, for the same callers
		s.Errorf("nobody wants %v", got)
	}
	s.report(alive, 2)
	if got := s.report(alive, 2); len(got) > 0 {
		s.Errorf("who has reported has lost %v", got)
	}
}

func testLeave(s *suite) {
	s.push(taskOf(1))
	s.report(workerOf(7))
	s.wantTaken(s, workerOf(7), 1)
	s.do(s.Leave(ctx, 7))
	s.wantTaken(s.open(), workerOf(8), 1)
	st, err := s.Status(ctx)
	s.do(err)
	if slices.ContainsFunc(st.Workers, func(w queue.Worker) bool { return w.ID == 7 }) {
		s.Error("a worker that has left is there")
	}
}

func testStale(s *suite) {
	s.push(taskOf(1))
	s.wantTaken(s, workerOf(7), 1)
	s.do(s.Leave(ctx, 7))
	s.wantTaken(s, workerOf(8), 1)
	s.do(s.Done(ctx, 7, keyOf(1)))
	s.do(s.PutOff(ctx, 7, keyOf(1), 0))
	s.wantNothing(s, workerOf(9))
	if got := s.report(workerOf(8), 1); len(got) > 0 {
		s.Errorf("it has lost %v", got)
	}
	s.do(s.PutOff(ctx, 8, keyOf(1), 0))
	s.wantTaken(s, workerOf(9), 1)
}

func testLimit(s *suite) {
	for n := range 5 {
		t := taskOf(n)
		t.Limit = 2
		s.push(t)
	}
	s.wantTaken(s, workerOf(7), 0)
	s.wantTaken(s.open(), workerOf(8), 1)
	s.wantNothing(s, workerOf(9))
	s.do(s.Done(ctx, 7, keyOf(0)))
	s.wantTaken(s, workerOf(9), 2)
	s.wantNothing(s, workerOf(9))
	s.do(s.PutOff(ctx, 8, keyOf(1), 0))
	s.take(s, workerOf(9))
	s.wantNothing(s, workerOf(9))
}

// testMany: each task is taken by one worker, while others push, take and leave.
func testMany(s *suite) {
	const tasks, workers = 200, 8
	var times [tasks]atomic.Int32
	number := map[key.Key]int{}
	for n := range tasks {
		number[keyOf(n)] = n
	}
	var wg sync.WaitGroup
	done := make(chan struct{})
	for i := range workers {
		q, w := s.open(), workerOf(uint64(100+i))
		wg.Go(func() {
			for {
				t, err := takeWithin(q, w, 5*moment)
				if err != nil {
					select {
					case <-done:
						return
					default:
						continue
					}
				}
				n := number[t.Key]
				if times[n].Add(1); rand.IntN(4) == 0 && t.Taken == 1 {
					times[n].Add(-1)
					err = q.PutOff(ctx, w.ID, t.Key, 0)
				} else {
					err = q.Done(ctx, w.ID, t.Key)
				}
				if err != nil {
					s.Error(err)
				}
			}
		})
	}
	var pushing sync.WaitGroup
	for i := range 4 {
		q := s.open()
		pushing.Go(func() {
			for n := i; n < tasks; n += 4 {
				if err := q.Push(ctx, taskOf(n)); err != nil {
					s.Error(err)
				}
			}
		})
	}
	pushing.Wait()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if st, err := s.Status(ctx); err == nil && len(st.Lengths) == 0 {
			break
		}
	}
	close(done)
	wg.Wait()
	for n := range times {
		if got := times[n].Load(); got != 1 {
			s.Errorf("task %d was taken %d times", n, got)
		}
	}
}

func testStatus(s *suite) {
	st, err := s.Status(ctx)
	s.do(err)
	if len(st.Workers) > 0 || len(st.Lengths) > 0 {
		s.Errorf("an empty queue: %+v", st)
	}
	gpu := taskOf(3)
	gpu.Pool = "gpu"
	s.push(taskOf(1), taskOf(2), gpu)
	w := workerOf(7, "gpu", "")
	w.Busy = 1
	s.report(w)
	s.report(workerOf(8))
	s.wantTaken(s, workerOf(8), 1)
	st, err = s.open().Status(ctx)
	s.do(err)
	if len(st.Workers) != 2 || len(st.Lengths) != 2 {
		s.Fatalf("status %+v", st)
	}
	got := st.Workers[0]
	if got.ID != 7 || got.Origin != w.Origin || !slices.Equal(got.Pools, w.Pools) || got.Slots != 4 || got.Busy != 1 || !slices.Equal(got.Serves, w.Serves) {
		s.Errorf("worker %+v, want %+v", got, w)
	}
	if age := time.Since(got.Seen); age < -time.Minute || age > time.Minute {
		s.Errorf("it was seen %v ago", age)
	}
	if l := st.Lengths[0]; l.Pool != "" || l.Work != "w" || l.Route != routeOf("w") || l.Queued != 1 || l.Taken != 1 || l.Oldest.IsZero() {
		s.Errorf("length %+v", l)
	}
	if l := st.Lengths[1]; l.Pool != "gpu" || l.Queued != 1 || l.Taken != 0 {
		s.Errorf("length %+v", l)
	}
	if !st.Serves("gpu", routeOf("w")) || st.Serves("tpu", routeOf("w")) || st.Serves("gpu", routeOf("v")) {
		s.Error("it says wrongly who is served")
	}
}

func testContext(s *suite) {
	s.push(taskOf(1))
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, take := s.Take(ended, workerOf(7))
	_, report := s.Report(ended, workerOf(7), nil)
	_, status := s.Status(ended)
	for what, err := range map[string]error{
		"Push": s.Push(ended, taskOf(2)), "Withdraw": s.Withdraw(ended, keyOf(1), 1), "Take": take, "Report": report,
		"Done": s.Done(ended, 7, keyOf(1)), "PutOff": s.PutOff(ended, 7, keyOf(1), 0), "Leave": s.Leave(ended, 7), "Status": status,
	} {
		if !errors.Is(err, context.Canceled) {
			s.Errorf("%s: error %v", what, err)
		}
	}
	s.wantTaken(s, workerOf(7), 1)
}
