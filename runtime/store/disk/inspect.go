package disk

import (
	"context"

	"github.com/workgen/workgen/runtime/store"
)

// Usage implements store.Administrator.
func (s *Store) Usage(ctx context.Context) (u store.Usage, err error) {
	err = s.reading(ctx, func(c *conn) (err error) {
		if u.Bytes, u.Free, err = size(c); err != nil {
			return err
		}
		if u.Records, err = c.value(`SELECT count(*) FROM execution`); err != nil {
			return err
		}
		u.Results, err = c.value(`SELECT count(*) FROM execution WHERE status = 1`)
		return err
	})
	return u, err
}

// Works implements store.Administrator.
func (s *Store) Works(ctx context.Context) (names []string, err error) {
	err = s.reading(ctx, func(c *conn) error {
		q := c.q(`SELECT name FROM work ORDER BY name`)
		for {
			more, err := q.step()
			if !more {
				return err
			}
			names = append(names, q.colString(0))
		}
	})
	return names, err
}

// Check implements store.Administrator: it has SQLite look for damage in its own structure.
func (s *Store) Check(ctx context.Context) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	c, err := s.readers.take(ctx)
	if err != nil {
		return err
	}
	defer s.readers.give(c)
	q := c.q(`PRAGMA quick_check(1)`)
	found, err := q.step()
	if !found {
		return err
	}
	defer q.done()
	if text := q.colString(0); text != "ok" {
		return &sqlError{code: corrupt, text: "the database is damaged: " + text}
	}
	return nil
}

// Dir returns the directory of the store.
func (s *Store) Dir() string { return s.dir }

// reading runs f with a connection that reads.
func (s *Store) reading(ctx context.Context, f func(c *conn) error) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	return s.again(ctx, func() error {
		c, err := s.readers.take(ctx)
		if err != nil {
			return err
		}
		defer s.readers.give(c)
		return f(c)
	})
}
