package runtime

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// Status says how far a call has come.
type Status uint8

// A call goes from Pending through Running to one of the last three and never
// back, except that [Retry] makes it Pending again. A call that is stopped before its body began skips Running, and one
// whose arguments could not be copied goes from Pending to Failed.
const (
	NotStarted Status = iota // no such call was made yet
	Pending                  // made; its body waits for a Concurrency slot, or to be retried
	Running                  // its body runs
	Succeeded                // its body returned without an error
	Failed                   // its body returned an error, panicked or timed out
	Stopped                  // cancelled: by Stop, by Close, or because every caller left
)

var statusNames = [...]string{"not started", "pending", "running", "succeeded", "failed", "stopped"}

// String gives the status in lower-case words, such as "not started".
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "Status(" + strconv.Itoa(int(s)) + ")"
}

// ended reports whether nothing can change any more.
func (s Status) ended() bool { return s >= Succeeded }

// CallStatus is the status of a call at one moment, with its history. It is a
// plain value: later changes of the call do not show in it.
//
// The times are wall clock readings, zero for what has not happened (yet).
// Started minus Requested is the time spent waiting for a slot.
type CallStatus struct {
	Status
	Number    uint64    // of the call in its runner, from 1; 0 for one that was refused
	Requested time.Time // the first caller came
	Started   time.Time // the body began, for the first time
	Finished  time.Time // the callers were released; a deaf body may go on
	Attempts  int       // times that the body began: more than one under Retry
	Stored    bool      // the result came from the store: the body did not begin here
	Reason    error     // why it failed or stopped, or is going to be retried; nil otherwise

	Progress CallProgress // of the latest execution; zero when its body says nothing
}

// stamp is a wall clock reading in Unix nanoseconds, 0 for none: a third of the
// size of a time.Time, of which every kept call would hold three.
type stamp int64

func stampOf(t time.Time) stamp { return stamp(t.UnixNano()) }

func (s stamp) time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(s))
}

// notifier tells listeners that something has changed, and not what: they read the
// state themselves, once for all that has changed until then. So notifying
// never waits, and neither slow listeners nor many changes pile anything up.
type notifier struct {
	mu        sync.Mutex // held to change who listens
	listeners atomic.Pointer[[]*listener]
}

type listener struct{ c chan<- struct{} }

// listen has c get a value whenever something changes. A value that c has no
// room for is dropped, so c needs a buffer of one. stop ends it, and keeps nothing
// alive until then.
func (n *notifier) listen(c chan<- struct{}) (stop func()) {
	l := &listener{c}
	n.change(func(all []*listener) []*listener { return append(all, l) })
	own := weak.Make(n)
	return func() {
		n := own.Value()
		if n == nil {
			return
		}
		n.change(func(all []*listener) []*listener {
			return slices.DeleteFunc(all, func(other *listener) bool { return other == l })
		})
	}
}

// change replaces the list, since who notifies takes no lock.
func (n *notifier) change(f func([]*listener) []*listener) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []*listener
	if p := n.listeners.Load(); p != nil {
		all = slices.Clone(*p)
	}
	all = f(all)
	if len(all) == 0 {
		n.listeners.Store(nil)
		return
	}
	n.listeners.Store(&all)
}

// notify may be called with any lock held.
func (n *notifier) notify() {
	all := n.listeners.Load()
	if all == nil {
		return
	}
	for _, l := range *all {
		select {
		case l.c <- struct{}{}:
		default:
		}
	}
}

// watched reports whether anybody listens.
func (n *notifier) watched() bool { return n.listeners.Load() != nil }

// history holds the latest calls of a runner. It grows up to its limit, and then
// each call takes the place of the one made limit calls before it.
type history struct {
	limit int
	ring  []remembered // the call with number n is at (n-1) modulo limit
}

// remembered is a call in the history, with what only an [Inspection] shows.
type remembered struct {
	CallStatus
	hash    uint64
	removed Removal
	args    []store.Arg
	key     key.Key     // zero without a store
	runs    []Execution // nil for a call whose only execution the record tells of
}

