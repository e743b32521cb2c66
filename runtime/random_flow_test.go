package runtime

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A script is a flow as a tree, which is run by a loop, or by itself: what both come to must be
// the same.
type script interface {
	// run returns the results, and reports to the caller as a flow does.
	run(ctx context.Context, p *play) (string, error)

	// tells returns what run returns when all has ended.
	tells(v int) string
}

// play is what scripts use.
type play struct {
	v     Var[int]
	works []*randomWork
}

// randomWork is a work with a record of what it has executed.
type randomWork struct {
	*fetch
	keeps bool // what has succeeded

	mu       sync.Mutex
	executed map[string]int // how often it has succeeded
	failures map[string]int // how often it has failed
}

func newRandomWork(rnd *rand.Rand) *randomWork {
	w := &randomWork{keeps: true, executed: map[string]int{}, failures: map[string]int{}}
	opts := []Option{WithLogger(quiet())}
	if rnd.IntN(2) == 0 {
		opts = append(opts, Concurrency(1+rnd.IntN(3)))
	}
	if rnd.IntN(2) == 0 {
		opts = append(opts, MaxEntries(1+rnd.IntN(4)))
		w.keeps = false // once a flow got through
	}
	if rnd.IntN(4) == 0 {
		opts = append(opts, Retry(RetryPolicy{Attempts: 2, Jitter: -1}))
	}
	if rnd.IntN(6) == 0 {
		opts = append(opts, TTL(time.Hour))
		w.keeps = false
	}
	if rnd.IntN(6) == 0 {
		opts = append(opts, Timeout(time.Hour))
	}
	w.fetch = newFetch(w.body, opts...)
	return w
}

// body takes as long as its argument says, which also says how often it fails before it succeeds.
func (w *randomWork) body(ctx context.Context, arg string) (string, error) {
	var d time.Duration
	var fails, n int
	if _, err := fmt.Sscanf(arg, "%d %d %d", &d, &fails, &n); err != nil {
		panic(err)
	}
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case <-time.After(d * time.Millisecond):
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failures[arg] < fails {
		w.failures[arg]++
		return "", fmt.Errorf("failure %d of %s", w.failures[arg], arg)
	}
	w.executed[arg]++
	return told(arg), nil
}

func told(arg string) string { return "<" + arg + ">" }

// step runs one call. Its argument depends on the Var if it reads it.
type step struct {
	work  int
	arg   string
	reads bool
	start bool // and does not wait
	look  bool // at its handle
}

func (s step) argument(v int) string {
	if !s.reads {
		v = 0
	}
	return fmt.Sprint(s.arg, " ", v)
}

func (s step) begin(ctx context.Context, p *play) *Call[string] {
	v := 0
	if s.reads {
		v = p.v.Get(ctx)
	}
	return p.works[s.work].Start(ctx, s.argument(v))
}

func (s step) run(ctx context.Context, p *play) (string, error) {
	if s.start {
		c := s.begin(ctx, p)
		if s.look {
			c.Status()
		}
		return "", nil
	}
	v := 0
	if s.reads {
		v = p.v.Get(ctx)
	}
	return p.works[s.work].Run(ctx, s.argument(v))
}

func (s step) tells(v int) string {
	if s.start {
		return ""
	}
	return told(s.argument(v))
}

// sequence runs one after the other.
type sequence []script

func (s sequence) run(ctx context.Context, p *play) (out string, err error) {
	for _, x := range s {
		got, err := x.run(ctx, p)
		if err != nil {
			return "", fmt.Errorf("step: %w", err)
		}
		out += got
	}
	return out, nil
}

func (s sequence) tells(v int) (out string) {
	for _, x := range s {
		out += x.tells(v)
	}
	return out
}

// group runs all at once.
type group []script

