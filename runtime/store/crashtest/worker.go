package crashtest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
	rw "github.com/workgen/workgen/runtime/worker"
)

// A result says who has made it.
type result struct {
	N     int
	Exec  string
	Token uint64
	Noise []byte // see noise
}

// A plan is what the workers of one round do.
type plan struct {
	Round int           // in the names of the works
	Start moment        // when the first wave begins
	Wave  time.Duration // new calls come so often
	Calls int           // of each wave
	Lease time.Duration
	Seed  uint64
}

// How often something happens, of a hundred times.
const (
	percentOld     = 15 // a call of an earlier wave is asked for
	percentForgets = 10 // a call is deleted, of those that may be
	percentFails   = 12 // a body
	percentLong    = 6  // a body takes longer than a lease
	percentLarge   = 10 // a result is large
)

// callers is how many goroutines of a worker make calls.
const callers = 4

// deletable reports whether a call is deleted now and then. Of the others more is known.
func deletable(n int) bool { return n%4 < 2 }

// isRetried reports whether a call whose body fails executes again by itself.
func isRetried(n int) bool { return n%2 == 1 }

// versionOf returns the version of the code that a call belongs to: there are two.
func versionOf(n int) int { return n / 4 % versions }

const versions = 2

// A job is that of a process.
type job struct {
	Role    role
	Version int  // that it serves
	Fails   bool // its calls fail when the store does not answer, as is the default for stores that machines share; otherwise they wait
}

// A role is what a process does.
type role string

const (
	both   role = ""       // it makes calls, and executes them
	asking role = "asking" // it makes calls that workers execute
	serves role = "serves" // it is a worker, for calls of one version
)

// A worker is what a process of a test does.
type worker struct {
	plan
	job
	name    string // of its process
	journal journal
	witness *witness
	works   [versions][2]*runtime.Calls[int, int, result] // of each version, the one with isRetried second
	log     *slog.Logger

	asked    atomic.Int64
	executed atomic.Int64
}

// newWorker makes a worker on a store.
func newWorker(p plan, name string, does job, s store.Store, j journal, log io.Writer) *worker {
	w := &worker{
		plan: p, job: does, name: name, journal: j, log: slog.New(slog.NewTextHandler(log, nil)),
		witness: &witness{Store: s, journal: j, calls: map[key.Key]int{}, begun: map[int]uint64{}, threads: map[uint64]*thread{}},
	}
	opts := []runtime.Option{runtime.WithStore(w.witness), runtime.WithLogger(w.log)}
	if !does.Fails {
		opts = append(opts, runtime.OnStoreFailure(runtime.BlockOnStoreFailure))
	}
	if does.Role == asking {
		opts = append(opts, runtime.WithWorkers(queueWitness{queueOf(s), j}, ""))
	}
	for v := range w.works {
		w.works[v] = [2]*runtime.Calls[int, int, result]{
			newCalls(p, "Once", v, w.execute, opts...), newCalls(p, "Again", v, w.execute, append(opts, retried)...),
		}
	}
	return w
}

// queueOf returns the queue of a store.
func queueOf(s store.Store) queue.Queue { return s.(interface{ Queue() queue.Queue }).Queue() }

// retried has bodies that fail execute again soon, as often as it takes.
var retried = runtime.Retry(runtime.RetryPolicy{Attempts: 100_000, Initial: 20 * time.Millisecond, Max: 100 * time.Millisecond})

// newCalls is a work with one number as argument, as the generator would write it.
func newCalls(p plan, name string, version int, body func(ctx context.Context, n int) (result, error), opts ...runtime.Option) *runtime.Calls[int, int, result] {
	return runtime.NewCalls(runtime.Spec[int, int, result]{
		Name: nameOf(p, name), Schema: "s1", Code: &runtime.Code{Sum: fmt.Sprint("c", version)},
		Execute:  body,
		Identify: func(n int) (uint64, int, *key.Encoder) { return hash(n), n, nil },
		Encode:   func(n *int, e *key.Encoder) { e.Int(*n) },
		Inputs:   []string{"n int"},
	}, append([]runtime.Option{
		runtime.MaxEntries(4), // so that stored results are read
		runtime.StoreTimeout(max(p.Lease, time.Second)), runtime.OnStoreFailure(runtime.FailOnStoreFailure),
	}, opts...)...)
}

// nameOf returns the full name of a work in a round.
func nameOf(p plan, name string) string { return fmt.Sprintf("example.com/crash%d.%s", p.Round, name) }

func hash(n int) uint64 { return key.NewHash().Uint64(uint64(n)).Sum() }

func (w *worker) calls(n int) *runtime.Calls[int, int, result] {
	if isRetried(n) {
		return w.works[versionOf(n)][1]
	}
	return w.works[versionOf(n)][0]
}

// run does what a worker does until ctx ends, and waits until all has ended.
func (w *worker) run(ctx context.Context) {
	if w.Role == serves {
		w.serve(ctx)
	} else {
		w.makeCalls(ctx)
	}
}

// slots is how many calls a worker executes at once: so many that none waits for others.
const slots = 100

