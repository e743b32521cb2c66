package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Rights are what a user of the database may do with the tables of a namespace. Each set has those
// before it.
type Rights int

// The sets.
const (
	// Reader may get results and read the history. A Store of his has Options.ReadOnly.
	Reader Rights = iota

	// Caller may have calls executed by workers as well, and set marks, such as the ticks of
	// a loop. What he executes himself is not kept.
	Caller

	// Worker may execute calls, keep their results, delete, and collect garbage.
	Worker
)

// functions are those that each set of rights may execute. Those that are not here are called by
// others only.
var functions = map[Rights][]string{
	Reader: {"has_expired", "is_trusted", "lookup_calls", "watch_calls"},
	Caller: {"count_hits", "set_mark", "push_task", "withdraw_task"},
	Worker: {
		"add_scope", "begin_executions", "start_executions", "renew_execution", "end_executions", "finish_executions", "put_chunk", "release_executions",
		"delete_calls", "discard_result", "due", "drop_expired", "evict_results", "forget_records", "forget_scopes",
		"take_task", "report_worker", "done_task", "put_off_task", "leave_worker",
	},
}

// tables are those that all may read, but for that of tasks, whose arguments may be secret: workers
// get them with the tasks that they take.
var tables = []string{"version", "work", "scope", "execution", "result", "chunk", "mark", "deleted", "state", "worker", "arguments"}

const taskColumns = "key, seq, work, route, pool, most, origin, wanted, queued, state, until, worker, taken, writer"

// Grants returns the SQL that gives a user of the database, or a group of them, some rights in a
// namespace, "" being workgen. The owner of the tables runs it, and again after their version has
// changed. To take the rights away, REVOKE ALL in its place.
func Grants(name, role string, rights Rights) string {
	ns, to := pgx.Identifier{namespace(name)}.Sanitize(), pgx.Identifier{role}.Sanitize()
	var names []string
	for r := Reader; r <= rights; r++ {
		names = append(names, functions[r]...)
	}
	slices.Sort(names)
	var b strings.Builder
	fmt.Fprintf(&b, "GRANT USAGE ON SCHEMA %s TO %s;\n", ns, to)
	for _, table := range tables {
		fmt.Fprintf(&b, "GRANT SELECT ON %s.%s TO %s;\n", ns, table, to)
	}
	fmt.Fprintf(&b, "GRANT SELECT (%s) ON %s.task TO %s;\n", taskColumns, ns, to)
	for _, f := range names {
		fmt.Fprintf(&b, "GRANT EXECUTE ON FUNCTION %s.%s TO %s;\n", ns, f, to)
	}
	return b.String()
}
