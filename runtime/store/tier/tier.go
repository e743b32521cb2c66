package tier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Options say how a tier is to be used. The zero Options are for a shared store that can be
// written.
type Options struct {
	// ReadOnly says that the shared store can only be read: what executes here is kept in
	// the local store.
	ReadOnly bool
}

// Store is a local store in front of a shared one. It implements store.Store.
type Store struct {
	truth         // the one of the two that has leases, failures and marks
	local, shared store.Store
	readOnly      bool // the truth is the local one

	begun sync.Map      // leases that were begun here and have not ended, by leaseID
	told  atomic.Uint64 // how often deletions were told: what was looked up before may be gone
	tells tells

	caught chan struct{} // closed when it is known what was deleted while this was not open, or nobody knows
	behind chan struct{} // has a value when that has to be found out

	closing context.Context // ends when Close begins
	ctx     context.Context // ends when copies must not be waited for any more
	stop    func()          // ends closing
	cancel  func()          // ends ctx
	once    sync.Once
	failure error    // of Close
	warned  sync.Map // what was said

	mu     sync.Mutex
	closed bool
	work   sync.WaitGroup // goroutines
	queue  []job          // copies to be made
	queued int            // bytes of them
	copier bool           // a goroutine makes them
}

var _ store.Store = (*Store)(nil)

// truth is the part of a store that a tier leaves as it is: Renew, Watch, marks, Codec.
type truth interface{ store.Store }

type leaseID struct {
	key   key.Key
	token uint64
}

const (
	patience = time.Second      // for what somebody waits for who does not need it
	grace    = 5 * time.Second  // for copies when a tier is closed
	slow     = 10 * time.Second // for a copy to be written
)

// New puts local in front of shared. The tier owns both, and closes them. It panics when their
// codecs differ.
func New(local, shared store.Store, o Options) *Store {
	if a, b := reflect.TypeOf(local.Codec()), reflect.TypeOf(shared.Codec()); a != b {
		panic(fmt.Sprintf("tier: the local store has the codec %v, and the shared one %v: use one codec for both, since results are copied as they are", a, b))
	}
	t := &Store{
		local: local, shared: shared, truth: shared, readOnly: o.ReadOnly,
		tells:  tells{all: map[*teller]struct{}{}},
		caught: make(chan struct{}), behind: make(chan struct{}, 1),
	}
	t.closing, t.stop = context.WithCancel(context.Background())
	t.ctx, t.cancel = context.WithCancel(context.Background())
	shared.OnDelete(t.deleted)
	if o.ReadOnly {
		t.truth = local
		local.OnDelete(t.tell)
	}
	t.behind <- struct{}{}
	t.work.Go(t.follow)
	return t
}

// Shared implements store.Shared: a tier is shared when the store is that has its leases.
func (t *Store) Shared() bool {
	s, ok := t.truth.(store.Shared)
	return ok && s.Shared()
}

// Begin implements store.Store.
func (t *Store) Begin(ctx context.Context, x store.Record) (store.Lease, error) {
	l, err := t.truth.Begin(ctx, x)
	switch {
	case err == nil:
		t.begun.Store(leaseID{l.Key, l.Token}, nil)
	case errors.Is(err, store.ErrReadOnly) && !t.readOnly:
		t.warn("the shared store of a tier can only be read, so results are not kept: set tier.Options.ReadOnly to keep them in the local one", err)
	}
	return l, err
}

// End implements store.Store. What is put into the shared store is copied into the local one, unless
// an End before has failed: then that one's result may be there.
func (t *Store) End(ctx context.Context, l store.Lease, x store.Record, result io.WriterTo) error {
	_, first := t.begun.LoadAndDelete(leaseID{l.Key, l.Token})
	told := t.told.Load()
	err := t.truth.End(ctx, l, x, result)
	if err == nil && first && !t.readOnly && x.Status == store.Succeeded && len(x.Inputs) == 0 {
		x.Ref, x.Seq = l.Ref, l.Token
		local, cancel := context.WithTimeout(t.ctx, slow)
		defer cancel()
		t.keep(local, x, told, result)
	}
	return err
}

// Close implements store.Store. It waits for copies under way, for five seconds at most, and closes
// both stores.
func (t *Store) Close() error {
	t.once.Do(func() {
		t.mu.Lock()
		t.closed = true
		t.mu.Unlock()
		t.stop()
		late := time.AfterFunc(grace, t.cancel)
		t.work.Wait()
		late.Stop()
		t.cancel()
		t.failure = errors.Join(t.local.Close(), t.shared.Close())
	})
	return t.failure
}

// spawn runs f in a goroutine that Close waits for, and reports whether it does: not after Close.
func (t *Store) spawn(f func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.work.Go(f)
	}
	return !t.closed
}

// warn says what is wrong with a store that nobody else tells of, once.
func (t *Store) warn(what string, err error) {
	if _, said := t.warned.LoadOrStore(what, nil); !said {
		slog.Warn(what, slog.Any("error", err))
	}
}
