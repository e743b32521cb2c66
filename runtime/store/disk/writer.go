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
// Writers of different processes take turns by a lock on a file, since SQLite makes
// those who come too late sleep and try again.
type writer struct {
	s    *Store
	c    *conn
	turn *os.File
	full bool // whether commits wait for the disk now
	log  log

	mu     sync.RWMutex // held to write by close, to read while sending to ops
	closed bool
	ops    chan *op
	ended  chan struct{}
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
	w := &writer{s: s, c: c, turn: turn, log: log{path: filepath.Join(s.dir, databaseFile+"-wal")}, ops: make(chan *op, maxGroup), ended: make(chan struct{})}
	go w.run()
	return w
}

// write has the writer do something, and waits until it is committed.
func (w *writer) write(ctx context.Context, durable bool, do func(tx *tx) error) error {
	return w.writeSized(ctx, durable, 0, do)
}

// writeSized is write for what has many bytes.
func (w *writer) writeSized(ctx context.Context, durable bool, size int, do func(tx *tx) error) error {
	o := &op{do: do, size: size, durable: durable && !w.s.o.Relaxed, done: make(chan struct{})}
	if err := w.send(ctx, o); err != nil {
		return err
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

func (w *writer) send(ctx context.Context, o *op) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return store.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case w.ops <- o:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close commits what was sent before, and ends the writer.
func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	close(w.ops)
	w.mu.Unlock()
	<-w.ended
}

func (w *writer) run() {
	defer close(w.ended)
	var group []*op
	for o := range w.ops {
		group = append(group[:0], o)
		size := o.size
		for more := true; more && len(group) < maxGroup && size < groupSize; {
			select {
			case o, ok := <-w.ops:
				if more = ok; ok {
					group = append(group, o)
					size += o.size
				}
			default:
				more = false
			}
		}
		w.commit(group)
	}
}

// commit writes a group of ops and tells those who wait. Until it has the turn they
// may leave.
func (w *writer) commit(group []*op) {
	_, err := lockFile(w.turn, false, true)
	mine := group[:0]
	for _, o := range group {
		if o.taken.CompareAndSwap(false, true) {
			o.err = err
			mine = append(mine, o)
		}
	}
	if err == nil {
		if len(mine) > 0 {
			w.inTurn(mine)
		}
		_ = unlockFile(w.turn)
	}
	for _, o := range mine {
		close(o.done)
	}
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
