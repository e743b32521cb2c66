package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
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
	lock *os.File
	at   os.FileInfo // of the lock, when it was opened; nil: none is needed
	full bool        // whether commits wait for the disk now
	keep bool        // whether commits leave the log as it is
	log  log
	held atomic.Pointer[func(time.Duration)] // is told how long the write lock was held; nil but in tests

	torn     atomic.Bool // a connection of the readers is
	damaged  atomic.Bool // who reads has found the database to be
	stale    bool        // who reads does not see what was written
	repaired time.Time   // when it was made anew last

	unrepaired atomic.Pointer[error] // why it could not be; nil when it could

	mu     sync.Mutex
	idle   *sync.Cond // nobody commits any more
	queue  []*op
	busy   bool // somebody commits, and goes on until the queue is empty
	closed bool
}

// op is something to be written.
type op struct {
	do        func(tx *tx) error // may run twice: of the first time nothing is left then
	size      int                // bytes that it writes, about, if they are many
	durable   bool
	makesRoom bool        // it may use the reserve
	collects  bool        // the collector has it written: see collector.write
	taken     atomic.Bool // by the writer, or by who has given up waiting
	err       error
	unused    []string // paths of files to be removed once it is done
	done      chan struct{}
}

// tx is a transaction under way.
type tx struct {
	*conn
	s       *Store
	began   time.Time
	now     int64           // the same, in microseconds since 1970
	files   map[string]bool // names of files that may be unused once it has ended
	shorten bool            // the log, once it is committed
}

// holdMost is how long the collector writes in one go: others wait for that and for a commit.
var holdMost = 5 * time.Millisecond

// late tells whether the rest of a batch has to wait for the next one.
func (tx *tx) late() bool { return time.Since(tx.began) >= holdMost }

// some calls do with 0, 1 and so on up to most, until it is late. It returns how often it did.
func (tx *tx) some(most int, do func(i int) error) (n int, err error) {
	for ; n < most && (n == 0 || !tx.late()); n++ {
		if err := do(n); err != nil {
			return n, err
		}
	}
	return n, nil
}

// refusal is the error of an op that has written nothing, and harms no other.
type refusal struct{ error }

// maxGroup bounds how many ops are committed at once, and groupSize how many bytes
// they may have together before the last one.
const maxGroup, groupSize = 256, 2 << 20

func newWriter(s *Store, c *conn, lock *os.File) *writer {
	w := &writer{s: s, c: c}
	if c != nil {
		w.setLock(lock)
		w.log.path = s.path() + logSuffix
	}
	w.idle = sync.NewCond(&w.mu)
	return w
}

// setLock sets the file that is locked while something is written.
func (w *writer) setLock(lock *os.File) {
	w.lock = lock
	w.at, _ = lock.Stat() // fails for a file that is closed only
}

// lockInPlace tells whether the write lock is that of the directory. If it was removed others
// have made a new one: two could write at once, and the one remove the files of the other.
func (w *writer) lockInPlace() bool {
	there, err := os.Stat(w.lock.Name())
	if err != nil {
		return !errors.Is(err, os.ErrNotExist) // if in doubt it is
	}
	return os.SameFile(there, w.at)
}

// write has something written, and waits until it is committed.
func (w *writer) write(ctx context.Context, durable bool, do func(tx *tx) error) error {
	return w.send(ctx, &op{do: do, durable: durable})
}

// clear is write for what makes room, or is to.
func (w *writer) clear(ctx context.Context, durable bool, do func(tx *tx) error) error {
	return w.send(ctx, &op{do: do, durable: durable, makesRoom: true})
}

// send is write of an op.
func (w *writer) send(ctx context.Context, o *op) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o.durable, o.done = o.durable && !w.s.o.Relaxed, make(chan struct{})
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
	for _, path := range o.unused {
		_ = os.Remove(path)
	}
	return o.err
}

