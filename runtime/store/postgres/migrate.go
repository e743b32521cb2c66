package postgres

import (
	"context"
	_ "embed" // for the SQL
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// migration is a step from one version of the tables to the next. Programs of older versions may
// use them at the same time: a step that they cannot live with names the oldest version that can.
// A function is never changed so that who calls it as before gets something else; it gets a new
// name instead.
type migration struct {
	sql    string
	oldest int
}

var (
	//go:embed migrations/1.sql
	sql1 string
	//go:embed migrations/2.sql
	sql2 string
	//go:embed migrations/3.sql
	sql3 string
	//go:embed migrations/4.sql
	sql4 string
)

// migrations are the steps to version 1, 2 and so on.
var migrations = []migration{
	{sql1, 1},
	{sql2, 1}, // the queue
	{sql3, 1}, // executions Again, and arguments
	{sql4, 1}, // records that are dropped
}

// VersionError says that the tables of a namespace are of a version that this program cannot use,
// or, to those who may not change them, of an older one or missing.
type VersionError struct {
	Namespace   string
	Have, Knows int // 0: there are none
}

func (e *VersionError) Error() string {
	switch {
	case e.Have == 0:
		return fmt.Sprintf("namespace %s has no tables: have who owns the database run postgres.Migrate, or the SQL of postgres.Schema", e.Namespace)
	case e.Have < e.Knows:
		return fmt.Sprintf("the tables of namespace %s have version %d, this program needs version %d: have their owner run postgres.Migrate, or open it with this program", e.Namespace, e.Have, e.Knows)
	}
	return fmt.Sprintf("the tables of namespace %s have version %d, this program knows versions up to %d: update the program, or give it another namespace", e.Namespace, e.Have, e.Knows)
}

// prepare makes sure that the tables can be used.
func (s *Store) prepare(ctx context.Context) error {
	have, oldest, err := s.version(ctx, s.pool)
	knows := len(migrations)
	switch {
	case err != nil:
		return err
	case oldest > knows:
		return &VersionError{s.o.Namespace, have, knows}
	case have >= knows:
		return nil
	case s.o.ReadOnly || s.o.NoMigrate:
		return &VersionError{s.o.Namespace, have, knows}
	}
	return s.migrate(ctx)
}

// querier is a connection, or several.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// version returns the version of the tables, 0 when there are none, and the oldest program that
// can use them.
func (s *Store) version(ctx context.Context, q querier) (have, oldest int, err error) {
	var there bool
	// Not to_regclass, which remembers what was not there before somebody else has migrated.
	const sql = `SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = 'version')`
	if err := q.QueryRow(ctx, sql, s.o.Namespace).Scan(&there); err != nil || !there {
		return 0, 0, s.failed(ctx, err)
	}
	err = q.QueryRow(ctx, s.sql.version).Scan(&have, &oldest)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return have, oldest, s.failed(ctx, err)
}

// readCommitted has each statement see what was committed before it, whatever the default is.
var readCommitted = pgx.TxOptions{IsoLevel: pgx.ReadCommitted}

// migrate brings the tables to the version of this program. Of several who do it at once one
// does.
func (s *Store) migrate(ctx context.Context) error {
	return s.failed(ctx, pgx.BeginTxFunc(ctx, s.pool, readCommitted, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, s.lock(lockMigrate)); err != nil {
			return err
		}
		have, oldest, err := s.version(ctx, tx)
		switch {
		case err != nil:
			return err
		case oldest > len(migrations):
			return &VersionError{s.o.Namespace, have, len(migrations)}
		}
		_, err = tx.Exec(ctx, script(s.o.Namespace, have))
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Code == noPermission {
			err = fmt.Errorf("%w (%w)", &VersionError{s.o.Namespace, have, len(migrations)}, err)
		}
		return err
	}))
}

// script returns the statements that bring tables from a version to that of this program.
func script(namespace string, have int) string {
	ns := pgx.Identifier{namespace}.Sanitize()
	var b strings.Builder
	if have == 0 {
		fmt.Fprintf(&b, "DO $$ BEGIN\n    IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = %s) THEN\n        CREATE SCHEMA %s;\n    END IF;\nEND $$;\n", literal(namespace), ns)
	}
	// What is in the functions is found there, in whatever session they are called.
	fmt.Fprintf(&b, "SET LOCAL search_path = %s, pg_temp;\n", ns)
	for i := have; i < len(migrations); i++ {
		fmt.Fprintf(&b, "%s\nINSERT INTO version (version, oldest) VALUES (%d, %d);\n", migrations[i].sql, i+1, migrations[i].oldest)
	}
	b.WriteString(seal)
	return b.String()
}

// seal comes after all steps. Nobody has the right to execute functions whom nobody gave it. Plans are
// kept by sessions for a while, and tables grow: none reads a whole table because that was
// small when it was made. Where there is no other way, that seems to cost so much that the server would
// compile the statement each time, which takes a thousand times as long as executing it.
const seal = `
DO $$
DECLARE
    f regprocedure;
BEGIN
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM PUBLIC', current_schema());
    FOR f IN SELECT p.oid FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = current_schema() AND l.lanname = 'plpgsql' LOOP
        EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off SET jit = off', f);
    END LOOP;
END $$;
`

// literal quotes a string.
func literal(s string) string { return `'` + strings.ReplaceAll(s, `'`, `''`) + `'` }

// Schema returns the SQL that makes the tables of a namespace, "" being workgen, where there are
// none, for those who want to read it first. Migrate does the same, and brings older tables to the
// version of this package.
func Schema(name string) string {
	return "BEGIN;\n" + script(namespace(name), 0) + "COMMIT;\n"
}

// Migrate makes the tables of a namespace, or brings them to the version of this package. Open does
// it by itself, but for those who have no right to. Whoever runs it owns the tables: it has to
// be the same one each time.
func Migrate(ctx context.Context, url, name string) error {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	s := newStore(Options{Pool: pool, Namespace: name})
	defer s.stop()
	return s.prepare(ctx)
}
