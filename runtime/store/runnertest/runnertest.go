// Package runnertest checks what callers get from runners whose store fails: for each
// fault of package storetest, four runners, in as many processes as it were, are asked for
// the same calls at once. A backend that passes storetest.Test should pass this, too.
//
//	func TestRunners(t *testing.T) {
//		runnertest.Test(t, false, func(t *testing.T) func() store.Store { … })
//	}
//
// Leases should last for four seconds: longer than a busy machine takes for anything, and
// several tests wait until they are renewed, or expire.
package runnertest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// Test runs all tests: in bubbles of testing/synctest, where no time passes, if the store
// can be used there, and otherwise several at once.
func Test(t *testing.T, bubbles bool, opener storetest.Opener) {
	var all sync.WaitGroup
	defer all.Wait()
	room := make(chan struct{}, atOnce)
	run := func(name string, c testCase, f func(*suite)) {
		if bubbles {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f(newSuite(t, c, opener))
					time.Sleep(time.Minute) // leases may still be given back
				})
			})
			return
		}
		all.Go(func() { // they sleep most of the time, so more can run than there are processors
			room <- struct{}{}
			defer func() { <-room }()
			t.Run(name, func(t *testing.T) { f(newSuite(t, c, opener)) })
		})
	}
	run("a bound of results", testCase{}, (*suite).isBounded)
	for _, c := range cases {
		run(c.name, c, (*suite).succeeds)
		if c.fails {
			run(c.name+", and the body fails", c, (*suite).failsOnce)
			run(c.name+", and the body fails at first", c, (*suite).isRetried)
		}
	}
}

// atOnce is how many tests run at once.
const atOnce = 4

// A testCase is how a store fails, and what holds nevertheless. Whatever happens, all
// callers get the right result.
type testCase struct {
	name string

	// Each fault is met from the start, or from when the first body runs.
	atStart, inBody []injection

	once  bool // each call executes once
	kept  bool // each result is in the store, once
	fails bool // a failure reaches all who wait, after one execution, or after two those get the result
	opts  []runtime.Option
	body  time.Duration // how long it takes; 0: shortly
}

// injection is a fault that is made when it is injected.
type injection struct {
	methods storetest.Method
	fault   func() storetest.Fault
}

func always(m storetest.Method, f storetest.Fault) injection {
	return injection{m, func() storetest.Fault { return f }}
}

func during(span time.Duration, m storetest.Method, f storetest.Fault) injection {
	return injection{m, func() storetest.Fault { return storetest.For(span, f) }}
}

func every(n int, m storetest.Method, f storetest.Fault) injection {
	return injection{m, func() storetest.Fault { return storetest.Every(n, f) }}
}

func times(n int, m storetest.Method, f storetest.Fault) injection {
	return injection{m, func() storetest.Fault { return storetest.Times(n, f) }}
}

// longBody is how long a body takes during which leases are renewed.
const longBody = 2500 * time.Millisecond

// while is how long a store fails that answers again.
const while = 300 * time.Millisecond

var cases = []testCase{
	{name: "no fault", once: true, kept: true, fails: true},
	{name: "the store refuses everything for a while", atStart: faults(during(while, storetest.All, storetest.Refuse)), once: true, kept: true, fails: true},
	{name: "the store refuses everything while a body runs", inBody: faults(during(while, storetest.All, storetest.Refuse)), once: true, kept: true, fails: true},
	{name: "each third call is refused", atStart: faults(every(3, storetest.All, storetest.Refuse)), once: true, kept: true, fails: true},
	{name: "each second answer of Begin is lost", atStart: faults(every(2, storetest.Begin, storetest.LoseAnswer)), once: true, kept: true, fails: true},
	{name: "each second answer of End is lost", atStart: faults(every(2, storetest.End, storetest.LoseAnswer)), once: true, kept: true, fails: true},
	{name: "each third answer is lost", atStart: faults(every(3, storetest.All, storetest.LoseAnswer)), once: true, kept: true, fails: true},
	{
		name: "answers of Renew are lost", atStart: faults(always(storetest.Renew, storetest.LoseAnswer)), once: true, kept: true,
		body: longBody,
	},
	{name: "looks are stale for a while", atStart: faults(during(while, storetest.Lookup, storetest.Stale)), once: true, kept: true},
	{name: "each second look is stale", atStart: faults(every(2, storetest.Lookup, storetest.Stale)), once: true, kept: true},
	{name: "the store is slow", atStart: faults(always(storetest.All, storetest.Slow(20*time.Millisecond))), once: true, kept: true, fails: true},
	{name: "the medium is full for a while", atStart: faults(during(while, storetest.Writing, storetest.Full)), once: true, kept: true, fails: true},
	{name: "the medium gets full for a while when bodies run", inBody: faults(during(while, storetest.Writing, storetest.Full)), once: true, kept: true, fails: true},

	// Where nobody can know that there is no other execution, there may be one.
	{
		name: "leases are lost when they are renewed", atStart: faults(times(4, storetest.Renew, storetest.LoseLease)), kept: true,
		body: longBody,
	},
	{name: "leases are lost at the end", atStart: faults(times(4, storetest.End, storetest.LoseLease))},
	{
		name: "the store never answers", atStart: faults(always(storetest.All, storetest.Refuse)),
		opts: []runtime.Option{runtime.StoreTimeout(while)},
	},
	{
		name: "the medium stays full", atStart: faults(always(storetest.Writing, storetest.Full)),
		opts: []runtime.Option{runtime.StoreTimeout(while)},
	},
	{
		name: "the store ceases to answer", inBody: faults(always(storetest.All, storetest.Refuse)),
		opts: []runtime.Option{runtime.StoreTimeout(while)},
	},
	{
		name: "the store hangs", atStart: faults(always(storetest.All, storetest.Slow(time.Hour))),
		opts: []runtime.Option{runtime.StoreTimeout(while)},
	},
	{
		name: "anything at once", kept: true,
		atStart: faults(
			every(5, storetest.All, storetest.Refuse), every(7, storetest.All, storetest.LoseAnswer),
			every(3, storetest.Lookup, storetest.Stale), every(11, storetest.Writing, storetest.Full),
			times(2, storetest.Renew, storetest.LoseLease), always(storetest.All, storetest.Slow(2*time.Millisecond)),
		),
	},
}

