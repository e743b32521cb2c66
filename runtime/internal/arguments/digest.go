package arguments

import (
	"context"
	"crypto/rand"

	"github.com/workgen/workgen/runtime/store"
)

// digestMark is the name of the mark that has the key of a store.
const digestMark = "key of secret digests"

// DigestKey returns the key by which a store has digests of secret arguments, and gives it
// one if it has none.
func DigestKey(ctx context.Context, s store.Store) ([]byte, error) {
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
