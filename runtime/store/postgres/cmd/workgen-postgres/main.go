// Workgen-postgres looks into a store in PostgreSQL, as workgen store does into one on the disk.
//
// Usage:
//
//	workgen-postgres ls|show|why|export|queue|rm|gc|verify [-store URL] [-namespace name] [-json]
//	workgen-postgres migrate [-store URL] [-namespace name]
//	workgen-postgres schema [-namespace name]
//	workgen-postgres grants reader|caller|worker role [-namespace name]
//
// It is added to a module with
//
//	go get -tool github.com/workgen/workgen/runtime/store/postgres/cmd/workgen-postgres
//
// and executed by go tool workgen-postgres. Ls lists executions, show prints all that is kept of a
// call and its executions, why says why it was executed or why its result has gone, export prints
// executions as JSON, queue lists workers and the calls that wait for them, rm deletes results, gc
// drops what has expired, and verify reads everything and compares checksums. They may be used while
// programs use the store. But for rm, gc and verify -drop they change nothing, and none makes tables or
// brings them to another version: migrate does that. Schema prints the SQL that makes tables, and
// grants the SQL that gives others rights in them.
//
// Without -store, and for what it leaves out, the environment variables and files of libpq say where
// the server is and who asks, as for psql: PGHOST, PGDATABASE, PGUSER, PGPASSWORD, PGSERVICE,
// ~/.pgpass and so on.
//
// Commands that only read need the rights of a reader; rm, gc and verify -drop those of a worker.
package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/storecmd"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// name is that of the command.
const name = "workgen-postgres"

// run is the command, and returns its exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return storecmd.Run(command(), args, stdin, stdout, stderr)
}

// command builds the commands and their flags.
func command() *cobra.Command {
	p := &place{}
	root := &cobra.Command{
		Use:   name,
		Short: "Look into a store in PostgreSQL",
		Long:  rootHelp, Example: rootExample,
		Args: cobra.NoArgs,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&p.url, "store", "", "`URL` of the database, postgres://user@host/database")
	flags.StringVar(&p.namespace, "namespace", postgres.DefaultNamespace, "the schema of the database that has the tables, by its `name`")
	root.AddCommand(p.migrateCommand(), p.schemaCommand(), p.grantsCommand())
	storecmd.Add(root, storecmd.Tool{Name: name, Open: p.open, Explain: p.explain})
	for _, cmd := range root.Commands() {
		if cmd.Name() == "verify" {
			cmd.Long = verifyHelp
		}
	}
	return root
}

const rootHelp = `Workgen-postgres looks into a store in PostgreSQL while programs use it or not, and
changes nothing unless it is told to.

-store takes a URL, or "host=… user=… dbname=…". What it leaves out is what psql would take:
it comes from the environment variables PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD,
PGSSLMODE, PGSERVICE and so on, and from ~/.pgpass. Give passwords there: what stands in
-store is seen by others on this machine.

Commands that only read need the rights of a reader; rm, gc and verify -drop those of a
worker: see grants.`

const rootExample = `  workgen-postgres ls -store postgres://ann@db.example.com/app -namespace sales
  export PGHOST=db.example.com PGDATABASE=app PGUSER=ann
  workgen-postgres why Trainer     # why was it executed?
  workgen-postgres rm -work Trainer -until 30d`

const verifyHelp = `Verify reads every result and compares its checksum, and looks whether the tables fit
together. The exit status is 1 when there is any damage. Damaged results are also found,
reported and dropped when they are got. Damage of PostgreSQL's own files is found by its
tools, such as pg_amcheck.`
