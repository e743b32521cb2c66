package postgres

import (
	"context"
	"fmt"

	"github.com/workgen/workgen/runtime/store"
)

const usageSQL = `SELECT (SELECT count(*) FROM @.execution WHERE status = 1), (SELECT count(*) FROM @.execution),
	(SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_catalog.pg_class c
		WHERE c.relnamespace = to_regnamespace($1) AND c.relkind = 'r')`

// Usage implements store.Administrator. Bytes are those of the tables and their indexes; what they
// take and do not need is not known.
func (s *Store) Usage(ctx context.Context) (u store.Usage, err error) {
	if err := s.check(ctx); err != nil {
		return u, err
	}
	err = s.row(ctx, s.sql.usage, []any{s.ns}, &u.Results, &u.Records, &u.Bytes)
	return u, err
}

// Works implements store.Administrator.
func (s *Store) Works(ctx context.Context) (names []string, err error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, s.sql.works)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, s.failed(ctx, err)
		}
		names = append(names, name)
	}
	return names, s.failed(ctx, rows.Err())
}

// Check implements store.Administrator: it looks whether the tables fit together. Damage of
// PostgreSQL's own files is found by its tools, such as pg_amcheck.
func (s *Store) Check(ctx context.Context) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	have, _, err := s.version(ctx, s.pool)
	if err != nil {
		return err
	}
	if have == 0 {
		return &VersionError{s.o.Namespace, have, len(migrations)}
	}
	var lost, orphans int64
	if err := s.row(ctx, s.sql.check, nil, &lost, &orphans); err != nil {
		return err
	}
	if lost > 0 || orphans > 0 {
		return fmt.Errorf("postgres: namespace %s: %d results that should be there are missing, and %d belong to no execution", s.o.Namespace, lost, orphans)
	}
	return nil
}

const checkSQL = `SELECT
	(SELECT count(*) FROM @.execution e WHERE status = 1 AND NOT EXISTS (SELECT FROM @.result r WHERE r.seq = e.seq)),
	(SELECT count(*) FROM @.result r WHERE NOT EXISTS (SELECT FROM @.execution e WHERE e.seq = r.seq AND e.status = 1))`
