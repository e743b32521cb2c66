//go:build unix

package main

import (
	"context"
	"crypto/sha256"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/codec"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

var ctx = context.Background()

// execute executes a command line, and returns what it printed and its exit status.
func execute(args ...string) (out, problems string, status int) {
	var o, p strings.Builder
	status = run(args, strings.NewReader(""), &o, &p)
	return o.String(), p.String(), status
}

// tool executes commands on one store.
type tool struct {
	t    *testing.T
	args []string
}

// prints executes a command line, with single quotes around words with spaces, and fails the test
// unless it succeeds and prints each of some texts. It returns what was printed.
func (x tool) prints(line string, texts ...string) string {
	x.t.Helper()
	out, problems, status := execute(append(words(line), x.args...)...)
	if status != 0 || problems != "" {
		x.t.Errorf("%s: exit status %d: %s", line, status, problems)
	}
	x.want(line, out, texts)
	return out
}

// fails executes a command line, and fails the test unless its exit status is some number and it
// complains with each of some texts.
func (x tool) fails(status int, line string, texts ...string) {
	x.t.Helper()
	out, problems, got := execute(append(words(line), x.args...)...)
	if got != status {
		x.t.Errorf("%s: exit status %d, want %d", line, got, status)
	}
	x.want(line, out+problems, texts)
}

func (x tool) want(line, out string, texts []string) {
	x.t.Helper()
	for _, text := range texts {
		if !strings.Contains(out, text) {
			x.t.Errorf("%s does not print %q but:\n%s", line, text, out)
		}
	}
}

// words splits a line at spaces that are not between single quotes.
func words(line string) (words []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	return words
}

// open opens a store of a namespace, which is made.
func open(t testing.TB, url, namespace string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(ctx, postgres.Options{URL: url, Namespace: namespace, Relaxed: true, Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// daily is the result of all calls.
type daily struct{ Rows []byte }

// record is that of a call that was executed some time ago.
func record(work, day string, ago time.Duration) store.Record {
	finished := time.Now().Add(-ago)
	return store.Record{
		Ref:    store.Ref{Work: "example.com/daily." + work, Key: sha256.Sum256([]byte(work + day))},
		Schema: "s1", Code: "c1", Symbols: "daily.Run 11",
		Args:   []store.Arg{{Name: "day", Type: "string", Text: day, Digest: [16]byte(sha256.New().Sum([]byte(day + "0123456789abcdef")))}},
		Origin: store.Origin{Host: "here", PID: 4711, Program: "daily"}, Attempt: 1,
		Started: finished.Add(-2 * time.Second), Finished: finished,
	}
}

// keep keeps an execution that has failed, if it says why, or succeeded.
func keep(t testing.TB, s store.Store, r store.Record) store.Record {
	t.Helper()
	l, err := s.Begin(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	if r.Status = store.Succeeded; r.Error != "" {
		r.Status = store.Failed
		err = s.End(ctx, l, r, nil)
	} else {
		err = s.End(ctx, l, r, store.Encoded(codec.Default, "s1", &daily{[]byte("abc")}))
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// filled returns a tool for a store that has a few calls of two works, and another namespace with
// nothing.
func filled(t *testing.T) (url string, x tool) {
	url = pgtest.Database(t)
	open(t, url, "empty")
	s := open(t, url, "sales")
	failed := record("Fetch", "22", 3*time.Hour)
	failed.Error = "no such bucket"
	keep(t, s, failed)
	again := record("Fetch", "22", 2*time.Hour)
	again.Attempt = 2
	keep(t, s, again)
	keep(t, s, record("Fetch", "23", time.Hour))
	old := record("Clean", "22", 30*time.Minute)
	old.Expires = old.Finished.Add(time.Minute)
	keep(t, s, old)
	if _, err := s.Begin(ctx, record("Clean", "23", 0)); err != nil {
		t.Fatal(err)
	}
	return url, tool{t, []string{"-store", url, "-namespace", "sales"}}
}

func TestOperatorsLookIntoAStore(t *testing.T) {
	url, x := filled(t)
	lines := func(out string, n int) {
		t.Helper()
		if got := strings.Count(out, "\n"); got != n {
			t.Errorf("%d lines, want %d:\n%s", got, n, out)
		}
	}
	out := x.prints("ls", "KEY ", "daily.Fetch  failed     1        3h   2s    -", "daily.Clean  expired    1        30m", "daily.Clean  running ")
	lines(out, 6)
	lines(x.prints("ls Fetch", "day=23"), 4)
	lines(x.prints("ls -newest -status succeeded -json", `"status":"succeeded","attempt":2`, `"writer":"postgres"`), 2)
	lines(x.prints("ls -status failed -text BUCKET -since 4h", "failed"), 2)

	x.prints("show Fetch", "work       example.com/daily.Fetch", "status     succeeded", "origin     daily[4711]@here", "writer     postgres", `result     {"Rows": h'616263'}`)
	x.prints("show Fetch -json", `"result":"{\"Rows\": h'616263'}"`)
	key := strings.Fields(x.prints("ls -status failed"))[9]
	x.prints("show "+key, "attempt    2", "earlier executions", "1        failed", "no such bucket")

	x.prints("why", "daily.Clean(day=23) has been executed for ")
	x.prints("why Fetch", "daily.Fetch(day=23) was executed 1h ago, because\n  argument day differs from the nearest earlier call")
	x.prints("why "+key, "its last execution failed at ", ": no such bucket")
	x.prints("why Clean -json", `"status":"running"`, `"text":"argument day differs`)

	lines(x.prints("export", `"status":"running"`, `"error":"no such bucket"`), 5)
	lines(x.prints("export Fetch -newest -results", `"result":"{\"Rows\": h'616263'}"`), 2)

	x.fails(0, "queue", "nothing is queued in namespace sales of database t", ", and no worker is there")
	task := queue.Task{Ref: store.Ref{Work: "example.com/daily.Fetch", Key: sha256.Sum256([]byte("25"))}, Pool: "gpu", Caller: 1}
	if err := open(t, url, "sales").Queue().Push(ctx, task); err != nil {
		t.Fatal(err)
	}
	x.prints("queue", "POOL  WORK         ROUTE         QUEUED", "gpu   daily.Fetch  000000000000  1")
	x.prints("verify", "read 2 results, 32 B: all are good")
	x.fails(2, "ls Nobody", name+": the store knows no work Nobody, but example.com/daily.Clean, example.com/daily.Fetch")
	x.fails(2, "why 0123abc", "no key begins with 0123abc")
	x.fails(2, "ls -tags x", "unknown flag: --tags; run \"workgen-postgres ls -h\" for usage")
	x.fails(2, "gc -max-bytes 1", "unknown flag: --max-bytes")
	empty := tool{t, append(x.args[:3:3], "empty")}
	empty.fails(0, "ls", "workgen-postgres: nothing to list in namespace empty of database t")
	empty.fails(2, "why", "nothing was executed yet with the store in namespace empty of database t")
}

func TestOperatorsDeleteAndCollect(t *testing.T) {
	url, x := filled(t)
	x.prints("gc", "dropped 1 result, 2 results left; ")
	x.prints("ls -status expired", "daily.Clean")
	key := strings.Fields(x.prints("ls -status failed"))[9]
	x.prints("rm "+key, "deleted 1 result (")
	x.fails(2, "rm Fetch", "Delete 1 result (", " in namespace sales of database t", "There is no terminal to answer on: give -y")
	x.prints("gc -max-age 1ms -json", `{"dropped":1,"results":0,"records":5,`)
	x.prints("ls -status evicted,expired,deleted", "daily.Fetch  deleted  2")
	x.prints("rm -all -y -json", `"results":0`)

	// A result that is damaged is found, and dropped when somebody says so.
	s := open(t, url, "sales")
	r := keep(t, s, record("Fetch", "24", 0))
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, `UPDATE sales.result SET data = data || '\x00'`); err != nil {
		t.Fatal(err)
	}
	x.fails(1, "verify", r.Key.String()[:12], "daily.Fetch", "read 1 result, ", "1 damaged; -drop drops them")
	x.fails(1, "verify -drop", "1 damaged and dropped")
	x.prints("verify", "read 0 results")
	x.prints("ls -status unreadable", "daily.Fetch")
	if _, err := c.Exec(ctx, `INSERT INTO sales.result (seq, form, sum, data) VALUES (1, 0, '', '')`); err != nil {
		t.Fatal(err)
	}
	x.fails(1, "verify", "workgen-postgres: ", "1 belong to no execution")
}

// TestErrorsSayWhatToDo: each is printed as it is here, but for names of sockets.
func TestErrorsSayWhatToDo(t *testing.T) {
	url, x := filled(t)
	s := pgtest.Shared(t)
	where := "in namespace sales of database " + strings.TrimPrefix(url[strings.LastIndex(url, "dbname="):], "dbname=") + " on /tmp/pg"
	with := func(flags ...string) tool { return tool{t, flags} }

	with("-store", s.URL("nowhere")).fails(2, "ls", `database "nowhere" does not exist`)
	with("-store", "postgres://ann:hunter2@127.0.0.1:1/app").fails(2, "ls", "workgen-postgres: failed to connect to `user=ann database=app`:\n\t127.0.0.1:1 (127.0.0.1): dial error: dial tcp 127.0.0.1:1: connect: connection refused\n")
	with("-store", "postgres://ann:hunter2@:x").fails(2, "ls", "workgen-postgres: open store workgen: cannot parse `postgres://ann:xxxxx@:x`: invalid port\n")
	with().fails(2, "ls", "name the server with -store, or with PGHOST and so on")

	with("-store", url, "-namespace", "nowhere").fails(2, "ls", "workgen-postgres: there is no store in namespace nowhere of database ",
		"; the namespaces with one: empty, sales\n\tworkgen-postgres migrate -namespace nowhere makes one\n")
	with("-store", url, "-namespace", "nowhere").fails(2, "gc", "there is no store in namespace nowhere")
	with("-store", url).fails(2, "rm -all -y", "there is no store in namespace workgen", "\tworkgen-postgres migrate makes one\n")

	admin, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	do := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	do(`CREATE ROLE "ann" LOGIN`)
	defer do(`DROP OWNED BY ann; DROP ROLE ann`)
	ann := with("-store", strings.Replace(url, "user=postgres", "user=ann", 1), "-namespace", "sales")
	ann.fails(2, "ls", "workgen-postgres: ann may not do that "+where, ": permission denied for schema sales\n\thave the owner of the tables execute what this prints: workgen-postgres grants reader ann -namespace sales\n")
	ann.fails(2, "migrate", ": permission denied for schema sales\n\tlet the owner of the tables do it or")
	with(append(ann.args[:2:2], "-namespace", "more")...).fails(2, "migrate", "in namespace more of ", ": permission denied for database ", "somebody who may create schemas in the database\n")
	do(with("-namespace", "sales").prints("grants reader ann"))
	ann.prints("ls", "daily.Fetch")
	ann.prints("why Fetch", "argument day differs")
	ann.prints("export -results", "Rows")
	ann.prints("verify", "all are good")
	ann.fails(0, "queue", "nothing is queued")
	ann.fails(2, "rm -all -y", "permission denied for function delete_calls\n", "grants worker ann -namespace sales\n")
	ann.fails(2, "gc", "permission denied for function drop_expired\n", "grants worker ann -namespace sales\n")
	do(with("-namespace", "sales").prints("grants worker ann"))
	ann.prints("gc", "dropped 1 result")
	ann.prints("rm -all -y", "deleted 2 results")

	do(`UPDATE sales.version SET version = version + 10`)
	x.prints("ls", "daily.Fetch") // which this command can live with
	do(`UPDATE sales.version SET oldest = 9`)
	x.fails(2, "ls", "workgen-postgres: the tables "+where, ", and this command knows versions up to ", ": use a newer one\n")
	do(`DELETE FROM sales.version; INSERT INTO sales.version VALUES (1, 1)`)
	x.fails(2, "ls", "workgen-postgres: the tables "+where, " have version 1, and this command needs version ", ": workgen-postgres migrate -namespace sales brings them there\n")
}

func TestTablesAreMadeAndRightsGiven(t *testing.T) {
	url := pgtest.Database(t)
	x := tool{t, []string{"-store", url, "-namespace", "sales"}}
	for range 2 {
		x.prints("migrate", "the tables in namespace sales of database t", " have the version of this command\n")
	}
	x.fails(0, "ls", "nothing to list")
	x.prints("schema -namespace more -json", `{"text":"BEGIN;`)
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, tool{t, nil}.prints("schema -namespace more")); err != nil {
		t.Fatal(err)
	}
	tool{t, []string{"-store", url, "-namespace", "more"}}.fails(0, "ls", "nothing to list")
	x.fails(2, "grants owner ann", "workgen-postgres: owner: there are no such rights: give reader, caller or worker\n")
	x.fails(2, "grants reader", "accepts 2 arg(s), received 1")
}

// TestTheEnvironmentSaysWhere, as it does for psql.
func TestTheEnvironmentSaysWhere(t *testing.T) {
	url, x := filled(t)
	c, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"PGHOST": c.Host, "PGUSER": c.User, "PGDATABASE": c.Database, "WORKGEN_CACHE": "off"} {
		t.Setenv(name, value)
	}
	x.args = x.args[2:]
	x.prints("ls Fetch", "daily.Fetch")
	x.args = nil
	x.fails(2, "ls Fetch", "the namespaces with one: empty, sales")
}

func TestHelpReadsWell(t *testing.T) {
	x := tool{t, nil}
	x.prints("-h", "Workgen-postgres looks into a store in PostgreSQL", "  workgen-postgres [command]\n", "  grants      Print the SQL",
		"With -json every command", "      --namespace name   the schema of the database that has the tables, by its name (default \"workgen\")\n")
	x.prints("why -h", "Usage:\n  workgen-postgres why [work] [key] [flags]\n", "Examples:\n  workgen-postgres why\n", "\nFlags of all commands:\n      --json ")
	if out := x.prints("gc -h", "gc -max-age 30d\n"); strings.Contains(out, "max-bytes") {
		t.Errorf("what there is not is in the help:\n%s", out)
	}
	x.prints("verify -h", "looks whether the tables fit\ntogether")
	x.fails(2, "", `no command: run "workgen-postgres -h" for usage`)
}
