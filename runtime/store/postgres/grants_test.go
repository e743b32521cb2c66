//go:build unix

package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
)

// roles makes a database with tables, and a user for each set of rights, whose names end with n.
func roles(t testing.TB, n string) (url string, of func(user string) string) {
	t.Helper()
	url = pgtest.Database(t)
	open(t, url, postgres.Options{})
	for user, rights := range map[string]postgres.Rights{"reader": postgres.Reader, "caller": postgres.Caller, "worker": postgres.Worker, "other": postgres.Worker} {
		pgtest.Exec(t, url, `CREATE ROLE `+user+n+` LOGIN; `+postgres.Grants("", user+n, rights))
	}
	pgtest.Exec(t, url, `CREATE ROLE nobody`+n+` LOGIN`)
	t.Cleanup(func() {
		for _, user := range []string{"reader", "caller", "worker", "other", "nobody"} {
			pgtest.Exec(t, url, `DROP OWNED BY `+user+n+`; DROP ROLE `+user+n)
		}
	})
	return url, func(user string) string { return url + " user=" + user + n }
}

// TestReader: who may only read gets results, is told of changes, and can change nothing.
func TestReader(t *testing.T) {
	url, of := roles(t, "1")
	s := open(t, url, postgres.Options{})
	put(t, s, benchRef(1), []byte("x"))
	put(t, s, benchRef(2), noise(600_000))
	r := open(t, of("reader"), postgres.Options{ReadOnly: true})
	for n, size := range map[int]int{1: 1, 2: 600_000} {
		if got := wholeOf(t, look(t, r, benchRef(n))); len(got) != size {
			t.Errorf("%d bytes", len(got))
		}
	}
	if n := len(listed(t, r, store.Filter{Until: time.Now().Add(time.Hour)})); n != 2 {
		t.Errorf("%d records", n)
	}
	works, err := r.Works(ctx)
	_, err2 := r.Usage(ctx)
	_, err3 := r.Mark(ctx, "a mark")
	if err := errors.Join(err, err2, err3, r.Check(ctx)); err != nil || len(works) != 1 {
		t.Errorf("%v, %v", works, err)
	}
	hear(t, s, r)
	l := begin(t, s, benchRef(3))
	_, err = r.Begin(ctx, store.Record{Ref: benchRef(4)})
	_, err2 = r.Renew(ctx, l, store.Record{})
	_, err3 = r.Delete(ctx, benchRef(1))
	_, err4 := r.SetMark(ctx, "a mark", store.Mark{})
	for _, err := range []error{err, err2, err3, err4, r.End(ctx, l, store.Record{Status: store.Stopped}, nil), r.GC(ctx)} {
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("error %v", err)
		}
	}
	if err := r.Discard(ctx, look(t, r, benchRef(1)).Results[0], store.Expired, ""); err != nil || len(look(t, r, benchRef(1)).Results) == 0 {
		t.Errorf("Discard: %v", err)
	}
	// Who does not say that he only reads is told what he lacks.
	_, err = open(t, of("reader"), postgres.Options{}).Begin(ctx, store.Record{Ref: benchRef(4)})
	if err == nil || errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), "see postgres.Grants") {
		t.Errorf("error %v", err)
	}
	if _, err := postgres.Open(ctx, postgres.Options{URL: of("nobody"), ReadOnly: true}); err == nil {
		t.Error("who has no rights reads")
	}
}

