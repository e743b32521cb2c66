package main

import (
	"context"

	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
)

// openPostgres opens the results in a database.
func openPostgres(ctx context.Context, address string) (results, error) {
	s, err := postgres.Open(ctx, postgres.Options{URL: address, Namespace: "cluster", Lease: lease, Logger: quiet})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// ownPostgres is a PostgreSQL that this program has started.
type ownPostgres struct{ *pgtest.Server }

func startPostgres() (*ownPostgres, error) {
	s, err := pgtest.New("-c", "fsync=on")
	if err != nil {
		return nil, err
	}
	return &ownPostgres{s}, nil
}

func (s *ownPostgres) address() string { return s.URL("postgres") }