// put notes the newest status of a call. Calls whose place has been taken are left
// out.
func (h *history) put(hash uint64, rec CallStatus) {
	at := h.at(rec.Number)
	switch {
	case at == len(h.ring): // calls are noted first in the order of their numbers
		h.ring = append(h.ring, remembered{CallStatus: rec, hash: hash})
	case h.ring[at].Number < rec.Number:
		h.ring[at] = remembered{CallStatus: rec, hash: hash}
	case h.ring[at].Number == rec.Number:
		h.ring[at].become(rec)
	}
}

// become takes over a newer status. The end of an execution that is not the
// call's shows only here.
func (m *remembered) become(rec CallStatus) {
	before := m.CallStatus
	m.CallStatus = rec
	switch {
	case before.Status == Running && rec.Status == Pending: // is to be retried
		if m.runs == nil {
			m.runs = []Execution{{Began: before.Started}}
		}
		last := &m.runs[len(m.runs)-1]
		last.Ended, last.Err = wallClock(), rec.Reason
	case rec.Status == Running && m.runs != nil:
		if len(m.runs) == maxRuns {
			m.runs = append(m.runs[:0:0], m.runs[1:]...)
		}
		m.runs = append(m.runs, Execution{Began: wallClock()})
	case rec.ended() && m.runs != nil && before.Status == Running:
		last := &m.runs[len(m.runs)-1]
		last.Ended, last.Err = rec.Finished, rec.Reason
	}
}

// maxRuns is how many executions of one call are remembered.
const maxRuns = 50

// executions returns those of the call, oldest first.
func (m *remembered) executions() []Execution {
	switch {
	case m.runs != nil:
		return append([]Execution(nil), m.runs...)
	case m.Started.IsZero():
		return nil
	}
	return []Execution{{Began: m.Started, Ended: m.Finished, Err: m.Reason}}
}

// of returns the record of a call, a zero one if it is not there.
func (h *history) of(number uint64) CallStatus {
	if m := h.find(number); m != nil {
		return m.CallStatus
	}
	return CallStatus{}
}

// find returns a call that is remembered, or nil.
func (h *history) find(number uint64) *remembered {
	if number == 0 {
		return nil
	}
	if at := h.at(number); at < len(h.ring) && h.ring[at].Number == number {
		return &h.ring[at]
	}
	return nil
}

// identify notes the durable key of a call.
func (h *history) identify(number uint64, k key.Key) {
	if m := h.find(number); m != nil {
		m.key = k
	}
}

// list returns the records in the order of their numbers, of which last is the
// highest.
func (h *history) list(last uint64) []CallStatus {
	out := make([]CallStatus, 0, len(h.ring))
	for n := last - uint64(len(h.ring)) + 1; n <= last; n++ {
		out = append(out, h.of(n))
	}
	return out
}

func (h *history) at(number uint64) int { return int((number - 1) % uint64(h.limit)) }

// Execution is one time that the body of a call ran.
type Execution struct {
	Began, Ended time.Time // Ended is zero while it runs
	Err          error     // nil when it succeeded
}

// removed notes that a call is not kept any more. r.mu is held.
func (r *runner) removed(number uint64, why Removal) {
	if m := r.history.find(number); m != nil {
		m.removed = why
	}
	r.notifier.notify()
}

// Removal says why a finished call is no longer kept.
type Removal uint8

const (
	Evicted   Removal = iota + 1 // made room for another
	Expired                      // its TTL, or that of CacheErrors, was over
	Forgotten                    // by Forget or ForgetAll
)

// String gives the reason as a lower-case word, and "kept" for zero.
func (r Removal) String() string {
	switch r {
	case Evicted:
		return "evicted"
	case Expired:
		return "expired"
	case Forgotten:
		return "forgotten"
	}
	return "kept"
}

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

	// Args are the inputs; only secret ones have a digest, and no text. Nil when
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
// anybody listens, the runner remembers the arguments of new calls as text.
func (i Inspection) Notify(c chan<- struct{}) (stop func()) { return i.r.notifier.listen(c) }