// TestRights tries what each set of rights must not do.
func TestRights(t *testing.T) {
	url, of := roles(t, "2")
	s := open(t, url, postgres.Options{})
	put(t, s, benchRef(1), []byte("x"))
	writes := []string{
		`SELECT args FROM workgen.task`, // which are secrets of who pushed it
		`UPDATE workgen.execution SET hits = 7`, `UPDATE workgen.execution SET writer = 'worker2'`, `UPDATE workgen.result SET data = ''`,
		`DELETE FROM workgen.execution`, `DELETE FROM workgen.result`, `TRUNCATE workgen.execution`, `DROP TABLE workgen.chunk`,
		`INSERT INTO workgen.result SELECT seq + 1, form, sum, data FROM workgen.result`, `INSERT INTO workgen.deleted VALUES (7, '')`,
		`INSERT INTO workgen.chunk VALUES (1, 1, 1, '')`, `INSERT INTO workgen.mark VALUES ('m', 1, '')`, `UPDATE workgen.state SET lag = 0`,
		`INSERT INTO workgen.version VALUES (100, 100)`, `CREATE TABLE workgen.mine (n integer)`, `ALTER TABLE workgen.execution ADD n integer`,
		`CREATE OR REPLACE FUNCTION workgen.micros(t timestamptz) RETURNS bigint LANGUAGE sql AS 'SELECT 1'`,
		`SELECT workgen.go(ARRAY[1], 3::smallint, NULL)`, `SELECT workgen.end_execution('', 1, 2::smallint, NULL, NULL, NULL, '', '', '', 0, 0, NULL, NULL, NULL)`, `UPDATE workgen.task SET state = 0`, `DELETE FROM workgen.worker`,
		`INSERT INTO workgen.work VALUES (1, 'x')`, `UPDATE workgen.scope SET build = 'x'`,
	}
	executes := []string{
		`SELECT workgen.begin_executions(1, '1s', NULL, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')`,
		`SELECT workgen.end_executions('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')`,
		`SELECT workgen.start_executions(1, '1s', NULL, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')`,
		`SELECT workgen.finish_executions(NULL, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')`,
		`SELECT workgen.delete_calls(1, ARRAY[''::bytea])`, `SELECT workgen.discard_result('', 1, 4::smallint, '')`, `SELECT workgen.discard_result('', 1, 0::smallint, '')`,
		`SELECT workgen.release_executions(1)`, `SELECT workgen.forget_records(1, ARRAY[1])`, `SELECT workgen.drop_expired(1, '1s', 1)`, `SELECT workgen.evict_results(1, '{}')`,
		`SELECT workgen.take_task(1, '{}', '{}', '1s')`, `SELECT workgen.done_task(1, '')`,
	}
	calls := []string{`SELECT workgen.set_mark('m', 0, '')`, `SELECT workgen.count_hits('{}', '{}')`, `SELECT workgen.withdraw_task('', 1)`}
	reads := []string{
		`SELECT pool, count(*) FROM workgen.task GROUP BY pool`, `SELECT * FROM workgen.worker`, `SELECT * FROM workgen.result, workgen.chunk`,
		`SELECT * FROM workgen.execution`, `SELECT * FROM workgen.lookup_calls('{}', NULL)`,
	}
	for user, may := range map[string]int{"nobody": 0, "reader": 1, "caller": 2, "worker": 3} {
		c, err := pgx.Connect(ctx, of(user))
		if err != nil {
			t.Fatal(err)
		}
		for level, statements := range [][]string{reads, calls, executes, writes} {
			for _, sql := range statements {
				_, err := c.Exec(ctx, sql)
				var refused *pgconn.PgError
				denied := errors.As(err, &refused) && refused.Code == "42501"
				if denied != (level >= may) || !denied && err != nil {
					t.Errorf("%s: %s: %v", user, sql, err)
				}
			}
		}
		_ = c.Close(ctx)
	}
	// What is in the tables is what was put, and each function is somebody's.
	if got := wholeOf(t, look(t, s, benchRef(1))); string(got) != "x" {
		t.Errorf("got %q", got)
	}
	rows, err := s.Connections().Query(ctx, `SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
		WHERE n.nspname = 'workgen' AND NOT has_function_privilege('worker2', p.oid, 'EXECUTE') ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	internal, err := pgx.CollectRows(rows, pgx.RowTo[string])
	var hidden int
	if err == nil {
		err = s.Connections().QueryRow(ctx, `SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = 'workgen' AND c.relkind = 'r' AND NOT has_any_column_privilege('reader2', c.oid, 'SELECT')`).Scan(&hidden)
	}
	if hidden != 0 {
		t.Errorf("readers cannot read %d tables", hidden)
	}
	if got := fmt.Sprint(internal); err != nil || got != "[begin_execution end_execution free_tasks go micros start_execution]" {
		t.Errorf("nobody may execute %s, %v", got, err)
	}
}

// TestCallersAndWorkers: each has the rights that it needs, and no more.
func TestCallersAndWorkers(t *testing.T) {
	_, of := roles(t, "3")
	caller, worker := open(t, of("caller"), postgres.Options{}), open(t, of("worker"), postgres.Options{NoMigrate: true})
	put(t, worker, benchRef(1), noise(600_000))
	wholeOf(t, look(t, caller, benchRef(1)))
	m, err := caller.SetMark(ctx, "tick", store.Mark{Value: "x"})
	if err != nil || m.Version == 0 {
		t.Errorf("%+v, %v", m, err)
	}
	task := queue.Task{Ref: benchRef(2), Route: queue.Route{1}, Caller: 1}
	if err := caller.Queue().Push(ctx, task); err != nil {
		t.Error(err)
	}
	if err := caller.Queue().Withdraw(ctx, task.Key, 1); err != nil {
		t.Error(err)
	}
	l := begin(t, worker, benchRef(3))
	if _, err := worker.Renew(ctx, l, store.Record{}); err != nil {
		t.Error(err)
	}
	if err := worker.End(ctx, l, store.Record{Status: store.Failed}, nil); err != nil {
		t.Error(err)
	}
	if _, err := worker.Delete(ctx, benchRef(1)); err != nil {
		t.Error(err)
	}
	if err := worker.GC(ctx); err != nil {
		t.Error(err)
	}
	for _, r := range listed(t, worker, store.Filter{}) {
		if r.Writer != "worker3" {
			t.Errorf("written by %q", r.Writer)
		}
	}
}

// TestTrust: results, failures and leases of those who are not trusted are as if they were not there.
func TestTrust(t *testing.T) {
	_, of := roles(t, "4")
	trusting := postgres.Options{Trust: []string{"worker4"}}
	worker, other := open(t, of("worker"), trusting), open(t, of("other"), postgres.Options{})
	reader := open(t, of("reader"), postgres.Options{ReadOnly: true, Trust: trusting.Trust})

	// A result, which is not of the one who is trusted.
	put(t, other, benchRef(1), []byte("forged"))
	fail := func(n int) {
		l := begin(t, other, benchRef(n))
		if err := other.End(ctx, l, store.Record{Ref: l.Ref, Status: store.Failed, Error: "forged"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	fail(2)
	held := begin(t, other, benchRef(3))
	// A failure, and a lease, of the one who is trusted, ended and held by another.
	l := begin(t, worker, benchRef(4))
	if err := other.End(ctx, l, store.Record{Ref: l.Ref, Status: store.Succeeded}, store.Bytes("forged")); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 4; n++ {
		for name, s := range map[string]*postgres.Store{"worker": worker, "reader": reader} {
			if f := look(t, s, benchRef(n)); f.Result() != nil || f.Latest != nil || f.Holder != nil {
				t.Errorf("call %d: the %s finds %+v", n, name, f)
			}
		}
		last := put(t, worker, benchRef(n), []byte("right"))
		if n == 3 && last.Token <= held.Token {
			t.Errorf("token %d after %d", last.Token, held.Token)
		}
		for name, s := range map[string]*postgres.Store{"worker": worker, "reader": reader, "other": other} {
			if got := wholeOf(t, look(t, s, benchRef(n))); string(got) != "right" {
				t.Errorf("call %d: the %s gets %q", n, name, got)
			}
		}
	}
	if err := other.End(ctx, held, store.Record{Ref: held.Ref, Status: store.Succeeded}, store.Bytes("forged")); !errors.Is(err, store.ErrLost) {
		t.Errorf("who is not trusted still had the lease: %v", err)
	}
	if err := worker.Check(ctx); err != nil {
		t.Error(err)
	}
	// The history has all, and says who has written them.
	writers := map[string]int{}
	for _, r := range listed(t, reader, store.Filter{}) {
		writers[r.Writer]++
	}
	if writers["worker4"] != 4 || writers["other4"] != 4 {
		t.Errorf("written by %v", writers)
	}
}

// TestTLS: the connections that listen and look use TLS as the URL says, and passwords.
func TestTLS(t *testing.T) {
	server, url, authority := pgtest.StartTLS(t)
	pgtest.Exec(t, server.URL("postgres"), `CREATE ROLE daily LOGIN PASSWORD 'it''s secret'; `+postgres.Schema("sales")+postgres.Grants("sales", "daily", postgres.Worker))
	url += ` user=daily password='it\'s secret'`
	checked := url + " sslmode=verify-full sslrootcert=" + authority
	s, other := open(t, checked, postgres.Options{Namespace: "sales"}), open(t, checked, postgres.Options{Namespace: "sales"})
	put(t, s, benchRef(1), []byte("x"))
	if got := wholeOf(t, look(t, other, benchRef(1))); string(got) != "x" {
		t.Errorf("got %q", got)
	}
	hear(t, s, other)
	var plain int
	err := s.Connections().QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity a JOIN pg_stat_ssl USING (pid) WHERE usename = 'daily' AND NOT ssl`).Scan(&plain)
	if err != nil || plain != 0 {
		t.Errorf("%d connections without TLS, %v", plain, err)
	}
	for _, wrong := range []string{
		url + " sslmode=disable",
		url + " sslmode=verify-full", // the machine does not know the authority
		checked + " password=guessed",
		strings.Replace(checked, "127.0.0.1", "localhost", 1), // the certificate is of another name
	} {
		if s, err := postgres.Open(ctx, postgres.Options{URL: wrong, Namespace: "sales"}); err == nil {
			t.Errorf("%s: connected", wrong)
			_ = s.Close()
		}
	}
}
