package disk

import (
	"context"

	"github.com/workgen/workgen/runtime/store"
)

// Mark implements store.Store.
func (s *Store) Mark(ctx context.Context, name string) (m store.Mark, err error) {
	err = s.reading(ctx, func(c *conn) error {
		m, err = c.mark(name)
		return err
	})
	return m, err
}

func (c *conn) mark(name string) (m store.Mark, err error) {
	q := c.q(`SELECT version, value FROM mark WHERE name = ?`).text(name)
	found, err := q.step()
	if found {
		m = store.Mark{Version: uint64(q.colInt(0)), Value: q.colString(1)}
		q.done()
	}
	return m, err
}

// SetMark implements store.Store. Versions are the time at which they were set, or more:
// they grow even when the store was removed meanwhile.
func (s *Store) SetMark(ctx context.Context, name string, m store.Mark) (store.Mark, error) {
	set := m
	err := s.w.write(ctx, true, func(tx *tx) error {
		was, err := tx.mark(name)
		if err != nil {
			return err
		}
		if was.Version != m.Version {
			return refusal{store.ErrConflict}
		}
		set.Version = max(was.Version+1, uint64(tx.now))
		return tx.q(`INSERT OR REPLACE INTO mark(name, version, value) VALUES(?, ?, ?)`).
			text(name).int(int64(set.Version)).text(m.Value).run()
	})
	if err != nil {
		return store.Mark{}, err
	}
	return set, nil
}