// Latest returns the number of the latest call, 0 when there is none.
func (i Inspection) Latest() uint64 {
	i.r.mu.Lock()
	defer i.r.mu.Unlock()
	return i.r.calls
}

// Calls returns the calls that the runner remembers, the newest first, starting
// below the given number; 0 starts with the newest. As many are remembered as
// the option [History] says. The runner is not held up: each call is as it is
// when its turn comes, and Executions are left out.
func (i Inspection) Calls(below uint64) iter.Seq[CallDetail] {
	return func(yield func(CallDetail) bool) {
		next := below
		if latest := i.Latest(); next == 0 || next > latest {
			next = latest + 1
		}
		for size := firstBatch; ; size = min(2*size, maxBatch) {
			batch := i.batch(next, size)
			for _, d := range batch {
				if !yield(d) {
					return
				}
				next = d.Number
			}
			if len(batch) == 0 {
				return
			}
		}
	}
}

// How many calls are copied while the runner is locked: few at first, since who
// shows calls often needs no more.
const (
	firstBatch = 32
	maxBatch   = 512
)

func (i Inspection) batch(below uint64, size int) []CallDetail {
	i.r.mu.Lock()
	defer i.r.mu.Unlock()
	out := make([]CallDetail, 0, min(size, len(i.r.history.ring)))
	for n := below - 1; n > 0 && len(out) < size; n-- {
		m := i.r.history.find(n)
		if m == nil {
			break
		}
		out = append(out, i.r.detail(m))
	}
	return out
}

// Call returns a call that the runner remembers, and whether it does.
func (i Inspection) Call(number uint64) (CallDetail, bool) {
	i.r.mu.Lock()
	defer i.r.mu.Unlock()
	m := i.r.history.find(number)
	if m == nil {
		return CallDetail{}, false
	}
	d := i.r.detail(m)
	d.Executions = m.executions()
	return d, true
}

// detail needs r.mu.
func (r *runner) detail(m *remembered) CallDetail {
	d := CallDetail{CallStatus: m.CallStatus, Removed: m.removed, Args: m.args, Key: m.key, Equal: m.hash}
	n := r.table.at(m.hash, m.Number)
	d.Kept = n != nil && n.status().ended()
	return d
}

