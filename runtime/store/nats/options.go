package nats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/codec"
)

// Options say how a store is to be opened. Of URL and Conn one has to be set, the rest has
// defaults.
type Options struct {
	// URL says where the servers are: nats://host:4222, or tls://a,tls://b,tls://c. Connect says
	// how to connect, beside that: credentials, certificates.
	URL     string
	Connect []natsgo.Option

	// Conn is used instead of a connection of the Store's own. Close leaves it open.
	Conn *natsgo.Conn

	// Namespace is what the names of all streams and subjects begin with: letters, digits, _ and -.
	// "" is workgen. What is in different namespaces has nothing to do with each other.
	Namespace string

	// Replicas is how many servers keep each message: 1, 3 or 5. 0 is 3 where the server belongs
	// to a cluster, and 1 where it does not. It counts when the streams are made; later they are
	// changed with the tools of NATS.
	Replicas int

	// Lease is how long a lease lasts if it is not renewed, and so how long others wait for a call
	// whose machine has died. 0 is 30 seconds.
	Lease time.Duration

	// MaxResult bounds the size of one result, as it is sent to the server: compressed. 0 is
	// 1 GiB, negative is no bound. End returns store.ErrTooLarge for a larger one.
	MaxResult int64

	// MaxAge bounds how long results are kept, whatever their works say. 0 is no bound.
	MaxAge time.Duration

	// MaxBytes bounds what results take, all together, with their records: above it those that were
	// put first are evicted. 0 is no bound. The process that collects garbage decides, so give all
	// the same.
	MaxBytes int64

	// History bounds how many executions are remembered after which others of the same call came,
	// and HistoryAge for how long; calls without a result are forgotten after this time, too, unless
	// they are to be executed again. 0 is 100,000 and 90 days, negative is no bound. They count when
	// the streams are made.
	History    int
	HistoryAge time.Duration

	// AckWait is how long a worker may be silent before its tasks are given to others. 0 is 30
	// seconds.
	AckWait time.Duration

	// Verify decodes every result before it is put, and refuses it if it is not what
	// it was: for tests, since it takes as long again.
	Verify bool

	// Manual leaves garbage where it is until GC is called, for tools that only look.
	Manual bool

	// ReadOnly changes nothing, and needs no more than the permission to read: results are got, and
	// those that are computed are not put.
	ReadOnly bool

	// Logger gets what operators should know. nil is slog.Default().
	Logger *slog.Logger
}

// Store is an open store. It implements store.Administrator.
type Store struct {
	o     Options
	names names
	nc    *natsgo.Conn
	js    jetstream.JetStream
	own   bool   // the connection is this Store's
	id    uint64 // of this handle, random: the holder of its leases
	log   *slog.Logger

	replicas int // of the calls
	inline   int // up to how many bytes of a result are in the record's message

	denied atomic.Pointer[error] // the last thing that this user may not do

	now  func() time.Time // time.Now, but in tests
	skew atomic.Int64     // see clock.go

	seen    seen
	held    held
	scopes  scopes
	watches watches
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

// Open connects to a server, and makes the streams of the namespace where they are missing. It
// returns a *SetupError where the server cannot be used, which says what to do.
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
	s.live.start()
	s.gc.start()
	return s, nil
}

func newStore(o Options) *Store {
	if o.Namespace == "" {
		o.Namespace = DefaultNamespace
	}
	if o.Lease <= 0 {
		o.Lease = 30 * time.Second
	}
	if o.MaxResult == 0 {
		o.MaxResult = 1 << 30
	}
	if o.History == 0 {
		o.History = 100_000
	}
	if o.HistoryAge == 0 {
		o.HistoryAge = 90 * 24 * time.Hour
	}
	if o.AckWait <= 0 {
		o.AckWait = 30 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	s := &Store{
		o: o, names: newNames(o.Namespace), now: time.Now, id: rand.Uint64() | 1,
		log: o.Logger.With(slog.String("store", "nats"), slog.String("namespace", o.Namespace)),
	}
	s.running, s.stop = context.WithCancel(context.Background())
	s.scopes.s, s.watches.s, s.deleted.s, s.live.s, s.tasks.s = s, s, s, s, s
	s.gc = collector{s: s, kick: make(chan struct{}, 1), ended: make(chan struct{})}
	return s
}

// connect opens the connection, and sees to the streams.
func (s *Store) connect(ctx context.Context) (err error) {
	if err := checkNamespace(s.o.Namespace); err != nil {
		return err
	}
	if s.nc = s.o.Conn; s.nc == nil {
		if s.nc, err = s.dial(); err != nil {
			return err
		}
		s.own = true
		defer func() {
			if err != nil {
				s.nc.Close()
			}
		}()
	}
	if s.js, err = jetstream.New(s.nc); err != nil {
		return err
	}
	return s.prepare(ctx)
}

// dial connects as a Store wants it: it never gives up, and what cannot be sent fails at once, since
// the Store tries again itself.
func (s *Store) dial() (*natsgo.Conn, error) {
	o := s.o
	if o.URL == "" {
		return nil, errors.New("neither URL nor Conn is set")
	}
	opts := append([]natsgo.Option{
		natsgo.Name("workgen " + o.Namespace), natsgo.MaxReconnects(-1), natsgo.ReconnectWait(100 * time.Millisecond),
		natsgo.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		natsgo.ReconnectBufSize(-1), natsgo.PingInterval(2 * time.Second), natsgo.MaxPingsOutstanding(2), natsgo.Timeout(5 * time.Second),
		natsgo.ErrorHandler(func(_ *natsgo.Conn, _ *natsgo.Subscription, err error) {
			if errors.Is(err, natsgo.ErrPermissionViolation) {
				s.denied.Store(&err)
			}
			s.log.Warn("the connection to NATS has a problem", slog.Any("error", err))
		}),
	}, o.Connect...)
	return natsgo.Connect(o.URL, opts...)
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

// Shared implements store.Shared.
func (s *Store) Shared() bool { return true }

// Codec implements store.Store.
func (s *Store) Codec() store.Codec { return codec.Codec{Verify: s.o.Verify} }

// closing is how long Close waits for the server, at most.
const closing = 5 * time.Second

// Close implements store.Store. Entries whose results are large cannot be read any more.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.gc.close()
		if !s.o.ReadOnly {
			s.release()
		}
		s.deleted.close()
		s.closed.Store(true)
		s.stop()
		s.watches.close()
		s.tasks.close()
		s.live.wait()
		if s.own {
			s.nc.Close()
		}
	})
	return nil
}
