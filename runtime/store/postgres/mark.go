package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/workgen/workgen/runtime/store"
)

// Mark implements store.Store.
func (s *Store) Mark(ctx context.Context, name string) (store.Mark, error) {
	if err := s.check(ctx); err != nil {
		return store.Mark{}, err
	}
	var version int64
	var value []byte
	err := s.row(ctx, s.sql.mark, []any{name}, &version, &value)
	if errors.Is(err, pgx.ErrNoRows) {
		return store.Mark{}, nil
	}
	if err != nil {
		return store.Mark{}, err
	}
	return store.Mark{Version: uint64(version), Value: string(value)}, nil
}

// SetMark implements store.Store. Versions are the time at which they were set, or more.
func (s *Store) SetMark(ctx context.Context, name string, m store.Mark) (store.Mark, error) {
	if err := s.checkWrite(ctx); err != nil {
		return store.Mark{}, err
	}
	var version *int64
	if err := s.row(ctx, s.sql.setMark, []any{name, int64(m.Version), []byte(m.Value)}, &version); err != nil {
		return store.Mark{}, err
	}
	if version == nil {
		return store.Mark{}, store.ErrConflict
	}
	m.Version = uint64(*version)
	return m, nil
}