func (s group) run(ctx context.Context, p *play) (string, error) {
	var g Group
	got := make([]string, len(s))
	for i, x := range s {
		g.Go(func() (err error) { got[i], err = x.run(ctx, p); return err })
	}
	err := g.Wait()
	return strings.Join(got, ""), err
}

func (s group) tells(v int) string { return sequence(s).tells(v) }

// fan starts calls and waits for them, by one of several functions.
type fan struct {
	steps []step
	how   int
}

func (s fan) run(ctx context.Context, p *play) (string, error) {
	var calls []*Call[string]
	for _, x := range s.steps {
		calls = append(calls, x.begin(ctx, p))
	}
	switch s.how {
	case 0:
		all, err := All(ctx, calls)
		return strings.Join(all, ""), err
	case 1:
		each, err := Each(ctx, calls)
		var errs []error
		out := ""
		for _, x := range each {
			out += x.Result
			errs = append(errs, x.Err)
		}
		return out, errors.Join(append(errs, err)...)
	case 2:
		var list []Awaitable
		for _, c := range calls {
			list = append(list, c)
		}
		if err := Await(ctx, list...); err != nil {
			return "", err
		}
	}
	out := ""
	for _, c := range calls {
		got, err := c.Wait(ctx)
		if err != nil {
			return "", err
		}
		out += got
	}
	return out, nil
}

func (s fan) tells(v int) (out string) {
	for _, x := range s.steps {
		out += told(x.argument(v))
	}
	return out
}

func randomStep(rnd *rand.Rand) step {
	fails := 0
	if rnd.IntN(6) == 0 {
		fails = 1 + rnd.IntN(3)
	}
	return step{work: rnd.IntN(3), arg: fmt.Sprint(rnd.IntN(4)*rnd.IntN(700), " ", fails), reads: rnd.IntN(3) == 0}
}

func randomScript(rnd *rand.Rand, depth int) script {
	switch n := rnd.IntN(7); {
	case n < 2 || depth == 0:
		return randomStep(rnd)
	case n == 2:
		s := randomStep(rnd)
		s.start, s.look = true, rnd.IntN(2) == 0
		return s
	case n == 3:
		f := fan{how: rnd.IntN(4)}
		for range 1 + rnd.IntN(12) {
			f.steps = append(f.steps, randomStep(rnd))
		}
		return f
	case n == 4:
		var g group
		for range 1 + rnd.IntN(4) {
			g = append(g, randomScript(rnd, depth-1))
		}
		return g
	}
	var s sequence
	for range 1 + rnd.IntN(5) {
		s = append(s, randomScript(rnd, depth-1))
	}
	return s
}

// disturb changes something that a flow reads, or what its calls come to. It returns how many passes
// that may cost beside those for executions.
func (p *play) disturb(ctx context.Context, l *Loop, rnd *rand.Rand) {
	w := p.works[rnd.IntN(len(p.works))]
	w.mu.Lock()
	args := []string{"5 0 99"}
	for arg := range w.executed {
		args = append(args, arg)
	}
	w.mu.Unlock()
	slices.Sort(args)
	arg := args[rnd.IntN(len(args))]
	nap := func() { time.Sleep(time.Duration(rnd.IntN(3000)) * time.Millisecond) }
	switch rnd.IntN(10) {
	case 0, 1:
		p.v.Set(rnd.IntN(4))
	case 2:
		l.Wake()
	case 3:
		w.Forget(arg)
	case 4:
		w.ForgetAll()
	case 5:
		l.Pause()
		nap()
		l.Resume()
	case 6:
		w.Runner.Pause()
		nap()
		w.Runner.Resume()
	case 7: // somebody else wants it, for a while
		ctx, cancel := context.WithCancel(ctx)
		w.Start(ctx, arg)
		nap()
		cancel()
	case 8:
		w.Start(ctx, arg).Stop()
		nap()
		w.Forget(arg)
	case 9:
		_, _ = w.Run(ctx, arg)
	}
}

