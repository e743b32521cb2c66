//go:build unix

package postgres_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/crashtest"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
	"github.com/workgen/workgen/runtime/store/runnertest"
	"github.com/workgen/workgen/runtime/store/storetest"
)

func TestMain(m *testing.M) {
	crashtest.Child(openForCrash)
	os.Exit(pgtest.Run(m))
}

var ctx = context.Background()

// open opens a store, which is closed at the test's end.
func open(t testing.TB, url string, o postgres.Options) *postgres.Store {
	t.Helper()
	o.URL = url
	s, err := postgres.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	storetest.Test(t, true, func(t *testing.T) func() store.Store {
		// Tests wait until leases expire, and fail if one does that they keep.
		const lease = time.Second
		url := pgtest.Database(t)
		return func() store.Store { return open(t, url, postgres.Options{Lease: lease}) }
	})
}

func TestRunners(t *testing.T) {
	t.Parallel()
	runnertest.Test(t, false, func(t *testing.T) func() store.Store {
		url := pgtest.Database(t)
		return func() store.Store { return open(t, url, postgres.Options{Lease: 4 * time.Second}) }
	})
}
