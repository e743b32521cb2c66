package storecmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

func (c *inspector) whyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "why [work] [key]",
		Short: "Say why a call was executed, or why its result is not there",
		Long:  whyHelp, Example: c.examples(whyExample),
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.look(cmd.Context(), func(s store.Administrator) error {
				r, err := c.findCall(cmd.Context(), s, args)
				if err != nil {
					return err
				}
				return c.why(cmd.Context(), s, &r)
			})
		},
	}
}

// findCall returns the record of a call that is named by its work, its key or both, or
// the latest that was executed.
func (c *inspector) findCall(ctx context.Context, s store.Administrator, args []string) (store.Record, error) {
	switch len(args) {
	case 2:
		work, err := findWork(ctx, s, args[0])
		if err != nil {
			return store.Record{}, err
		}
		return findKey(ctx, s, args[1], work)
	case 1:
		return c.call(ctx, s, args[0])
	}
	return c.latest(ctx, s, "")
}

// An answer is what why prints with -json.
type answer struct {
	Key      key.Key   `json:"key"`
	Status   string    `json:"status"`
	Started  time.Time `json:"started,omitzero"`
	Executed time.Time `json:"executed,omitzero"` // when it finished
	store.Reason
	Text string `json:"text"`
}

func (c *inspector) why(ctx context.Context, s store.Administrator, r *store.Record) error {
	call := *r
	if r.Status.Gone() {
		call.Seq = 0 // it would be executed now
	}
	reason, err := store.Explain(ctx, s, call)
	if err != nil {
		return err
	}
	if c.json {
		return c.object(answer{r.Key, r.Status.String(), r.Started, r.Finished, reason, reason.String()})
	}
	verb := "was executed " + ageText(r.Started) + " ago, because"
	switch {
	case r.Status.Gone():
		verb = "is a miss:"
	case r.Status == store.Running:
		verb = "has been executed for " + ageText(r.Started) + ", because"
	}
	inputs := ""
	if len(r.Args) > 0 {
		inputs = argsText(r.Args, 200)
	}
	fmt.Fprintf(c.stdout, "%s %s(%s) %s\n", shortKey(r.Key), shortWork(r.Work), inputs, verb)
	fmt.Fprintln(c.stdout, "  "+clean(reason.String()))
	if len(reason.Symbols) > 1 {
		for _, symbol := range reason.Symbols {
			fmt.Fprintln(c.stdout, "    "+clean(symbol.String()))
		}
	}
	return nil
}
