package runtime

import (
	"cmp"
	"context"
	"iter"
	"reflect"
	"slices"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

// Inspection looks into a runner, for programs that show what goes on in it and
// let somebody interfere. All methods may be called concurrently.
type Inspection struct{ r *runner }

// Inspect returns the inspection of a runner.
func Inspect(r *Runner) Inspection { return Inspection{r.r} }

// CallDetail is all that a runner remembers of one call.
type CallDetail struct {
	CallStatus
	Executions []Execution // oldest first; of many, the latest 50
	Kept       bool        // the next equal call is a hit
	Removed    Removal     // why it is not kept any more; 0 if it is, or never was
	Again      bool        // it was made by [Inspection.Again]

	// Stopping is since when a body of the call runs on although its context has ended: the call
	// was stopped or has timed out, and the body did not return yet. Zero: none does. After five
	// seconds it is said to ignore that: see [Inspection.Ignoring].
	Stopping time.Time

	// Args are the inputs; only secret ones, which have no text, and those of which the
	// content of files is an input have a digest. Nil when
	// nobody listened ([Inspection.Notify]) as the call was made, or they could not
	// be described.
	Args []store.Arg

	// Key is the durable key, zero for a runner without a store.
	Key key.Key

	// Equal identifies the arguments inside this process: of two calls of a
	// runner that are equal it is the same, and otherwise almost never.
	Equal uint64
}

// Notify has c get a value whenever a call has changed, and not for hits. It
// never blocks: a value that c has no room for is dropped, so c needs a buffer of
// one, and may be given to several inspections and loops. stop ends it. While
// anybody listens, the runner remembers the arguments of new calls, as text, and those of up to
// 64 KiB as they are: see [Inspection.Again].
func (i Inspection) Notify(c chan<- struct{}) (stop func()) { return i.r.notifier.Listen(c) }

// Latest returns the number of the latest call, 0 when there is none.
func (i Inspection) Latest() uint64 {
	i.r.mu.Lock()
	defer i.r.mu.Unlock()
	return i.r.history.Last()
}

// Calls returns the calls that the runner remembers, the newest first, starting
// below the given number; 0 starts with the newest. As many are remembered as
// the option [History] says. The runner is not held up: each call is as it is
// when its turn comes, and Executions are left out.
func (i Inspection) Calls(below uint64) iter.Seq[CallDetail] {
	return func(yield func(CallDetail) bool) {
		if latest := i.Latest(); below == 0 || below > latest {
			below = latest + 1
		}
		for n := below - 1; ; n-- {
			if d, ok := i.call(n, false); !ok || !yield(d) {
				return
			}
		}
	}
}

// Call returns a call that the runner remembers, and whether it does.
func (i Inspection) Call(number uint64) (CallDetail, bool) { return i.call(number, true) }

func (i Inspection) call(number uint64, executions bool) (d CallDetail, ok bool) {
	i.r.mu.Lock()
	defer i.r.mu.Unlock()
	m := i.r.history.Find(number)
	if m == nil {
		return d, false
	}
	d = i.r.detail(m, number)
	if executions {
		d.Executions = m.executions()
	}
	return d, true
}

// detail needs r.mu.
func (r *runner) detail(m *remembered, number uint64) CallDetail {
	d := CallDetail{CallStatus: m.status(), Removed: m.removed, Again: m.again, Args: m.args, Key: m.key, Equal: m.hash}
	n := r.table.at(m.hash, number)
	d.Kept = n != nil && n.status().ended()
	d.Stopping = r.stopping(number)
	return d
}

// unfinishedDetail is detail of a call that has not ended, or whose body runs on, whether it is
// remembered or not. r.mu is held.
func (r *runner) unfinishedDetail(c *call) CallDetail {
	if m := r.history.Find(c.node.number); m != nil {
		return r.detail(m, c.node.number)
	}
	return CallDetail{CallStatus: c.snapshot(), Again: c.again, Key: c.key, Equal: c.node.hash, Stopping: r.stopping(c.node.number)}
}

// Executing returns the calls of which a body runs, and how many there are: at most limit of them,
// those first of which it began first. Of a call that has ended the body may still run: see
// CallDetail.Stopping. Executions are left out.
func (i Inspection) Executing(limit int) (calls []CallDetail, all int) {
	r := i.r
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []*execution
	for c := range r.unfinished {
		if c.node.status() == Running {
			list = append(list, c.execution)
		}
	}
	for x := range r.ignoring {
		if x.call.ended() && !x.turn.Over() {
			list = append(list, x)
		}
	}
	slices.SortFunc(list, func(a, b *execution) int {
		return cmp.Or(a.began.Compare(b.began), cmp.Compare(a.call.node.number, b.call.node.number))
	})
	for _, x := range list[:min(limit, len(list))] {
		calls = append(calls, r.unfinishedDetail(x.call))
	}
	return calls, len(list)
}

// Pending returns the calls that are Pending, and how many of them wait for what: at most limit
// for each thing, those first that were requested first. Executions are left out.
func (i Inspection) Pending(limit int) (calls []CallDetail, waiting map[WaitFor]int) {
	r := i.r
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]*call, 0, r.stats.Pending)
	for c := range r.unfinished {
		if c.node.status() == Pending {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *call) int { return cmp.Compare(a.node.number, b.node.number) })
	waiting = map[WaitFor]int{}
	var w Wait
	for _, c := range list {
		c.waitsFor(&w)
		if waiting[w.For]++; waiting[w.For] <= limit {
			calls = append(calls, r.unfinishedDetail(c))
		}
	}
	return calls, waiting
}

