package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/codec"
)

// Options say how a store is to be opened. Of URL and Pool one has to be set, the rest has
// defaults.
type Options struct {
	// URL says where the server is, and how to connect: postgres://user:password@host/database,
	// or "host=… user=…", with the parameters of libpq and pgxpool, such as sslmode=verify-full
	// and pool_max_conns=16.
	URL string

	// Pool is used instead of connections of the Store's own. Close leaves it open. One more
	// connection is made as it would make one, to be told of changes.
	Pool *pgxpool.Pool

	// Namespace is the schema of the database that has the tables. "" is workgen. What is in
	// different namespaces has nothing to do with each other.
	Namespace string

	// Lease is how long a lease lasts if it is not renewed, and so how long others wait for a call
	// whose machine has died. 0 is 30 seconds.
	Lease time.Duration

	// MaxResult bounds the size of one result, as it is sent to the server: compressed. 0 is
	// 1 GiB, negative is no bound. End returns store.ErrTooLarge for a larger one.
	MaxResult int64

	// MaxBytes bounds what all results of the namespace take, compressed: those that were not used
	// for the longest time go first. 0 is no bound. The process that collects garbage decides:
	// give all the same.
	MaxBytes int64

	// MaxAge bounds how long results are kept, whatever their works say. 0 is no bound.
	MaxAge time.Duration

	// History bounds how many executions of each work are remembered, the newest, and
	// HistoryAge for how long they are. The newest one of each call stays while the call has a
	// result, or is to be executed again. 0 is 10,000 and 90 days, negative is no bound. The
	// process that collects garbage decides: give all the same.
	History    int
	HistoryAge time.Duration

	// MaxTasks bounds how many calls may wait in the queue for workers, about: further ones wait
	// where they are made. 0 is 100,000.
	MaxTasks int

	// Verify decodes every result before it is put, and refuses it if it is not what
	// it was: for tests, since it takes as long again.
	Verify bool

	// Manual leaves garbage where it is until GC is called, for tools that only look.
	Manual bool

	// ReadOnly changes nothing, and needs no more than the right to read the tables: results are
	// got, and those that are computed are not put.
	ReadOnly bool

	// Trust says whose results, failures and leases are believed, by the names of the users of
	// the database that have written them. Those of others are as if they were not there: who
	// needs their calls executes them. The history has them all. Whoever writes has to be
	// among those who are trusted. nil is everybody, which is right where all who have the
	// rights to write are trusted.
	Trust []string

	// NoMigrate has Open fail where tables are missing or of an older version, instead of making
	// them: for who has no right to. See Migrate.
	NoMigrate bool

	// Relaxed does not have the server wait for its disk, nor for its standbys: if it
	// crashes the last results may be gone, and calls whose leases went with it execute again.
	// Connections of Pool are as they are: set synchronous_commit there.
	Relaxed bool

	// Logger gets what operators should know. nil is slog.Default().
	Logger *slog.Logger
}

// DefaultNamespace is the schema that is used when Options say none.
const DefaultNamespace = "workgen"

// Store is an open store. It implements store.Administrator.
type Store struct {
	o    Options
	pool *pgxpool.Pool
	own  bool   // the pool is this Store's
	id   int64  // of this handle, random: the holder of its leases
	seed uint64 // of advisory locks, by namespace
	ns   string // quoted
	sql  statements
	log  *slog.Logger

	now  func() time.Time // time.Now, but in tests
	skew atomic.Int64     // see clock.go

	lookups gatherer[*lookup]
	begins  gatherer[*beginning]
	ends    gatherer[*ending]
	scopes  scopes
	hits    hits
	watches watches
	notices notices
	deleted deletions
	live    live
	tasks   tasks
	gc      collector

	running context.Context // ends with Close
	stop    context.CancelFunc
	closed  atomic.Bool
	once    sync.Once
}

var (
	_ store.Administrator = (*Store)(nil)
	_ store.Shared        = (*Store)(nil)
)

// Open connects to a database, and makes the tables of the namespace, or brings them to the
// version of this package, unless Options say otherwise. It returns a *VersionError when they
// are of a version that this package cannot use.
//
// If the environment variable WORKGEN_CACHE is read or only, the store is opened as with
// Options.ReadOnly. If it is off, there is no connection, and all methods return
// store.ErrClosed: runners do not use it then.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := newStore(o)
	switch os.Getenv("WORKGEN_CACHE") {
	case "off":
		s.closed.Store(true)
		s.once.Do(s.stop)
		return s, nil
	case "read", "only":
		s.o.ReadOnly = true
	}
	if err := s.connect(ctx); err != nil {
		s.stop()
		return nil, fmt.Errorf("open store %s: %w", s.o.Namespace, err)
	}
	s.gc.start()
	return s, nil
}

