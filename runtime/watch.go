package runtime

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"time"
	"weak"

	"github.com/workgen/workgen/runtime/internal/arguments"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Status says how far a call has come.
type Status uint8

// A call goes from Pending through Running to one of the last three and never
// back, except that [Retry] makes it Pending again. A call that is stopped before its body began skips Running, and one
// whose arguments could not be copied goes from Pending to Failed.
const (
	NotStarted Status = iota // no such call was made yet
	Pending                  // made; its body waits for a slot, to be retried, or for Resume
	Running                  // its body runs
	Succeeded                // its body returned without an error
	Failed                   // its body returned an error, panicked or timed out
	Stopped                  // cancelled: by Stop, by Close, or because every caller left
)

var statusNames = [...]string{"not started", "pending", "running", "succeeded", "failed", "stopped"}

// String gives the status in lower-case words, such as "not started".
func (s Status) String() string { return nameOf("Status", statusNames[:], uint8(s)) }

// nameOf returns the name of a value of a type that lists them.
func nameOf(typ string, names []string, value uint8) string {
	if int(value) < len(names) {
		return names[value]
	}
	return typ + "(" + strconv.Itoa(int(value)) + ")"
}

// ended reports whether nothing can change any more.
func (s Status) ended() bool { return s >= Succeeded }