// PendingKeys returns the durable keys of the calls that are Pending.
func (i Inspection) PendingKeys() map[key.Key]bool {
	i.r.mu.Lock()
	defer i.r.mu.Unlock()
	keys := map[key.Key]bool{}
	for c := range i.r.unfinished {
		if c.node.status() == Pending && !c.key.IsZero() {
			keys[c.key] = true
		}
	}
	return keys
}

// Current reports whether a record is of an execution of the work with the types, the code and the
// build that it has here. Calls of the runner do not meet what others have left: their keys differ.
func (i Inspection) Current(rec *store.Record) bool {
	r := i.r
	return rec.Work == r.name && rec.Schema == r.schema && rec.Code == r.scope && rec.Build == r.build.Build().Text
}

// Result returns the result of a call that is kept, and whether it is. It is the
// kept one itself, which nobody may write to. More than one result are a struct.
func (i Inspection) Result(number uint64) (any, bool) {
	i.r.mu.Lock()
	defer i.r.mu.Unlock()
	m := i.r.history.Find(number)
	if m == nil {
		return nil, false
	}
	n := i.r.table.at(m.hash, number)
	if n == nil || n.status() != Succeeded {
		return nil, false
	}
	return i.r.table.resultOf(n), true
}

// Stop stops a call as [Call.Stop] does, and reports whether it was unfinished.
func (i Inspection) Stop(number uint64) bool {
	i.r.mu.Lock()
	var found *call
	for c := range i.r.unfinished {
		if c.node.number == number {
			found = c
		}
	}
	i.r.mu.Unlock()
	return found != nil && found.stop(ErrStopped, nil)
}

// Forget forgets a call, and those that are equal to it, as the Forget method of the
// generated runner does, and reports whether there was anything to forget: a result
// or error that is kept, an unfinished call, or a failure that a loop remembers.
// Loops that run do a pass, so that a flow which still asks for the call executes it
// again.
func (i Inspection) Forget(number uint64) bool {
	i.r.mu.Lock()
	m := i.r.history.Find(number)
	if m == nil {
		i.r.mu.Unlock()
		return false
	}
	hash, k := m.hash, m.key
	equal := map[uint64]bool{} // numbers of calls with these arguments
	for n, m := range i.r.history.All() {
		equal[n] = m.hash == hash
	}
	i.r.mu.Unlock()
	return i.r.forgetAll(hash, func() bool { return i.r.forgetHash(hash) }, k, func(id callKey, f failure) bool {
		return id.runner == i.r && equal[f.number]
	})
}