func newStore(o Options) *Store {
	o.Namespace = namespace(o.Namespace)
	if o.Lease <= 0 {
		o.Lease = 30 * time.Second
	}
	if o.MaxResult == 0 {
		o.MaxResult = 1 << 30
	}
	if o.History == 0 {
		o.History = 10_000
	}
	if o.HistoryAge == 0 {
		o.HistoryAge = 90 * 24 * time.Hour
	}
	if o.MaxTasks <= 0 {
		o.MaxTasks = 100_000
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	ns := pgx.Identifier{o.Namespace}.Sanitize()
	s := &Store{
		o: o, pool: o.Pool, ns: ns, seed: lockSeed(o.Namespace), sql: newStatements(ns), now: time.Now,
		id: int64(rand.Uint64()), log: o.Logger.With(slog.String("store", "postgres"), slog.String("namespace", o.Namespace)),
	}
	s.running, s.stop = context.WithCancel(context.Background())
	s.hits.s, s.watches.s, s.notices.s, s.deleted.s, s.live.s, s.tasks.s = s, s, s, s, s, s
	s.lookups = gatherer[*lookup]{running: s.running, most: 500, do: s.lookUp}
	s.begins = gatherer[*beginning]{running: s.running, most: 50, do: s.beginAll} // each has an advisory lock: servers have some thousands
	s.ends = gatherer[*ending]{running: s.running, most: 250, size: (*ending).bytes, do: s.endTogether}
	s.gc = collector{s: s, kick: make(chan struct{}, 1), ended: make(chan struct{})}
	return s
}

func namespace(name string) string {
	if name == "" {
		return DefaultNamespace
	}
	return name
}

// maxNamespace is how long the name of a schema may be: PostgreSQL cuts longer ones.
const maxNamespace = 63

// connect opens the connections, and sees to the tables.
func (s *Store) connect(ctx context.Context) error {
	if len(s.o.Namespace) > maxNamespace || strings.ContainsRune(s.o.Namespace, 0) {
		return fmt.Errorf("the name of a namespace has up to %d bytes, and none that is 0", maxNamespace)
	}
	if s.pool == nil {
		pool, err := newPool(ctx, s.o.URL, s.o.Relaxed)
		if err != nil {
			return err
		}
		s.pool, s.own = pool, true
	}
	err := s.prepare(ctx)
	if err == nil {
		err = s.setClock(ctx)
	}
	if err == nil {
		err = s.row(ctx, s.sql.lastDeleted, nil, &s.deleted.seen)
	}
	if err != nil && s.own {
		s.pool.Close()
	}
	return err
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

// checkWrite is check for what writes.
func (s *Store) checkWrite(ctx context.Context) error {
	err := s.check(ctx)
	if err == nil && s.o.ReadOnly {
		err = store.ErrReadOnly
	}
	return err
}

// lockSeed is what locks of a namespace have in common: two in one database do not share any.
func lockSeed(namespace string) uint64 {
	sum := sha256.Sum256([]byte("workgen " + namespace))
	return binary.BigEndian.Uint64(sum[:])
}

// The advisory locks besides those of keys.
const (
	lockMigrate = 1 + iota
	lockDelete
	lockCollect
)

func (s *Store) lock(what uint64) int64 { return int64(s.seed + what) }

// Shared implements store.Shared.
func (s *Store) Shared() bool { return true }

// Codec implements store.Store.
func (s *Store) Codec() store.Codec { return codec.Codec{Verify: s.o.Verify} }

// closing is how long Close waits for the server, at most, for each of what it has to tell it.
// Tests change it.
var closing = 5 * time.Second

// Close implements store.Store. Entries whose results are large cannot be read any more.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.closed.Store(true)
		s.gc.close()
		if !s.o.ReadOnly {
			s.hits.close()
			s.release()
			s.notices.flush()
		}
		s.stop()
		s.watches.close()
		s.live.wait()
		if s.own {
			closePool(s.pool)
		}
	})
	return nil
}
