package storecmd

import (
	"bufio"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/store"
)

func (c *inspector) exportCommand() *cobra.Command {
	var sel selection
	var results bool
	cmd := &cobra.Command{
		Use:   "export [work] [key]",
		Short: "Print executions as JSON, with all that is kept of them",
		Long:  exportHelp, Example: c.examples(exportExample),
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, words []string) error {
			return c.look(cmd.Context(), func(s store.Administrator) error { return c.export(cmd.Context(), s, &sel, words, results) })
		},
	}
	sel.listFlags(cmd.Flags(), 0)
	cmd.Flags().BoolVar(&results, "results", false, "with results, as show prints them")
	return cmd
}

// An exported is an execution as export prints it. The names of fields stay as they are,
// and what they say: see exportHelp.
type exported struct {
	executionJSON
	Build    []string `json:"build,omitempty"`
	Result   string   `json:"result,omitempty"`
	NoResult string   `json:"noResult,omitempty"`
}

// export prints one execution after the other, as they are read.
func (c *inspector) export(ctx context.Context, s store.Administrator, sel *selection, words []string, results bool) error {
	f, err := sel.filter(ctx, s, words)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(c.stdout)
	_, _, err = list(ctx, s, f, func(_ int, r *store.Record) error {
		x := exported{executionJSON: toJSON(r), Build: symbolLines(r.Build)}
		if results && r.Status == store.Succeeded {
			text, err := resultText(ctx, s, r)
			if x.Result = text; err != nil {
				x.NoResult = err.Error()
			}
		}
		return WriteJSON(out, x)
	})
	return errors.Join(err, out.Flush())
}