// serve executes calls of its version.
func (w *worker) serve(ctx context.Context) {
	of := w.works[w.Version]
	serving := rw.Worker{Queue: queueWitness{queueOf(w.witness.Store), w.journal}, Slots: slots, Grace: 3 * w.Lease, Logger: w.log}
	if err := serving.Serve(ctx, of[0].Runner(), of[1].Runner()); err != ctx.Err() {
		panic(fmt.Sprintf("crashtest: %v", err))
	}
	// What it has lost, or was stopped, it does not wait for: a body may run on that does not heed that.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*w.Lease)
	defer cancel()
	for _, calls := range of {
		_ = calls.Runner().Close(ctx)
	}
}

// makeCalls makes calls until ctx ends, and waits until all have ended.
func (w *worker) makeCalls(ctx context.Context) {
	var all sync.WaitGroup
	for i := range callers {
		random := rand.New(rand.NewPCG(w.Seed, seedOf(w.name, i)))
		all.Go(func() {
			for ctx.Err() == nil {
				n := w.choose(random)
				if deletable(n) && random.IntN(100) < percentForgets {
					w.forget(n)
				} else {
					w.ask(n)
				}
				pause(ctx, time.Duration(random.Int64N(int64(w.Wave)/4)))
			}
		})
	}
	all.Wait()
}

func seedOf(name string, i int) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, name+"/"+strconv.Itoa(i))
	return h.Sum64()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// choose returns a call, one of this wave mostly.
func (w *worker) choose(random *rand.Rand) int {
	wave := int(max(0, now()-w.Start) / moment(w.Wave/time.Microsecond))
	if random.IntN(100) < percentOld {
		wave = random.IntN(wave + 1)
	}
	return wave*w.Calls + random.IntN(w.Calls)
}

// ask makes a call, and notes what comes of it.
func (w *worker) ask(n int) {
	c := w.calls(n)
	k := c.Key(n)
	w.witness.knows(k, n)
	th := &thread{caller: int(w.asked.Add(1))}
	w.journal.note(event{What: asks, N: n, Caller: th.caller, Key: k.String()})
	got, err := c.Run(context.WithValue(context.Background(), threadKey{}, th), hash(n), n, n)
	e := event{What: gets, N: n, Caller: th.caller}
	if err == nil {
		e.Exec, e.Token = got.Exec, got.Token
	}
	switch {
	case err != nil:
		e.Err = err.Error()
		if silent := (*runtime.StoreError)(nil); errors.As(err, &silent) {
			e.Status = noStore
		}
	case got.N != n:
		e.Err = fmt.Sprintf("the result of call %d", got.N)
	case string(got.Noise) != string(noise(got.Exec, len(got.Noise))):
		e.Err = "a result that nobody has made"
	}
	w.journal.note(e)
}

// noStore is the status of a call that failed since the store did not answer.
const noStore = "no store"

// noise is what results of an execution have in them, beside who made them.
func noise(exec string, size int) []byte {
	var seed [32]byte
	copy(seed[:], exec)
	b := make([]byte, size)
	_, _ = rand.NewChaCha8(seed).Read(b)
	return b
}

// forget deletes a call.
func (w *worker) forget(n int) {
	e := event{What: forget, N: n, Caller: int(w.asked.Add(1))}
	w.journal.note(e)
	w.calls(n).Forget(n)
	e.What = forgot
	w.journal.note(e)
}

// execute is the body.
func (w *worker) execute(ctx context.Context, n int) (result, error) {
	r := result{N: n, Exec: w.name + "-" + strconv.FormatInt(w.executed.Add(1), 10)}
	e := event{What: body, N: n, Exec: r.Exec}
	if th := threadOf(ctx); th != nil {
		r.Token, e.Caller = th.token.Swap(0), th.caller
	} else {
		r.Token = w.witness.took(n)
	}
	e.Token = r.Token
	w.journal.note(e)
	err := w.work(ctx, &r)
	if e.What = returns; err != nil {
		e.Err = err.Error()
	}
	w.journal.note(e)
	return r, err
}

// work takes some time, and fails now and then. Half of the bodies that take long heed the end of
// their context.
func (w *worker) work(ctx context.Context, r *result) error {
	random := rand.New(rand.NewPCG(w.Seed, seedOf(r.Exec, 0)))
	takes := time.Duration(random.Int64N(int64(w.Wave) / 8))
	if random.IntN(100) < percentLong {
		takes = w.Lease + time.Duration(random.Int64N(int64(w.Lease)))
	}
	size := random.IntN(100)
	if random.IntN(100) < percentLarge {
		size = 30_000 + random.IntN(100_000)
	}
	r.Noise = noise(r.Exec, size)
	if random.IntN(2) == 0 {
		ctx = context.WithoutCancel(ctx)
	}
	if pause(ctx, takes); ctx.Err() != nil {
		return fmt.Errorf("ended: %w", context.Cause(ctx))
	}
	if random.IntN(100) < percentFails {
		return fmt.Errorf(failure, r.Exec)
	}
	return nil
}

// failure is what the error of a body says that fails by itself.
const failure = "execution <%s> fails"
