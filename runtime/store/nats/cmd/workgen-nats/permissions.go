package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/storecmd"
)

// roles are the names of what users do.
var roles = []string{nats.Reader: "reader", nats.Caller: "caller", nats.Worker: "worker", nats.Owner: "owner"}

func (p *place) permissionsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "permissions reader|caller|worker|owner",
		Short: "Print what a user of the servers has to be allowed",
		Long: `Permissions prints what a user of the servers has to be allowed to be a reader, who gets
results and reads the history; a caller, who may have workers execute calls as well; a
worker, who may execute calls, keep and delete results, and collect garbage; or an owner,
who makes the streams, too. It is to be put into the user's entry in the configuration of
the servers. It asks no server.`,
		Example: "  " + name + " permissions worker -namespace sales",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r := slices.Index(roles, args[0])
			if r < 0 {
				return fmt.Errorf("%s: there is no such role: give %s", args[0], strings.Join(roles, ", "))
			}
			g := nats.Permissions(p.namespace, nats.Role(r))
			if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
				return storecmd.WriteJSON(cmd.OutOrStdout(), struct {
					Publish   []string `json:"publish"`
					Subscribe []string `json:"subscribe"`
				}{g.Publish, g.Subscribe})
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "permissions: {\n  publish: %s\n  subscribe: %s\n}\n", list(g.Publish), list(g.Subscribe))
			return err
		},
	}
}

// list writes subjects as the configuration has them.
func list(subjects []string) string {
	quoted := make([]string, len(subjects))
	for i, s := range subjects {
		quoted[i] = strconv.Quote(s)
	}
	return "[\n    " + strings.Join(quoted, "\n    ") + "\n  ]"
}