func faults(list ...injection) []injection { return list }

// processes is how many runners are asked for each of so many calls at once.
const (
	processes = 4
	calls     = 4
)

// Result is what calls return.
type result struct {
	N    int
	Text string
}

func resultOf(n int) result { return result{n, fmt.Sprint("result of ", n)} }

// suite is one test: its runners, and what their bodies did.
type suite struct {
	*testing.T
	testCase
	open    func() store.Store
	faults  storetest.Faults
	runners []*runtime.Calls[int, int, result]
	looks   store.Store // nil before it is needed

	mu       sync.Mutex
	executed map[int]int
	ends     []func() // of faults
	running  bool
}

func newSuite(t *testing.T, c testCase, opener storetest.Opener) *suite {
	s := &suite{T: t, testCase: c, open: opener(t), executed: map[int]int{}}
	s.inject(c.atStart)
	return s
}

func (s *suite) inject(list []injection) {
	for _, in := range list {
		s.ends = append(s.ends, s.faults.Inject(in.methods, in.fault()))
	}
}

// runner makes a runner on a handle of its own.
func (s *suite) runner(wrap func(store.Store) store.Store, body func(n int) (result, error)) *runtime.Calls[int, int, result] {
	handle := s.open()
	s.Cleanup(func() { _ = handle.Close() })
	return runtime.NewCalls(runtime.Spec[int, int, result]{
		Name: "example.com/daily.Fetch", Schema: "s1", Code: &runtime.Code{Sum: "c1"},
		Execute:  func(_ context.Context, n int) (result, error) { return body(n) },
		Identify: func(n int) (uint64, int, *key.Encoder) { return hash(n), n, nil },
		Encode:   func(n *int, e *key.Encoder) { e.Int(*n) },
		Inputs:   []string{"n int"},
	}, append(s.opts, runtime.WithStore(wrap(handle)), runtime.WithLogger(slog.New(slog.DiscardHandler)))...)
}

// execute counts an execution, and takes its time: until all have asked, at least.
func (s *suite) execute(n int) int {
	s.mu.Lock()
	s.executed[n]++
	times, first := s.executed[n], !s.running
	if s.running = true; first {
		s.inject(s.inBody)
	}
	s.mu.Unlock()
	for _, r := range s.runners {
		for r.Runner().Stats().Misses < calls {
			time.Sleep(time.Millisecond)
		}
	}
	time.Sleep(max(s.body, 50*time.Millisecond))
	return times
}

// ask asks all runners for all calls at once, and tells got what each returns.
func (s *suite) ask(body func(n int) (result, error), got func(n int, r result, err error)) {
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	for range processes {
		s.runners = append(s.runners, s.runner(s.faults.Wrap, body))
	}
	var all sync.WaitGroup
	for _, r := range s.runners {
		for n := range calls {
			all.Go(func() {
				res, err := run(ctx, r, n)
				s.mu.Lock()
				defer s.mu.Unlock()
				got(n, res, err)
			})
		}
	}
	all.Wait()
	for _, end := range s.ends {
		end()
	}
}

func run(ctx context.Context, r *runtime.Calls[int, int, result], n int) (result, error) {
	return r.Run(ctx, hash(n), n, n)
}

func hash(n int) uint64 { return key.NewHash().Uint64(uint64(n)).Sum() }