// Result returns the result of a call that is kept, and whether it is. It is the
// kept one itself, which nobody may write to. More than one result are a struct.
func (i Inspection) Result(number uint64) (any, bool) {
	i.r.mu.Lock()
	defer i.r.mu.Unlock()
	m := i.r.history.find(number)
	if m == nil || m.Status != Succeeded {
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
	if found == nil {
		return false
	}
	found.stop(named(i.r.name, ErrStopped))
	return true
}

// Forget forgets a call, and those that are equal to it, as the Forget method of the
// generated runner does, and reports whether there was anything to forget: a result
// or error that is kept, an unfinished call, or a failure that a loop remembers.
// Loops that run do a pass, so that a flow which still asks for the call executes it
// again.
func (i Inspection) Forget(number uint64) bool {
	i.r.mu.Lock()
	m := i.r.history.find(number)
	if m == nil {
		i.r.mu.Unlock()
		return false
	}
	hash, k := m.hash, m.key
	equal := map[uint64]bool{} // numbers of calls with these arguments
	for n := range i.r.history.ring {
		if m := &i.r.history.ring[n]; m.hash == hash {
			equal[m.Number] = true
		}
	}
	i.r.mu.Unlock()
	forgotten := i.r.forgetHash(hash)
	if i.r.deleteKey(k) {
		forgotten = true
	}
	if i.r.forgetHash(hash) {
		forgotten = true
	}
	failed := forgetFailures(func(id callKey, number uint64) bool {
		return id.runner == i.r && equal[number]
	})
	return forgotten || failed
}

// Store returns the store that the runner uses, nil if it uses none.
func (i Inspection) Store() store.Store { return i.r.store }

// StoredResult returns the result that the store has of a call, and whether it
// could be read: not if it is of other types than the results of this runner.
func (i Inspection) StoredResult(ctx context.Context, rec store.Record) (any, bool) {
	if i.r.store == nil {
		return nil, false
	}
	if rec.Schema != i.r.schema {
		return nil, false
	}
	var found store.Found
	if i.r.lookup(ctx, rec.Key, &found) != nil || found.Result() == nil {
		return nil, false
	}
	e := found.Result()
	defer e.Close()
	result, err := i.r.decoded(e)
	return result, err == nil
}

// ForgetKey deletes the result that the store has of a call which the runner does
// not remember, and reports whether there was one. The runner cannot tell which of
// the results that it keeps in memory is the same, so it drops them all: it finds the
// others in the store. Loops that run do a pass.
func (i Inspection) ForgetKey(k key.Key) bool {
	defer wakeLoops()
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

// decoded returns a stored result.
func (c *Calls[K, A, R]) decoded(e *store.Entry) (any, error) {
	var result R
	err := c.runner.codec.Decode(e, c.runner.schema, &result)
	return result, err
}

// describe lists the inputs of a call, none if that panics: it runs methods of the
// user's.
func (p *pending[K, A, R]) describe(brief bool) (list []store.Arg) {
	list = []store.Arg{}
	tell := p.calls.spec.Describe
	switch {
	case tell != nil:
		defer func() {
			if v := recover(); v != nil {
				list = []store.Arg{}
				p.calls.runner.storeFailed(context.Background(), "the inputs of a call cannot be described", recovered(p.calls.runner.name, v))
			}
		}()
		in := Inputs{brief: brief, args: list}
		tell(&in, &p.args)
		return in.args
	case brief:
		return describeFields(p.args, maxArgText)
	}
	return list
}

// remember notes the inputs of a new call.
func (c *call) remember(list []store.Arg) {
	r := c.runner
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.history.find(c.node.number); m != nil {
		m.args = list
	}
}

// maxArgText bounds the text of one argument, in bytes.
const maxArgText = 200

// describeFields shows the arguments of works without a Describe, which are a struct
// all the same, each with a text of up to limit bytes. It uses reflection, which is
// of no matter here: somebody wants to see it.
func describeFields(args any, limit int) []store.Arg {
	v := reflect.ValueOf(args)
	if v.Kind() != reflect.Struct {
		return []store.Arg{{Type: fmt.Sprintf("%T", args), Text: preview.Text(args, limit)}}
	}
	out := make([]store.Arg, 0, v.NumField())
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || field.Tag.Get("workgen") == "-" {
			continue
		}
		out = append(out, store.Arg{
			Name: field.Name, Type: field.Type.String(),
			Text: preview.Text(v.Field(i).Interface(), limit),
		})
	}
	return out
}

// Tracer is told when a body begins, in its goroutine, without locks. It returns the
// context that the body gets, which must be derived from ctx, and a function that is
// called with the body's error when it has returned, panicked or called Goexit, before
// those who wait get the result; nil is none. A panic in either is logged and
// otherwise ignored.
//
// work is the work's full name, and call the status of the call, in which Attempts is the
// number of this execution.
//
// It is what spans are made with; package otel has one for OpenTelemetry.
type Tracer func(ctx context.Context, work string, call CallStatus) (context.Context, func(err error))

// WithTracer sets the function that is told of every execution. Nil, the default, is
// none.
func WithTracer(t Tracer) Option {
	return optionFunc(func(c *config) { c.tracer = t })
}

// traced asks the tracer for the context of a body, and for what is to be called at
// its end.
func (r *runner) traced(ctx context.Context, x *execution) (context.Context, func(error)) {
	if r.tracer == nil {
		return ctx, func(error) {}
	}
	var (
		out  context.Context
		ends func(error)
	)
	r.mu.Lock()
	status := x.call.snapshot()
	r.mu.Unlock()
	r.guard("tracer panicked", func() {
		out, ends = r.tracer(ctx, r.name, status)
	})
	if out == nil {
		out = ctx
	}
	if ends == nil {
		return out, func(error) {}
	}
	return out, func(err error) { r.guard("tracer panicked", func() { ends(err) }) }
}
