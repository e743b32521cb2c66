package disk

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// writer commits everything that this process writes, on one connection. What
// arrives while a commit is under way goes into the next one together: a durable
// commit waits for the disk, and one wait serves all.
//
// Whoever writes while nobody else does commits in his own goroutine, since waking
// another one takes as long as a small commit. What arrives meanwhile gets a
// goroutine.
//
// Writers of different processes take turns by a lock on a file, since SQLite makes
// those who come too late sleep and try again.
type writer struct {
	s    *Store
	c    *conn
	turn *os.File
	full bool // whether commits wait for the disk now
	log  log

	mu     sync.Mutex
	idle   *sync.Cond // nobody commits any more
	queue  []*op
	busy   bool // somebody commits, and goes on until the queue is empty
	closed bool
}

// op is something to be written.
type op struct {
	do      func(tx *tx) error // may run twice: of the first time nothing is left then
	size    int                // bytes that it writes, about, if they are many
	durable bool
	taken   atomic.Bool // by the writer, or by who has given up waiting
	err     error
	done    chan struct{}
}

// tx is a transaction under way.
type tx struct {
	*conn
	s       *Store
	now     int64           // microseconds since 1970
	files   map[string]bool // names of files that may be unused once it has ended
	shorten bool            // the log, once it is committed
}

// refusal is the error of an op that has written nothing, and harms no other.
type refusal struct{ error }

// maxGroup bounds how many ops are committed at once, and groupSize how many bytes
// they may have together before the last one.
const maxGroup, groupSize = 256, 2 << 20

func newWriter(s *Store, c *conn, turn *os.File) *writer {
	w := &writer{s: s, c: c, turn: turn, log: log{path: filepath.Join(s.dir, databaseFile+"-wal")}}
	w.idle = sync.NewCond(&w.mu)
	return w
}

// write has something written, and waits until it is committed.
func (w *writer) write(ctx context.Context, durable bool, do func(tx *tx) error) error {
	return w.writeSized(ctx, durable, 0, do)
}

// writeSized is write for what has many bytes.
func (w *writer) writeSized(ctx context.Context, durable bool, size int, do func(tx *tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o := &op{do: do, size: size, durable: durable && !w.s.o.Relaxed, done: make(chan struct{})}
	first, err := w.enqueue(o)
	if err != nil {
		return err
	}
	if first {
		w.lead()
	}
	select {
	case <-o.done:
	case <-ctx.Done():
		if o.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		<-o.done // it is being written, and soon is
	}
	return o.err
}

// enqueue reports whether nobody commits, so that the caller has to.
func (w *writer) enqueue(o *op) (first bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false, store.ErrClosed
	}
	first = !w.busy
	w.busy = true
	w.queue = append(w.queue, o)
	return first, nil
}

// close commits what came before, and refuses what comes.
func (w *writer) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for w.busy {
		w.idle.Wait()
	}
}

// lead commits one group, that of the caller. If it is the turn of another process
// the caller must be free to leave, so that this is done elsewhere, as is all that
// has come meanwhile.
func (w *writer) lead() {
	if mine, err := lockFile(w.turn, false, false); !mine || err != nil {
		go w.drain()
		return
	}
	if w.commit(nil) {
		go w.drain()
	}
}

// drain commits until nothing is left.
func (w *writer) drain() {
	for {
		_, err := lockFile(w.turn, false, true)
		if !w.commit(err) {
			return
		}
	}
}

// commit writes a group of ops, ends the turn, and tells those who wait; until then
// they may leave. If there was no turn it tells them why. It reports whether there
// are more ops.
func (w *writer) commit(noTurn error) (more bool) {
	mine := w.group()
	for _, o := range mine {
		o.err = noTurn
	}
	if noTurn == nil {
		if len(mine) > 0 {
			w.inTurn(mine)
		}
		_ = unlockFile(w.turn)
	}
	w.mu.Lock()
	if more = len(w.queue) > 0; !more {
		w.busy = false
		w.idle.Broadcast()
	}
	w.mu.Unlock()
	for _, o := range mine {
		close(o.done)
	}
	return more
}

// group takes ops from the queue whose callers have not left.
func (w *writer) group() (mine []*op) {
	w.mu.Lock()
	defer w.mu.Unlock()
	size, n := 0, 0
	for ; n < len(w.queue) && len(mine) < maxGroup && size < groupSize; n++ {
		if o := w.queue[n]; o.taken.CompareAndSwap(false, true) {
			mine = append(mine, o)
			size += o.size
		}
	}
	if w.queue = w.queue[n:]; len(w.queue) == 0 {
		w.queue = nil
	}
	return mine
}

// inTurn writes ops in one transaction. When that fails each gets one of its own,
// so that none suffers from another.
func (w *writer) inTurn(ops []*op) {
	files := map[string]bool{}
	if err := w.attempt(ops, files); err != nil {
		for _, o := range ops {
			if o.err = err; len(ops) > 1 {
				if err := w.attempt([]*op{o}, files); err != nil {
					o.err = err
				}
			}
		}
	}
	w.removeUnused(files)
}

func (w *writer) attempt(ops []*op, files map[string]bool) error {
	durable := false
	for _, o := range ops {
		durable = durable || o.durable
	}
	if err := w.synchronous(durable); err != nil {
		return err
	}
	tx := &tx{conn: w.c, s: w.s, now: time.Now().UnixMicro(), files: files}
	err := w.c.q(`BEGIN IMMEDIATE`).run()
	for i := 0; err == nil && i < len(ops); i++ {
		o := ops[i]
		o.err = o.do(tx)
		var r refusal
		if errors.As(o.err, &r) {
			o.err = r.error
		} else {
			err = o.err
		}
	}
	if err == nil {
		err = w.c.q(`COMMIT`).run()
	}
	if err != nil {
		_ = w.c.q(`ROLLBACK`).run() // fails if SQLite did it by itself
		return err
	}
	w.log.bound(w.c, tx.shorten)
	return nil
}

// synchronous says whether the commits to come wait for the disk.
func (w *writer) synchronous(full bool) error {
	if w.full == full {
		return nil
	}
	pragma := `PRAGMA synchronous = NORMAL`
	if full {
		pragma = `PRAGMA synchronous = FULL`
	}
	if err := w.c.q(pragma).run(); err != nil {
		return err
	}
	w.full = full
	return nil
}

// removeUnused removes files which no result is in any more. Nobody can begin to
// use one meanwhile: that takes the turn.
func (w *writer) removeUnused(files map[string]bool) {
	for name := range files {
		_, used, err := w.c.q(`SELECT 1 FROM file WHERE name = ?`).bytes([]byte(name)).number()
		if err == nil && !used {
			_ = os.Remove(w.s.fileOf([]byte(name))) // if that fails, a later sweep removes it
		}
	}
}
