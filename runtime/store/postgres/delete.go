package postgres

import (
	"bytes"
	"context"
	"slices"

	"github.com/workgen/workgen/runtime/store"
)

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, refs ...store.Ref) (int, error) {
	if err := s.checkWrite(ctx); err != nil || len(refs) == 0 {
		return 0, err
	}
	keys := make([][]byte, len(refs))
	for i, r := range refs {
		keys[i] = keyOf(r.Key)
	}
	slices.SortFunc(keys, bytes.Compare)
	keys = slices.CompactFunc(keys, bytes.Equal)
	var n int
	if err := s.row(ctx, s.sql.delete, []any{s.lock(lockDelete), keys}, &n); err != nil {
		return 0, err
	}
	for _, r := range refs {
		s.changed(r.Key)
	}
	s.notices.sendDeleted()
	s.deleted.look()
	return n, nil
}

// Discard implements store.Store.
func (s *Store) Discard(ctx context.Context, e *store.Entry, how store.Status, why string) error {
	if err := s.check(ctx); err != nil || s.o.ReadOnly {
		return err // the next one who looks finds it again
	}
	var gone bool
	err := s.row(ctx, s.sql.discard, []any{keyOf(e.Key), int64(e.Token), int16(how), []byte(why)}, &gone)
	if err == nil && gone {
		s.changed(e.Key)
	}
	return err
}