// TestRandomFlowsComeToWhatTheySay runs random flows over random works, while things change at random,
// and then lets them come to rest.
func TestRandomFlowsComeToWhatTheySay(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 25
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) { playRandomly(t, rand.New(rand.NewPCG(15, seed))) })
		})
		if t.Failed() {
			return
		}
	}
}

func playRandomly(t *testing.T, rnd *rand.Rand) {
	p := &play{}
	for range 3 {
		p.works = append(p.works, newRandomWork(rnd))
	}
	tree := sequence{randomScript(rnd, 3), randomScript(rnd, 3)}
	if rnd.IntN(3) == 0 { // long enough to wait in place
		var long sequence
		for i := range 100 + rnd.IntN(50) {
			long = append(long, step{work: i % 3, arg: fmt.Sprint(i%7, " 0 ", i)})
		}
		tree = slices.Insert(tree, rnd.IntN(2), script(long))
	}
	disturbed := rnd.IntN(3) > 0
	loops := 1 + rnd.IntN(2)
	var done sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	engines := make([]*engine, loops)
	passes, last := make([]int, loops), make([]string, loops)
	all := make([]*Loop, loops)
	for i := range loops {
		all[i] = &Loop{KeepGoing: true, Logger: quiet(), Grace: time.Hour}
		all[i].Flow = func(ctx context.Context) error {
			engines[i] = passOf(ctx).engine
			passes[i]++
			last[i] = ""
			got, err := tree.run(ctx, p)
			if err == nil {
				last[i] = got
			}
			return err
		}
		done.Go(func() {
			if err := all[i].Run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("loop: %v", err)
			}
		})
	}
	changes := 0
	if disturbed {
		for range 5 + rnd.IntN(25) {
			time.Sleep(time.Duration(rnd.IntN(2500)) * time.Millisecond)
			p.disturb(ctx, all[rnd.IntN(loops)], rnd)
			changes++
		}
	}
	time.Sleep(50 * time.Minute) // until all is well, and before anything expires
	synctest.Wait()
	v := p.v.Get(t.Context())
	for i := range loops {
		want(t, "the flow tells", last[i], tree.tells(v))
	}
	executions, failures := p.count(t, disturbed)
	most := 200 + changes*150 + 12*(executions+failures)
	for i := range loops {
		if passes[i] > most {
			t.Errorf("%d passes for %d executions and %d changes", passes[i], executions+failures, changes)
		}
	}
	rested := slices.Clone(passes)
	time.Sleep(5 * time.Minute)
	synctest.Wait()
	if !slices.Equal(rested, passes) {
		t.Errorf("passes although nothing changes: %v, then %v", rested, passes)
	}
	cancel()
	done.Wait()
	synctest.Wait()
	for _, e := range engines {
		e.mu.Lock()
		want(t, "members left", len(e.members), 0)
		want(t, "running calls left", len(e.running), 0)
		want(t, "bodies left", e.bodies, 0)
		want(t, "pins left", len(e.pinned), 0)
		e.mu.Unlock()
	}
	for _, w := range p.works {
		settled(t, w.fetch)
		want(t, "pinned results left", len(w.pinned), 0)
	}
	failed.mu.Lock()
	want(t, "failures left", failed.all.Len(), 0)
	want(t, "executing calls left", len(failed.executing), 0)
	failed.mu.Unlock()
	want(t, "readers left", len(p.v.readers), 0)
}

// count checks how often calls have executed, and returns how often all together.
func (p *play) count(t *testing.T, disturbed bool) (executions, failures int) {
	for _, w := range p.works {
		w.mu.Lock()
		for arg, n := range w.executed {
			executions += n
			if n > 1 && !disturbed && w.keeps {
				t.Errorf("%s succeeded %d times", arg, n)
			}
		}
		for _, n := range w.failures {
			failures += n
		}
		w.mu.Unlock()
	}
	return executions, failures
}