// succeeds has all callers get the right result.
func (s *suite) succeeds() {
	s.ask(func(n int) (result, error) {
		s.execute(n)
		return resultOf(n), nil
	}, func(n int, r result, err error) {
		if err != nil || r != resultOf(n) {
			s.Errorf("call %d returns %v, %v", n, r, err)
		}
	})
	s.wantTimes(1)
	if s.kept {
		s.wantKept()
	}
}

// wantTimes checks how often bodies ran.
func (s *suite) wantTimes(want int) {
	for n := range calls {
		if times := s.executed[n]; s.once && times != want || times < want {
			s.Errorf("call %d was executed %d times", n, times)
		}
	}
}

// wantKept checks that the store has one result of each call, which a process finds that
// comes later.
func (s *suite) wantKept() {
	plain := func(h store.Store) store.Store { return h }
	later := s.runner(plain, func(n int) (result, error) { return result{}, fmt.Errorf("call %d was executed again", n) })
	for n := range calls {
		if r, err := run(s.Context(), later, n); err != nil || r != resultOf(n) {
			s.Errorf("call %d returns %v, %v, later", n, r, err)
		}
	}
	handle := s.open()
	defer handle.Close()
	results := map[key.Key]bool{}
	for r, err := range handle.History(s.Context(), store.Filter{Newest: true}) {
		if err != nil {
			s.Fatal(err)
		}
		if results[r.Key] = true; r.Status != store.Succeeded {
			s.Errorf("there is a record %v: %s", r.Status, r.Error)
		}
	}
	if len(results) != calls {
		s.Errorf("the store has %d results", len(results))
	}
}

// failsOnce has the failure of an execution end the waiting of all.
func (s *suite) failsOnce() {
	elsewhere := 0
	s.ask(func(n int) (result, error) {
		return result{}, fmt.Errorf("no page %d, the %dth time", n, s.execute(n))
	}, func(n int, _ result, err error) {
		var remote *runtime.RemoteError
		if errors.As(err, &remote) {
			elsewhere++
		}
		if err == nil || !strings.HasSuffix(err.Error(), fmt.Sprintf("no page %d, the 1th time", n)) {
			s.Errorf("call %d returns %v", n, err)
		}
	})
	s.wantTimes(1)
	if elsewhere != (processes-1)*calls {
		s.Errorf("%d callers of %d have it from another process", elsewhere, (processes-1)*calls)
	}
}

// isRetried has the second attempt at each call succeed, whoever makes it.
func (s *suite) isRetried() {
	s.opts = append(s.opts, runtime.Retry(runtime.RetryPolicy{Attempts: 3, Initial: 100 * time.Millisecond, Jitter: -1}))
	s.ask(func(n int) (result, error) {
		if s.execute(n) == 1 {
			return result{}, fmt.Errorf("no page %d yet", n)
		}
		return resultOf(n), nil
	}, func(n int, r result, err error) {
		if err != nil || r != resultOf(n) {
			s.Errorf("call %d returns %v, %v", n, r, err)
		}
	})
	s.wantTimes(2)
	s.wantKept()
}

// isBounded has MaxStored keep the newest results of the work, and about as many records of those that
// it had evicted, and leave those of others.
func (s *suite) isBounded() {
	const most, all = 10, 25
	body := func(n int) (result, error) { return resultOf(n), nil }
	whole := func(h store.Store) store.Store { return h }
	s.opts = []runtime.Option{runtime.Name("example.com/daily.Other")}
	other := s.runner(whole, body)
	for n := range most {
		s.right(other, n)
	}
	s.opts = []runtime.Option{runtime.MaxStored(most)}
	first := s.runner(whole, body)
	for n := range all {
		s.right(first, n)
		for late := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			results, others := s.stored("example.com/daily.Fetch")
			if results <= most && others <= most+1 {
				break
			}
			if time.Now().After(late) {
				s.Fatalf("the store keeps %d results and %d records without one, want %d", results, others, most)
			}
		}
	}
	if n, _ := s.stored("example.com/daily.Other"); n != most {
		s.Errorf("of another work %d of %d results are left", n, most)
	}
	s.opts = nil
	again := s.runner(whole, body)
	for n := range all {
		s.right(again, n)
	}
	if n := again.Runner().Stats().Executions; n != all-most {
		s.Errorf("%d of %d calls execute again, want the oldest %d", n, all, all-most)
	}
}

// right has a runner return the right result.
func (s *suite) right(r *runtime.Calls[int, int, result], n int) {
	if got, err := run(s.Context(), r, n); err != nil || got != resultOf(n) {
		s.Fatalf("call %d: %v, %v", n, got, err)
	}
}

// stored counts the results of a work, and the other records.
func (s *suite) stored(work string) (results, others int) {
	if s.looks == nil {
		s.looks = s.open()
		s.Cleanup(func() { _ = s.looks.Close() })
	}
	for r, err := range store.All(s.Context(), s.looks, store.Filter{Work: work}) {
		if err != nil {
			s.Fatal(err)
		}
		if r.Status == store.Succeeded {
			results++
		} else {
			others++
		}
	}
	return results, others
}
