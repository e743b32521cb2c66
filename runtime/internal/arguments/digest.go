package arguments

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// digestMark is the name of the mark that has the key of a store.
const digestMark = "key of secret digests"

// digestKey is the key of the digests of secret inputs, so that nobody can try out what has
// a digest. All who use the store have the same, which it keeps; what only this process
// sees, and what a store that does not answer gets, has one of the process.
type digestKey struct {
	store store.Store            // nil without one
	known atomic.Pointer[[]byte] // nil: not read yet
}

// askedFor is how long a store is waited for that is asked for its key.
const askedFor = time.Second

// shared returns the key for the store.
func (d *digestKey) shared() []byte {
	if known := d.known.Load(); known != nil {
		return *known
	}
	if d.store == nil {
		return ownDigestKey()
	}
	ctx, cancel := context.WithTimeout(context.Background(), askedFor)
	defer cancel()
	k, err := agreed(ctx, d.store)
	if err != nil {
		return ownDigestKey()
	}
	d.known.Store(&k)
	return k
}

// ownDigestKey returns the key of the process.
var ownDigestKey = sync.OnceValue(func() []byte { return []byte(rand.Text()) })

// agreed returns the key that a store has, and gives it one if it has none.
func agreed(ctx context.Context, s store.Store) ([]byte, error) {
	m, err := s.Mark(ctx, digestMark)
	if err != nil || m.Version > 0 {
		return []byte(m.Value), err
	}
	m.Value = rand.Text()
	if _, err := s.SetMark(ctx, digestMark, m); err == nil {
		return []byte(m.Value), nil
	}
	if m, err = s.Mark(ctx, digestMark); err == nil && m.Version == 0 {
		err = store.ErrConflict // another was faster, and the store does not show it yet
	}
	return []byte(m.Value), err
}
