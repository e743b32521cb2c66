package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/codec"
)

// The files of a store, in its directory.
const (
	databaseFile = "store.db"
	turnFile     = "turn.lock" // locked by who writes
	gcFile       = "gc.lock"   // locked by who collects garbage
	liveDir      = "live"      // one file and one socket per open Store
	tempDir      = "tmp"       // files that are being written
	resultsDir   = "results"   // large results, named by their SHA-256
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

	// Lease is how long a lease lasts if it is not renewed; a lease of a process
	// that died ends at once. 0 is 30 seconds.
	Lease time.Duration

	// Verify decodes every result before it is put, and refuses it if it is not what
	// it was: for tests, since it takes as long again.
	Verify bool

	// Manual leaves garbage where it is until GC is called, for tools that only look.
	Manual bool

	// Relaxed does not wait for the disk: loss of power may take the last results
	// with it. The death of the process does not.
	Relaxed bool
}

// Store is an open store. It implements store.Administrator.
type Store struct {
	dir  string
	o    Options
	self *identity

	w       *writer
	readers *readers
	wake    *wake
	gc      *collector

	begun     begun
	deletions *deletions
	uses      uses
	temps     atomic.Int64 // temporary files made so far
	closed    atomic.Bool
	once      sync.Once
}

var _ store.Administrator = (*Store)(nil)

// Open opens the store of some name, and makes it if there is none. It returns a
// *VersionError when the store is of a newer version than this package.
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
	if o.Lease <= 0 {
		o.Lease = 30 * time.Second
	}
	s := &Store{dir: dir, o: o}
	if err := s.start(); err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	return s, nil
}

func (s *Store) start() error {
	for _, d := range []string{tempDir, liveDir, resultsDir} {
		if err := os.MkdirAll(filepath.Join(s.dir, d), 0o700); err != nil {
			return err
		}
	}
	turn, err := os.OpenFile(filepath.Join(s.dir, turnFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	c, err := s.database(turn)
	if err != nil {
		return errors.Join(err, turn.Close())
	}
	if s.self, err = newIdentity(filepath.Join(s.dir, liveDir)); err != nil {
		c.close()
		return errors.Join(err, turn.Close())
	}
	seen, _, err := c.q(`SELECT seq FROM sqlite_sequence WHERE name = 'deleted'`).number()
	if err != nil {
		s.self.close()
		c.close()
		return errors.Join(err, turn.Close())
	}
	s.readers = newReaders(s.connect)
	s.w = newWriter(s, c, turn)
	s.wake = newWake(s)
	s.uses.s = s
	s.deletions = newDeletions(s, seen)
	s.gc = newCollector(s)
	go s.gc.run()
	return nil
}

// database opens the connection of the writer, and makes the tables if needed.
func (s *Store) database(turn *os.File) (*conn, error) {
	if _, err := lockFile(turn, false, true); err != nil {
		return nil, err
	}
	defer unlockFile(turn)
	c, err := s.connect()
	if err != nil {
		return nil, err
	}
	err = migrate(c, s.dir)
	if err == nil {
		err = c.exec(`PRAGMA fullfsync = 1`, `PRAGMA wal_autocheckpoint = 1000`, `PRAGMA synchronous = NORMAL`)
	}
	if err != nil {
		c.close()
		var sql *sqlError
		if errors.As(err, &sql) && sql.damaged() {
			err = fmt.Errorf("%w: the database is damaged, remove the directory to begin anew", err)
		}
		return nil, err
	}
	return c, nil
}

func (s *Store) connect() (*conn, error) { return openConn(filepath.Join(s.dir, databaseFile)) }

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
		s.uses.flush()
		_ = s.w.write(context.Background(), false, func(tx *tx) error {
			return tx.q(`DELETE FROM lease WHERE holder = ?`).int(s.self.id).run()
		})
		s.closed.Store(true)
		s.w.close()
		s.w.c.close()
		_ = s.w.turn.Close()
		s.readers.close()
		s.self.close()
		s.wake.close()
	})
	return nil
}