// enqueue reports whether nobody commits, so that the caller has to.
func (w *writer) enqueue(o *op) (first bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return false, store.ErrClosed
	case w.s.o.ReadOnly:
		return false, store.ErrReadOnly
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

// lead commits one group, that of the caller. If another process holds the write lock
// the caller must be free to leave, so that this is done elsewhere, as is all that
// has come meanwhile.
func (w *writer) lead() {
	if mine, err := lockFile(w.lock, false, false); !mine || err != nil {
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
		_, err := lockFile(w.lock, false, true)
		if !w.commit(err) {
			return
		}
	}
}

// commit writes a group of ops, gives up the write lock, and tells those who wait; until then
// they may leave. If there was no lock it tells them why. It reports whether there
// are more ops.
func (w *writer) commit(noLock error) (more bool) {
	began := time.Now()
	mine := w.group()
	if noLock == nil {
		noLock = w.ready()
	}
	for _, o := range mine {
		o.err = noLock
	}
	if noLock == nil && len(mine) > 0 {
		w.commitGroup(mine)
		if w.c.damaged && w.ready() == nil {
			w.commitGroup(slices.DeleteFunc(slices.Clone(mine), func(o *op) bool { return !isDamage(o.err) }))
		}
		for _, o := range mine {
			o.err = w.explained(o.err)
		}
	}
	_ = unlockFile(w.lock)
	if held := w.held.Load(); held != nil {
		(*held)(time.Since(began))
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

// commitGroup writes ops in one transaction. When that fails each gets one of its own,
// so that none suffers from another.
func (w *writer) commitGroup(ops []*op) {
	if len(ops) == 0 {
		return
	}
	files := map[string]bool{}
	if err := w.attemptTwice(ops, files); err != nil {
		for _, o := range ops {
			if o.err = err; len(ops) > 1 {
				if err := w.attemptTwice([]*op{o}, files); err != nil {
					o.err = err
				}
			}
		}
	}
	makesRoom := slices.IndexFunc(ops, func(o *op) bool { return o.makesRoom })
	o := ops[max(makesRoom, 0)]
	o.unused = append(o.unused, w.unused(files)...)
}

// attemptTwice attempts it again if there was no room, and some could be made.
func (w *writer) attemptTwice(ops []*op, files map[string]bool) error {
	err := w.attempt(ops, files)
	if isFull(err) && w.makeRoom(ops) {
		err = w.attempt(ops, files)
	}
	if isFull(err) {
		err = fmt.Errorf("the disk of the store in %s is full: %w", w.s.dir, err)
	}
	return err
}

func (w *writer) attempt(ops []*op, files map[string]bool) error {
	durable, collects, size := false, false, int64(0)
	for _, o := range ops {
		durable, collects = durable || o.durable, collects || o.collects
		size += int64(o.size)
	}
	if size >= minLog {
		if free, _ := diskSpace(w.s.dir); free < 2*size+sizeOf(w.log.path) { // for the log, and for the database
			return syscall.ENOSPC
		}
	}
	if err := w.synchronous(durable); err != nil {
		return err
	}
	if err := w.keepLog(collects); err != nil {
		return err
	}
	tx := &tx{conn: w.c, s: w.s, began: time.Now(), files: files}
	tx.now = tx.began.UnixMicro()
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
		_ = w.c.q(`ROLLBACK`).run()             // fails if SQLite did it by itself
		w.c.queue, w.c.arguments = false, false // they may have been made in it
		return err
	}
	switch {
	case !collects:
		w.log.bound(w.c, tx.shorten, logWait)
	case tx.shorten:
		w.log.bound(w.c, true, gcLogWait)
	}
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

// keepLog says whether the commits to come leave it to somebody else to move the log into the
// database.
func (w *writer) keepLog(keep bool) error {
	if w.keep == keep {
		return nil
	}
	pragma := `PRAGMA wal_autocheckpoint = 1000`
	if keep {
		pragma = `PRAGMA wal_autocheckpoint = 0`
	}
	if err := w.c.q(pragma).run(); err != nil {
		return err
	}
	w.keep = keep
	return nil
}

// unused takes files out of their places in which no result is any more, and returns where
// they are now. Nobody can begin to use one meanwhile: that takes the write lock. To remove a
// large one takes as long as hundreds of commits, so that is done without it.
func (w *writer) unused(files map[string]bool) (paths []string) {
	for name := range files {
		_, used, err := w.c.q(`SELECT 1 FROM file WHERE name = ?`).bytes([]byte(name)).number()
		if err != nil || used {
			continue
		}
		path, temp := w.s.fileOf([]byte(name)), w.s.tempFile()
		switch err := os.Rename(path, temp); {
		case err == nil:
			paths = append(paths, temp)
		case !errors.Is(err, os.ErrNotExist):
			_ = os.Remove(path) // if that fails, a later sweep removes it
		}
	}
	return paths
}
