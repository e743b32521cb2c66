package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/internal/backoff"
	"github.com/workgen/workgen/runtime/internal/durable"
	"github.com/workgen/workgen/runtime/internal/remote"
	"github.com/workgen/workgen/runtime/internal/slots"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

// Worker says which calls are taken, and how many at once. It is not changed while it serves.
type Worker struct {
	Queue queue.Queue // must not be nil

	// Pools are the names that callers gave to runtime.WithWorkers. A call is taken from the first
	// that has one. Nil is the pool "".
	Pools []string

	// Slots bounds how many calls are executed at once. A body that waits for another call with
	// its own context gives its slot back meanwhile. 0 is 1.
	Slots int

	// Grace is how long bodies may go on that run when ctx ends. Then their contexts end, and what
	// has not ended goes back to the queue. 0 is 25 seconds, negative is none.
	Grace time.Duration

	Logger *slog.Logger // nil: slog.Default()
}

// drainGrace is the default of Worker.Grace, and heedGrace is for how long Serve waits for bodies
// after their contexts have ended.
const (
	drainGrace = 25 * time.Second
	heedGrace  = 4 * time.Second
)

// Serve executes calls until ctx ends, and returns ctx's error when what it has taken has ended or is
// queued again. It returns another error at once if a runner cannot be served: it has no store,
// is made with WithWorkers itself, or its work cannot be executed for other processes.
// The queue may fail for a while: it is asked again, and that is logged. When it was closed Serve
// returns an error that is store.ErrClosed.
func (w *Worker) Serve(ctx context.Context, runners ...*runtime.Runner) error {
	s := &serving{Worker: w, works: map[queue.Route]*remote.Work{}, tasks: map[key.Key]*taken{}, changed: make(chan struct{}, 1)}
	if err := s.init(runners); err != nil {
		return err
	}
	// Bodies outlast ctx by Grace.
	bodies, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	reporting, quit := context.WithCancel(context.WithoutCancel(ctx))
	var reports sync.WaitGroup
	reports.Go(func() { s.report(reporting) })

	var closed error
	for slot := s.seats.take(ctx); slot != nil && closed == nil; slot = s.seats.take(ctx) {
		t, err := s.take(ctx)
		if err == nil {
			s.execute(bodies, t, slot)
			continue
		}
		slot.end()
		if errors.Is(err, store.ErrClosed) || errors.Is(err, store.ErrReadOnly) {
			closed = fmt.Errorf("worker: the queue cannot be used any more: %w", err)
		}
	}
	s.drain(end)
	quit()
	reports.Wait()
	if closed != nil {
		return closed
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), heedGrace)
	defer cancel()
	if err := w.Queue.Leave(last, s.self.ID); err != nil {
		s.log(slog.LevelWarn, "the queue was not told that this worker is gone: others take its calls later", err)
	}
	return ctx.Err()
}

// serving is a Worker that serves.
type serving struct {
	*Worker
	works map[queue.Route]*remote.Work
	seats seats
	all   sync.WaitGroup // of the tasks

	changed chan struct{} // gets a value when tasks has changed

	mu    sync.Mutex
	self  queue.Worker
	tasks map[key.Key]*taken   // by their calls; of a call that was taken twice the later one
	said  map[string]time.Time // when it was said last why a task is refused
}

// taken is a task that the worker has taken.
type taken struct {
	cancel  context.CancelCauseFunc
	earlier *taken // of the same call, which the queue had given up; it may have ended
}

func (s *serving) init(runners []*runtime.Runner) error {
	if s.Queue == nil {
		return errors.New("worker: Queue is nil: set it to that of the store, such as results.Queue()")
	}
	if len(runners) == 0 {
		return errors.New("worker: Serve has no runners: give it those of the works that it is to execute")
	}
	if s.Slots < 0 {
		return fmt.Errorf("worker: Slots is %d: use 0 for one", s.Slots)
	}
	s.self = queue.Worker{ID: rand.Uint64() | 1, Origin: durable.Origin(), Pools: s.Pools, Slots: cmp.Or(s.Slots, 1)}
	for _, r := range runners {
		work, err := runtime.Served(r)
		if err != nil {
			return err
		}
		s.works[work.Route] = work
		s.self.Serves = append(s.self.Serves, queue.Served{Work: work.Name, Route: work.Route})
	}
	s.seats.queue = slots.New(s.self.Slots)
	return nil
}

// pauses are those after the queue has failed.
var pauses = backoff.Policy{First: 100 * time.Millisecond, Most: 5 * time.Second, Jitter: 0.3}

// take takes the next task. It returns an error when ctx has ended, a body needs the slot, or the
// queue was closed.
func (s *serving) take(ctx context.Context) (queue.Task, error) {
	ctx, over := s.seats.waits(ctx)
	defer over()
	for failures := 0; ctx.Err() == nil; {
		s.mu.Lock()
		self := s.self
		self.Busy = len(s.tasks)
		s.mu.Unlock()
		t, err := s.Queue.Take(ctx, self)
		if err == nil || errors.Is(err, store.ErrClosed) || errors.Is(err, store.ErrReadOnly) {
			return t, err
		}
		if ctx.Err() != nil {
			break
		}
		if failures++; failures == 1 {
			s.log(slog.LevelWarn, "the queue does not answer: it is asked again", err)
		}
		backoff.Sleep(ctx, pauses.Wait(failures))
	}
	return queue.Task{}, ctx.Err()
}

