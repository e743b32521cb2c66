package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/storecmd"
)

// These commands are about the tables of a store.

func (p *place) migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Make the tables of a namespace, or bring them to the version of this command",
		Long: `Migrate makes the tables of a namespace, or brings older ones to the version of this command.
Programs do so by themselves when they open the store, if they may. Who executes it owns the
tables: let it be the same user each time. Programs of older versions go on using them;
one that cannot says so when it opens the store.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p.does = migrates
			if err := postgres.Migrate(cmd.Context(), p.url, p.namespace); err != nil {
				return err
			}
			return say(cmd, "the tables in "+p.String()+" have the version of this command\n")
		},
	}
}

func (p *place) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the SQL that makes the tables of a namespace",
		Long: `Schema prints the SQL that makes the tables of a namespace where there are none, for those who
want to read it first. It asks no server.`,
		Example: "  " + name + " schema -namespace sales | psql",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return say(cmd, postgres.Schema(p.namespace))
		},
	}
}

// rights are the names of sets of rights.
var rights = []string{postgres.Reader: "reader", postgres.Caller: "caller", postgres.Worker: "worker"}

func (p *place) grantsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "grants reader|caller|worker role",
		Short: "Print the SQL that gives a user of the database rights in a namespace",
		Long: `Grants prints the SQL that gives a user of the database, or a group of them, the rights of a
reader, who gets results and reads the history; of a caller, who may have workers execute
calls as well; or of a worker, who may execute calls, keep and delete results, and
collect garbage. The owner of the tables executes it, and again after a migration. It asks
no server.`,
		Example: "  " + name + " grants worker etl -namespace sales | psql",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			r := slices.Index(rights, args[0])
			if r < 0 {
				return fmt.Errorf("%s: there are no such rights: give reader, caller or worker", args[0])
			}
			return say(cmd, postgres.Grants(p.namespace, args[1], postgres.Rights(r)))
		},
	}
}

// say prints what a command has to say, with -json as an object.
func say(cmd *cobra.Command, text string) error {
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		return storecmd.WriteJSON(cmd.OutOrStdout(), struct {
			Text string `json:"text"`
		}{text})
	}
	_, err := fmt.Fprint(cmd.OutOrStdout(), text)
	return err
}
