//go:build unix

package postgres_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
)

// TestManyOpenAnEmptyDatabase: all at once, and one makes the tables.
func TestManyOpenAnEmptyDatabase(t *testing.T) {
	url := pgtest.Database(t)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			s := open(t, url, postgres.Options{Namespace: `a "name" that's odd`})
			put(t, s, benchRef(n), []byte("x"))
		})
	}
	wg.Wait()
	s := open(t, url, postgres.Options{Namespace: `a "name" that's odd`, NoMigrate: true})
	u, err := s.Usage(ctx)
	if err != nil || u.Results != 8 {
		t.Errorf("%+v, %v", u, err)
	}
	other := open(t, url, postgres.Options{})
	if u, err := other.Usage(ctx); err != nil || u.Results != 0 {
		t.Errorf("another namespace has %+v, %v", u, err)
	}
}

// wantVersionError opens a store that cannot be used, and checks what is said of it.
func wantVersionError(t *testing.T, o postgres.Options, have, knows int, text string) {
	t.Helper()
	s, err := postgres.Open(ctx, o)
	if err == nil {
		_ = s.Close()
	}
	var version *postgres.VersionError
	if !errors.As(err, &version) || version.Have != have || version.Knows != knows || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v, want version %d of %d: %s", err, have, knows, text)
	}
}

// TestVersions: programs of several versions on one database. Those that cannot use the tables are
// refused, and told what to do.
func TestVersions(t *testing.T) {
	url := pgtest.Database(t)
	v := postgres.Versions()
	for _, o := range []postgres.Options{{URL: url, ReadOnly: true}, {URL: url, NoMigrate: true}} {
		wantVersionError(t, o, 0, v, "have who owns the database run postgres.Migrate")
	}
	old := open(t, url, postgres.Options{})
	put(t, old, benchRef(1), []byte("old"))

	// A later version that the older programs can live with.
	reset := postgres.AddMigrations(1, v)
	defer reset()
	wantVersionError(t, postgres.Options{URL: url, NoMigrate: true}, v, v+1, "have their owner run postgres.Migrate")
	if err := postgres.Migrate(ctx, url, ""); err != nil {
		t.Fatal(err)
	}
	put(t, open(t, url, postgres.Options{NoMigrate: true}), benchRef(2), []byte("new"))
	reset()
	put(t, open(t, url, postgres.Options{}), benchRef(3), []byte("old again"))
	found := make([]store.Found, 2)
	if err := old.Lookup(ctx, []store.Ref{benchRef(1), benchRef(2)}, found); err != nil || found[0].Result() == nil || found[1].Result() == nil {
		t.Errorf("%+v, %v", found, err)
	}

	// One that they cannot live with.
	reset = postgres.AddMigrations(2, v+2)
	defer reset()
	open(t, url, postgres.Options{})
	reset()
	for _, o := range []postgres.Options{{URL: url}, {URL: url, ReadOnly: true}} {
		wantVersionError(t, o, v+2, v, "update the program, or give it another namespace")
	}
	if err := postgres.Migrate(ctx, url, ""); err == nil {
		t.Error("an older program has migrated a newer database")
	}
}

// TestSchema: who may not make tables has somebody else do it.
func TestSchema(t *testing.T) {
	url := pgtest.Database(t)
	pgtest.Exec(t, url, `DROP ROLE IF EXISTS nothing; CREATE ROLE nothing LOGIN`)
	wantVersionError(t, postgres.Options{URL: url + " user=nothing", Namespace: "sales"}, 0, postgres.Versions(), "the SQL of postgres.Schema")
	pgtest.Exec(t, url, postgres.Schema("sales"))
	put(t, open(t, url, postgres.Options{Namespace: "sales", NoMigrate: true}), benchRef(1), []byte("x"))
}

// TestIsolation: where a statement does not see what was committed before it, a lock protects nothing.
func TestIsolation(t *testing.T) {
	url := pgtest.Database(t)
	open(t, url, postgres.Options{})
	s := open(t, url+" default_transaction_isolation='repeatable read'", postgres.Options{})
	_, err := s.Begin(ctx, store.Record{Ref: benchRef(1)})
	if err == nil || !strings.Contains(err.Error(), `workgen needs "read committed"`) {
		t.Errorf("error %v", err)
	}
}

// TestNoFunctionIsCompiled: what the server takes for expensive, since it reads a small table, is not.
func TestNoFunctionIsCompiled(t *testing.T) {
	s := open(t, pgtest.Database(t), postgres.Options{})
	var functions, compiled int
	err := s.Connections().QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE NOT coalesce(proconfig, '{}') @> '{jit=off}')
		FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
		WHERE p.pronamespace = to_regnamespace('workgen') AND l.lanname = 'plpgsql'`).Scan(&functions, &compiled)
	if err != nil || functions < 20 || compiled > 0 {
		t.Errorf("of %d functions %d may be compiled, %v", functions, compiled, err)
	}
}