// errUnwanted is why the context of a body ends whose call nobody wants any more.
var errUnwanted = errors.New("worker: nobody waits for the call any more")

// execute executes the call of a task, in a goroutine of its own, and frees the slot.
func (s *serving) execute(bodies context.Context, t queue.Task, slot *seat) {
	ctx, cancel := context.WithCancelCause(bodies)
	s.mu.Lock()
	task := &taken{cancel, s.tasks[t.Key]}
	s.tasks[t.Key] = task
	s.mu.Unlock()
	s.change()
	s.all.Go(func() {
		outcome := remote.Outcome{Again: true, Wait: time.Minute, Refused: t.Unreadable}
		if t.Unreadable == nil {
			outcome = s.works[t.Route].Execute(remote.WithSlot(ctx, slot), t)
		}
		slot.end()
		latest := s.drop(t.Key, task)
		s.change()
		cancel(nil)
		if latest {
			s.finish(context.WithoutCancel(bodies), &t, outcome)
		}
	})
}

// drop drops a task. It reports whether it was the latest of its call: otherwise the queue has given
// that to the worker once more, which knows what becomes of it when the later one ends.
func (s *serving) drop(k key.Key, t *taken) (latest bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if latest = s.tasks[k] == t; latest {
		delete(s.tasks, k)
	}
	return latest
}

// finish tells the queue what became of a task.
func (s *serving) finish(ctx context.Context, t *queue.Task, o remote.Outcome) {
	if o.Refused != nil {
		s.refused(t, o.Refused)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*heedGrace)
	defer cancel()
	for tries := 1; ; tries++ {
		var err error
		if o.Again {
			err = s.Queue.PutOff(ctx, s.self.ID, t.Key, o.Wait)
		} else {
			err = s.Queue.Done(ctx, s.self.ID, t.Key)
		}
		if err == nil || !backoff.Sleep(ctx, pauses.Wait(tries)) {
			return // otherwise another worker takes it, and finds the result
		}
	}
}

// refused says why a task is not for this worker, at most once a minute for each work.
func (s *serving) refused(t *queue.Task, why error) {
	s.mu.Lock()
	again := time.Since(s.said[t.Work]) < time.Minute
	if s.said == nil {
		s.said = map[string]time.Time{}
	}
	if !again {
		s.said[t.Work] = time.Now()
	}
	s.mu.Unlock()
	if !again {
		s.log(slog.LevelError, "a call cannot be executed here, and is queued again", why,
			slog.String("work", t.Work), slog.String("key", t.Key.String()), slog.String("from", t.Origin.String()), slog.Int("taken", t.Taken))
	}
}

// report tells the queue again and again that the worker is there, and stops what nobody wants.
func (s *serving) report(ctx context.Context) {
	failures := 0
	for {
		s.mu.Lock()
		self, tasks := s.self, maps.Clone(s.tasks)
		s.mu.Unlock()
		self.Busy = len(tasks)
		asking, cancel := context.WithTimeout(ctx, reportMost)
		reply, err := s.Queue.Report(asking, self, slices.Collect(maps.Keys(tasks)))
		cancel()
		wait := reply.Within
		if err != nil {
			failures++
			wait = pauses.Wait(failures)
		} else {
			failures = 0
			for _, k := range reply.Unwanted {
				for t := tasks[k]; t != nil; t = t.earlier { // what was taken since is another task
					t.cancel(errUnwanted)
				}
			}
		}
		// A report that is due later comes soon when the worker has got or ended something.
		changed := s.changed
		if wait <= reportLeast {
			changed = nil
		}
		select {
		case <-changed:
			backoff.Sleep(ctx, reportLeast)
		case <-time.After(wait):
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// reportLeast is how long a worker waits at least between two reports, and reportMost how long one
// may take.
const (
	reportLeast = time.Second
	reportMost  = 5 * time.Second
)

// change has the worker report soon that it has got or ended something.
func (s *serving) change() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// drain waits until the tasks have ended, and ends their contexts after a while.
func (s *serving) drain(end context.CancelCauseFunc) {
	over := make(chan struct{})
	go func() {
		s.all.Wait()
		close(over)
	}()
	if grace := cmp.Or(s.Grace, drainGrace); grace > 0 {
		s.mu.Lock()
		n := len(s.tasks)
		s.mu.Unlock()
		if n > 0 {
			s.logger().Info("the worker takes no more calls, and waits for those that it executes", slog.Int("calls", n), slog.Duration("at most", grace))
		}
		select {
		case <-over:
			return
		case <-time.After(grace):
		}
	}
	end(errDrained)
	select {
	case <-over:
	case <-time.After(heedGrace):
		s.logger().Warn("bodies go on although their contexts have ended: the worker does not wait for them")
	}
}

// errDrained is why the context of a body ends when its worker does.
var errDrained = errors.New("worker: it does not serve any more")

func (s *serving) logger() *slog.Logger { return cmp.Or(s.Logger, slog.Default()) }

func (s *serving) log(level slog.Level, message string, err error, attrs ...slog.Attr) {
	s.logger().LogAttrs(context.Background(), level, message, append(attrs, slog.Any("error", err))...)
}
