package crashtest

import (
	"context"
	"errors"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

// A witness is a store that notes what it is asked about executions, and what it answers.
type witness struct {
	store.Store
	journal journal

	mu      sync.Mutex
	calls   map[key.Key]int
	begun   map[int]uint64     // tokens of calls that were not made here, whose bodies follow
	threads map[uint64]*thread // by the tokens that they have had
}

// A thread follows a call from the caller who made it, if that was in this process, to its bodies, by
// the context.
type thread struct {
	caller int
	token  atomic.Uint64 // of the lease that the next body has; 0: none
}

type threadKey struct{}

func threadOf(ctx context.Context) *thread {
	th, _ := ctx.Value(threadKey{}).(*thread)
	return th
}

// knows notes which call has a key.
func (w *witness) knows(k key.Key, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls[k] = n
}

// call returns the call that a record is of, which has its argument if nobody has made it here.
func (w *witness) call(k key.Key, args []store.Arg) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n, ok := w.calls[k]; ok || len(args) == 0 {
		return n
	}
	n, err := strconv.Atoi(args[0].Text)
	if err != nil {
		panic("crashtest: the argument of a call is " + args[0].Text)
	}
	w.calls[k] = n
	return n
}

// took returns the token of a body that begins, of a call that was not made here; 0 if it has none.
func (w *witness) took(n int) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	token := w.begun[n]
	delete(w.begun, n)
	return token
}

// began notes the token for the next body of a call, which follows the thread if there is one.
func (w *witness) began(n int, th *thread, token uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if th == nil {
		w.begun[n] = token
		return
	}
	th.token.Store(token)
	w.threads[token] = th
}

// over notes that a lease ends, so that no body has it that begins later: it may have been given
// back before any did.
func (w *witness) over(n int, token uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.begun[n] == token {
		delete(w.begun, n)
	}
	if th := w.threads[token]; th != nil {
		th.token.CompareAndSwap(token, 0)
		delete(w.threads, token)
	}
}

// Begin implements store.Store.
func (w *witness) Begin(ctx context.Context, x store.Record) (store.Lease, error) {
	e := event{N: w.call(x.Key, x.Args), Nonce: x.Nonce, Sent: now()}
	l, err := w.Store.Begin(ctx, x)
	switch {
	case err == nil:
		w.began(e.N, threadOf(ctx), l.Token)
		e.What, e.Token, e.Expires = begun, l.Token, momentOf(l.Expires)
		w.journal.note(e)
	case !errors.Is(err, store.ErrHeld) && !errors.Is(err, store.ErrFinished):
		w.silent(e, "Begin", err)
	}
	return l, err
}

// Renew implements store.Store.
func (w *witness) Renew(ctx context.Context, l store.Lease, x store.Record) (store.Lease, error) {
	e := event{What: renewed, N: w.call(l.Key, nil), Token: l.Token, Sent: now()}
	l, err := w.Store.Renew(ctx, l, x)
	if err == nil {
		e.Expires = momentOf(l.Expires)
	}
	w.answer(e, "Renew", err)
	return l, err
}

// End implements store.Store.
func (w *witness) End(ctx context.Context, l store.Lease, x store.Record, result io.WriterTo) error {
	e := event{What: ending, N: w.call(l.Key, nil), Token: l.Token, Status: x.Status.String()}
	w.journal.note(e)
	w.over(e.N, l.Token)
	e.What, e.Sent = ended, now()
	err := w.Store.End(ctx, l, x, result)
	w.answer(e, "End", err)
	return err
}

// answer notes what the store says about a lease.
func (w *witness) answer(e event, method string, err error) {
	switch {
	case errors.Is(err, store.ErrLost):
		e.What = lost
		w.journal.note(e)
	case err != nil:
		w.silent(e, method, err)
	default:
		w.journal.note(e)
	}
}

func (w *witness) silent(e event, method string, err error) {
	e.What, e.Err = silent, method+": "+err.Error()
	w.journal.note(e)
}

// A queueWitness is a queue that notes what becomes of tasks.
type queueWitness struct {
	queue.Queue
	journal journal
}

func (w queueWitness) note(what what, k key.Key, status string, sent moment, err error) {
	e := event{What: what, Key: k.String(), Status: status, Sent: sent}
	if err != nil {
		e.Err = err.Error()
	}
	w.journal.note(e)
}

// Take implements queue.Queue.
func (w queueWitness) Take(ctx context.Context, by queue.Worker) (queue.Task, error) {
	t, err := w.Queue.Take(ctx, by)
	if err == nil {
		w.note(takes, t.Key, "", 0, nil)
	}
	return t, err
}

// Done implements queue.Queue.
func (w queueWitness) Done(ctx context.Context, worker uint64, k key.Key) error {
	sent := now()
	err := w.Queue.Done(ctx, worker, k)
	w.note(puts, k, "done", sent, err)
	return err
}

// PutOff implements queue.Queue.
func (w queueWitness) PutOff(ctx context.Context, worker uint64, k key.Key, wait time.Duration) error {
	sent := now()
	err := w.Queue.PutOff(ctx, worker, k, wait)
	w.note(puts, k, "off by "+wait.String(), sent, err)
	return err
}

// Withdraw implements queue.Queue.
func (w queueWitness) Withdraw(ctx context.Context, k key.Key, caller uint64) error {
	sent := now()
	err := w.Queue.Withdraw(ctx, k, caller)
	w.note(withdraw, k, "", sent, err)
	return err
}

// Report implements queue.Queue.
func (w queueWitness) Report(ctx context.Context, by queue.Worker, has []key.Key) (queue.Reply, error) {
	sent := now()
	reply, err := w.Queue.Report(ctx, by, has)
	for _, k := range reply.Unwanted {
		w.note(unwanted, k, "", sent, nil)
	}
	return reply, err
}