// CallStatus is the status of a call at one moment, with its history. It is a
// plain value: later changes of the call do not show in it.
//
// The times are wall clock readings, zero for what has not happened (yet).
// Started minus Requested is the time spent waiting before the first execution.
type CallStatus struct {
	Status
	Number    uint64    // of the call in its runner, from 1; 0 for one that was refused
	Requested time.Time // the first caller came
	Started   time.Time // the body began, for the first time
	Finished  time.Time // the callers were released; a deaf body may go on
	Attempts  int       // times that the body began: more than one under Retry, and after restarts with a store
	Stored    bool      // the result, or the error that is kept, came from the store: the body did not begin here
	Reason    error     // why it failed or stopped, or is going to be retried; nil otherwise

	Progress CallProgress // of the latest execution; zero when its body says nothing

	// Began is when the latest execution here began, and Took how long it took until the callers
	// were released, or the next attempt was waited for; of a Running call, how long it has taken
	// so far. Other attempts, and the waits between them, are not part of it. Both are zero if the
	// body did not begin here.
	Began time.Time
	Took  time.Duration

	Waits Wait // what it waits for

	// Holder is who executes the call elsewhere, in another process or runner, while it is Pending
	// here and waits for that; zero when nobody does.
	Holder store.Origin
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

// remembered is one of the latest calls of a runner. The runner's mutex guards it.
type remembered struct {
	hash    uint64
	call    *call   // until it has ended
	end     summary // from then on
	removed Removal
	again   bool // made by Inspection.Again
	args    []store.Arg
	copy    any     // pointer to a copy of the arguments, nil if there is none
	key     key.Key // zero without a store
}

// summary is what there is to say of a call, in little memory: it is written whenever one ends.
type summary struct {
	status   Status
	stored   bool
	number   uint64
	attempts int
	progress *progress
	reason   error

	requested, started, finished stamp

	// Of the latest execution here, which is in retried, too, if it was the last of several. began is 0
	// if there is none, or the next has not begun.
	began   stamp
	attempt int
	seq     uint64
	log     string

	retried []Execution // as in call
}

// summarize sets s, which is zero, but for the log. It is called at the end of a call, which has little
// stack: see execution.returns. runner.mu is held.
func (c *call) summarize(s *summary) {
	s.status, s.stored, s.number, s.attempts = c.node.status(), c.stored, c.node.number, c.attempts
	s.progress, s.reason, s.retried = c.progress.withoutLines(), c.shown, c.retried
	s.requested, s.started, s.finished = c.requested, c.started, c.node.finished
	if x := c.execution; x != nil && x.attempt > 0 {
		s.began, s.attempt, s.seq = stampOf(x.began), x.attempt, x.seq
	}
}

// callStatus leaves out what only a call has that has not ended.
func (s *summary) callStatus() CallStatus {
	latest := s.latest()
	status := CallStatus{
		Status: s.status, Number: s.number, Attempts: s.attempts, Stored: s.stored, Reason: s.reason,
		Requested: s.requested.time(), Started: s.started.time(), Finished: s.finished.time(),
		Began: latest.Began, Took: latest.took(),
	}
	if s.progress != nil {
		status.Progress = s.progress.CallProgress
	}
	return status
}

// latest returns the latest execution of the call here, a zero one if there was none.
func (s *summary) latest() Execution {
	if s.began != 0 {
		return Execution{
			Began: s.began.time(), Ended: s.finished.time(), Err: s.reason, Attempt: s.attempt, Seq: s.seq, Log: s.log,
		}
	}
	if n := len(s.retried); n > 0 {
		return s.retried[n-1]
	}
	return Execution{}
}

// ended notes what a call came to, if it is remembered.
func (r *runner) ended(c *call) {
	if m := r.history.Find(c.node.number); m != nil {
		c.summarize(&m.end)
		m.end.log, m.call = c.log(), nil
	}
}

// status is that of now, or of the end.
func (m *remembered) status() CallStatus {
	if m.call != nil {
		return m.call.snapshot()
	}
	return m.end.callStatus()
}

// executions returns those of the call, oldest first.
func (m *remembered) executions() []Execution {
	sum := m.end
	if c := m.call; c != nil {
		c.summarize(&sum)
		sum.log = c.log()
	}
	all := slices.Clone(sum.retried)
	if sum.began != 0 && (sum.status == Running || sum.status.ended() && all == nil) {
		all = append(all, sum.latest())
	}
	return all
}

// maxExecutions is how many executions of one call are remembered.
const maxExecutions = 50

// executed notes how an execution ended: one after which there is another, or the last of
// several. runner.mu is held.
func (c *call) executed(x *execution, ended time.Time, err error) {
	if len(c.retried) == maxExecutions {
		c.retried = c.retried[1:]
	}
	if old := len(c.retried) - keptLogs; old >= 0 {
		c.retried[old].Log = ""
	}
	d := x.describe(ended, err)
	d.Log = c.log()
	c.retried = append(c.retried, d)
}

// keptLogs is of how many executions of one call the logs are remembered: the latest.
const keptLogs = 4

// describe is the execution for people. ended is zero while it runs. runner.mu is held.
func (x *execution) describe(ended time.Time, err error) Execution {
	return Execution{Began: x.began.Round(0), Ended: ended.Round(0), Err: err, Attempt: x.attempt, Seq: x.seq}
}

// log returns what the body of the latest execution has logged. runner.mu is held.
func (c *call) log() string {
	if c.progress == nil {
		return ""
	}
	return c.progress.lines.String()
}

// statusOf returns the status of a call, a zero one if it is not remembered.
func (r *runner) statusOf(number uint64) CallStatus {
	if m := r.history.Find(number); m != nil {
		return m.status()
	}
	return CallStatus{}
}

// Execution is one time that the body of a call ran.
type Execution struct {
	Began, Ended time.Time // Ended is zero while it runs
	Err          error     // nil when it succeeded

	Attempt int    // which execution of its call it is, from 1: over restarts with a store
	Seq     uint64 // of its record in the store; 0 if it has none
	Log     string // the last lines that its body logged ([Logger]); "" of all but the latest few
}

// removed notes that a call is not kept any more. r.mu is held.
func (r *runner) removed(number uint64, why Removal) {
	if m := r.history.Find(number); m != nil {
		m.removed = why
	}
	r.notifier.Notify()
}

// Removal says why a finished call is no longer kept.
type Removal uint8

const (
	Evicted   Removal = iota + 1 // made room for another
	Expired                      // its TTL, or the lifetime of its error, was over
	Forgotten                    // by Forget or ForgetAll
	Replaced                     // by the result of an execution that [Inspection.Again] has started
)

// String gives the reason as a lower-case word, and "kept" for zero.
func (r Removal) String() string { return nameOf("Removal", removalNames[:], uint8(r)) }

var removalNames = [...]string{"kept", "evicted", "expired", "forgotten", "replaced"}

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

// trace asks the tracer for the context of the body, and for what is to be called at its
// end.
func (x *execution) trace() context.Context {
	ctx, r := x.ctx, x.call.runner
	r.mu.Lock()
	status := x.call.snapshot()
	r.mu.Unlock()
	r.guard("tracer panicked", func() {
		traced, ends := r.tracer(ctx, r.name, status)
		if traced != nil {
			ctx = traced
		}
		if ends != nil {
			x.traceEnds = func(err error) { r.guard("tracer panicked", func() { ends(err) }) }
		}
	})
	return ctx
}

// A call that does not end is said in the log: what it waits for, or how long its body has
// run. Nobody may look for what hangs. The first line comes after a minute of waiting, or
// ten of running, and each further one after twice the time.
const (
	longWait = time.Minute
	longRun  = 10 * time.Minute
	mostSaid = 10 // calls of one runner at a time
)

// guardCalls has unfinished calls looked at in a while. mu is held.
func (r *runner) guardCalls() {
	if r.guarded {
		return
	}
	r.guarded = true
	runner := weak.Make(r)
	time.AfterFunc(longWait, func() {
		if r := runner.Value(); r != nil {
			r.sayWhatIsStuck()
		}
	})
}

func (r *runner) sayWhatIsStuck() {
	r.mu.Lock()
	r.guarded = false
	if len(r.unfinished) > 0 {
		r.guardCalls()
	}
	now, stuck := time.Now(), []stuckCall{}
	for c := range r.unfinished {
		since, limit := c.requested, longWait
		if c.node.status() == Running {
			since, limit = c.started, longRun
		}
		took := now.Sub(since.time())
		if took < limit || took < 2*c.said || len(stuck) == mostSaid {
			continue
		}
		c.said = took
		s := stuckCall{call: c, status: c.node.status(), took: took}
		c.waitsFor(&s.waits)
		stuck = append(stuck, s)
	}
	r.mu.Unlock()
	for _, s := range stuck {
		attrs := []slog.Attr{slog.Uint64("call", s.call.node.number), slog.String("status", s.status.String()),
			slog.String("waits_for", s.waitsFor()), slog.Duration("since", s.took)}
		if s.waits.For != WaitArguments {
			attrs = append(attrs, slog.String("arguments", arguments.Summary(s.call.values.arguments())))
		}
		r.logAt(slog.LevelWarn, "a call has not ended for long", attrs...)
	}
}

// stuckCall is a call that is to be said in the log.
type stuckCall struct {
	call   *call
	status Status
	waits  Wait
	took   time.Duration
}

func (s *stuckCall) waitsFor() string {
	if s.status == Running {
		return "its body"
	}
	return s.waits.For.String()
}
