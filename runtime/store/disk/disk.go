package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/codec"
)

// The files of a store, in its directory.
const (
	databaseFile  = "store.db"   // or store.1.db and so on, see repair.go
	writeLockFile = "write.lock" // locked by who writes
	gcFile        = "gc.lock"    // locked by who collects garbage
	reserveFile   = "reserve"    // takes room that is needed to make room, see full.go
	liveDir       = "live"       // one file and one socket per open Store
	tempDir       = "tmp"        // files that are being written
	resultsDir    = "results"    // large results, named by their SHA-256
)

// Options say how a store is to be opened. The zero Options are the defaults.
type Options struct {
	// Dir is the directory of the store, instead of one that is found by its name.
	Dir string

	// MaxBytes bounds what the store takes on the disk: results that were not used
	// for the longest time go first. 0 is 10 GiB, negative is no bound.
	MaxBytes int64

	// MaxAge bounds how long results are kept, whatever their works say. 0 is no bound.
	MaxAge time.Duration

	// History bounds how many executions of each work are remembered, the newest, and
	// HistoryAge for how long they are. The newest one of each call stays in any case, and
	// the newest that has ended and was not stopped: runtime.MaxStored is for works that have too
	// many calls for that. 0 is 10,000 and 90 days, negative is no bound.
	History    int
	HistoryAge time.Duration

	// Lease is how long a lease lasts if it is not renewed; a lease of a process
	// that died ends at once. 0 is 30 seconds.
	Lease time.Duration

	// Verify decodes every result before it is put, and refuses it if it is not what
	// it was: for tests, since it takes as long again.
	Verify bool

	// Manual leaves garbage where it is until GC is called, for tools that only look.
	Manual bool

	// ReadOnly opens a store that is there, and changes nothing of what it keeps: results are
	// got from it, and those that are computed are not put there. Its directory may be on a file
	// system that cannot be written.
	ReadOnly bool

	// Relaxed does not wait for the disk: loss of power may take the last results
	// with it. The death of the process does not.
	Relaxed bool
}

// Store is an open store. It implements store.Administrator.
type Store struct {
	dir  string
	o    Options
	self *identity

	db      atomic.Pointer[database]
	access  access
	w       *writer
	readers *readers
	watches *watches
	takers  takers
	gc      *collector

	deletions *deletions
	hits      hits
	temps     atomic.Int64 // temporary files made so far
	orphans   atomic.Bool  // there may be files that no result is in
	closed    atomic.Bool

	reserveUsed atomic.Bool // see full.go
	once        sync.Once
}

var _ store.Administrator = (*Store)(nil)

// Open opens the store of some name, and makes it if there is none. It returns a
// *VersionError when the store is of a newer version than this package.
//
// If the environment variable WORKGEN_CACHE is read or only, the store is opened as with
// Options.ReadOnly. If it is off, nothing is opened, and all methods return
// store.ErrClosed: runners do not use it then.
func Open(name string, o Options) (*Store, error) {
	dir := o.Dir
	if dir == "" {
		var err error
		if dir, err = Dir(name); err != nil {
			return nil, err
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 10 << 30
	}
	if o.History == 0 {
		o.History = 10_000
	}
	if o.HistoryAge == 0 {
		o.HistoryAge = 90 * 24 * time.Hour
	}
	if o.Lease <= 0 {
		o.Lease = 30 * time.Second
	}
	s := &Store{dir: dir, o: o}
	switch os.Getenv("WORKGEN_CACHE") {
	case "off":
		s.startOff()
		return s, nil
	case "read", "only":
		s.o.ReadOnly = true
	}
	err = s.start()
	if isFull(err) && s.useReserve() {
		err = s.start()
	}
	switch {
	case err == nil:
		return s, nil
	case !s.o.ReadOnly && Exists(dir) && (errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission)):
		err = fmt.Errorf("%w: set WORKGEN_CACHE=read, or Options.ReadOnly, to get what it has", err)
	}
	return nil, fmt.Errorf("open store %s: %w", dir, err)
}

func (s *Store) start() error {
	if s.o.ReadOnly {
		return s.startReadOnly()
	}
	lock, err := s.directory()
	if err != nil {
		return err
	}
	c, err := s.database(lock)
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	if s.self, err = newIdentity(filepath.Join(s.dir, liveDir)); err != nil {
		c.close()
		return errors.Join(err, lock.Close())
	}
	seen, err := lastDeleted(c)
	if err != nil && !isDamage(err) { // which is repaired by who writes first
		s.self.close()
		c.close()
		return errors.Join(err, lock.Close())
	}
	s.w = newWriter(s, c, lock)
	s.readers = newReaders(s.connect, s.w.repairSoon)
	s.watches = newWatches(s)
	s.hits.s = s
	s.deletions = newDeletions(s, seen)
	s.gc = newCollector(s)
	s.makeReserve()
	go s.gc.run()
	return nil
}

// startReadOnly opens the database, and leaves it at that.
func (s *Store) startReadOnly() error {
	if err := s.openReadOnly(); err != nil {
		return err
	}
	s.o.Manual = true
	s.self = &identity{}
	s.w = newWriter(s, nil, nil)
	s.readers = newReaders(s.connect, func(bool) {})
	s.watches = newWatches(s)
	s.hits.s = s
	s.deletions = newDeletions(s, 0)
	s.deletions.restart()
	s.gc = newCollector(s)
	go s.gc.run()
	return nil
}

// startOff makes a Store that is closed.
func (s *Store) startOff() {
	s.o.ReadOnly = true
	s.self = &identity{}
	s.w = newWriter(s, nil, nil)
	s.readers = newReaders(nil, nil)
	s.watches = newWatches(s)
	s.deletions = &deletions{s: s}
	s.closed.Store(true)
	s.once.Do(func() { s.w.close(); s.readers.close(); s.watches.close() })
}

// check returns the context's error, or ErrClosed.
func (s *Store) check(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return store.ErrClosed
	}
	return nil
}

// Codec implements store.Store.
func (s *Store) Codec() store.Codec { return codec.Codec{Verify: s.o.Verify} }

// Close implements store.Store. Entries that are still open can be read on.
func (s *Store) Close() error {
	s.once.Do(func() {
		close(s.deletions.stop)
		s.gc.close()
		if !s.o.ReadOnly {
			s.hits.close()
			s.giveBack()
		}
		s.closed.Store(true)
		s.w.close()
		s.readers.close()
		s.watches.close()
		s.takers.wake()
		if !s.o.ReadOnly {
			s.w.c.close()
			_ = s.w.lock.Close()
			s.self.close()
		}
		if !s.o.ReadOnly || s.reserveUsed.Load() {
			s.makeReserve()
		}
	})
	return nil
}

// giveBack ends the leases that this Store still has. If it has none it does not wait for
// the write lock: a stopped writer does not hold up those who only look.
func (s *Store) giveBack() {
	found := true
	_ = s.reading(context.Background(), func(c *conn) (err error) {
		_, found, err = c.q(`SELECT 1 FROM execution WHERE status = 7 AND holder = ?`).int(s.self.id).number()
		return err
	})
	if !found {
		return
	}
	s.endAll(s.self.id, (*tx).stop)
}
