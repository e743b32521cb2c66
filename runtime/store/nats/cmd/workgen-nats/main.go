// Workgen-nats looks into a store in NATS JetStream, as workgen store does into one on the disk.
//
// Usage:
//
//	workgen-nats ls|show|why|export|queue|rm|gc|verify [-store URL] [-creds file] [-namespace name] [-json]
//	workgen-nats permissions reader|caller|worker|owner [-namespace name]
//
// It is added to a module with
//
//	go get -tool github.com/workgen/workgen/runtime/store/nats/cmd/workgen-nats
//
// and executed by go tool workgen-nats. Ls lists executions, show prints all that is kept of a call
// and its executions, why says why it was executed or why its result has gone, export prints
// executions as JSON, queue lists workers and the calls that wait for them, rm deletes results, gc
// drops what has expired, and verify reads everything and compares checksums. They may be used while
// programs use the store. But for rm, gc and verify -drop they change nothing, and none makes
// streams. Permissions prints what a user has to be allowed, for the configuration of the server.
//
// Without -store, the environment variable NATS_URL says where the servers are, and without -creds,
// NATS_CREDS names the file with the credentials, as for the command nats.
//
// Commands that only read need the permissions of a reader; rm, gc and verify -drop those of a worker.
package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/storecmd"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// name is that of the command.
const name = "workgen-nats"

// run is the command, and returns its exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return storecmd.Run(command(), args, stdin, stdout, stderr)
}

// command builds the commands and their flags.
func command() *cobra.Command {
	p := &place{}
	root := &cobra.Command{
		Use:   name,
		Short: "Look into a store in NATS JetStream",
		Long:  rootHelp, Example: rootExample,
		Args: cobra.NoArgs,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&p.url, "store", "", "`URL` of the servers, nats://host:4222 or tls://a,tls://b (default $NATS_URL)")
	flags.StringVar(&p.creds, "creds", "", "`file` with the credentials of a user (default $NATS_CREDS)")
	flags.StringVar(&p.namespace, "namespace", nats.DefaultNamespace, "what the names of all streams begin with, by its `name`")
	root.AddCommand(p.permissionsCommand())
	storecmd.Add(root, storecmd.Tool{Name: name, Open: p.open, Explain: p.explain, MaxBytes: true})
	return root
}

const rootHelp = `Workgen-nats looks into a store in NATS JetStream while programs use it or not, and changes
nothing unless it is told to.

Without -store, the environment variable NATS_URL says where the servers are, and without
-creds, NATS_CREDS names the file with the credentials. A password in -store is seen by
others on this machine: NATS_URL is not.

Commands that only read need the permissions of a reader; rm, gc and verify -drop those of a
worker: see permissions.`

const rootExample = `  workgen-nats ls -store nats://nats.example.com:4222 -namespace sales
  export NATS_URL=tls://nats.example.com NATS_CREDS=~/ann.creds
  workgen-nats why Trainer     # why was it executed?
  workgen-nats rm -work Trainer -until 30d`