// Store returns the store that the runner uses, nil if it uses none.
func (i Inspection) Store() store.Store {
	if i.r.store == nil {
		return nil
	}
	return i.r.backend
}

// StoreSilent returns since when the store does not answer to the calls of the runner, and what it
// said last. since is zero if it does, if nobody has asked it lately, and without a store.
func (i Inspection) StoreSilent() (since time.Time, err error) {
	if i.r.store == nil {
		return since, nil
	}
	return i.r.store.Silent()
}

// Queue returns the queue to the workers that execute the calls of the runner, nil if it
// executes them itself.
func (i Inspection) Queue() queue.Queue {
	if i.r.workers == nil {
		return nil
	}
	return i.r.queue
}

// WorkerPool returns the pool of workers that execute the calls of the runner; see [WithWorkers].
func (i Inspection) WorkerPool() string { return i.r.workerPool }

// StoredResult returns the result that the store has of a call, and whether it
// could be read: not if it is of other types than the results of this runner.
func (i Inspection) StoredResult(ctx context.Context, rec store.Record) (any, bool) {
	if i.r.store == nil || rec.Schema != i.r.schema {
		return nil, false
	}
	found, err := i.r.store.Lookup(ctx, rec.Key)
	if err != nil || found.Result() == nil {
		return nil, false
	}
	defer found.Close()
	result := reflect.New(i.r.result)
	err = i.r.store.Decode(found.Result(), result.Interface())
	return result.Elem().Interface(), err == nil
}

// ForgetKey deletes the result that the store has of a call which the runner does
// not remember, and reports whether there was one. The runner cannot tell which of
// the results that it keeps in memory is the same, so it drops them all: it finds the
// others in the store. Loops that run do a pass.
func (i Inspection) ForgetKey(k key.Key) bool {
	defer wakeLoops(false)
	forgotten := i.r.deleteKey(k)
	i.r.mu.Lock()
	i.r.dropAll(Evicted)
	i.r.mu.Unlock()
	return forgotten
}

// forgetHash forgets the call with a hash: in all likelihood there is one only, and
// a second one only misses.
func (r *runner) forgetHash(hash uint64) (found bool) {
	for {
		r.mu.Lock()
		n := r.table.at(hash, 0)
		if n == nil {
			r.mu.Unlock()
			return found
		}
		found = r.forget(n)
	}
}

// remember notes the inputs of a new call.
func (c *call) remember(list []store.Arg) {
	r := c.runner
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.history.Find(c.node.number); m != nil {
		m.args = list
	}
}

// Settings are options of a runner that say how its calls execute. They are those that it was made
// with, and 0 or nil where an option was left out.
type Settings struct {
	TTL time.Duration // how long results are kept

	RefreshAfter time.Duration // when a hit has them made anew; 0: never
	StaleIfError time.Duration // how long after the TTL they are given when there is nothing better

	Timeout     time.Duration // of a body
	Retry       RetryPolicy
	Concurrency int   // bodies at once; 0: no bound
	Pool        *Pool // that bounds bodies together with those of other works
	MaxEntries  int   // results in memory; 0: no bound
	MaxBytes    int64 // that they take; 0: no bound
	History     int   // calls that are remembered
}

// Settings returns the settings of the runner.
func (i Inspection) Settings() Settings {
	c := &i.r.config
	return Settings{
		TTL: c.ttl, RefreshAfter: c.refreshAfter, StaleIfError: c.staleIfError, Timeout: c.timeout, Retry: c.retry,
		Concurrency: c.concurrency, Pool: c.pool, MaxEntries: c.maxEntries, MaxBytes: c.maxBytes, History: c.history,
	}
}

// Made returns when the runner was made: since then its Stats count.
func (i Inspection) Made() time.Time { return i.r.made.Round(0) }
