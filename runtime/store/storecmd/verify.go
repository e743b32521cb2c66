package storecmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/internal/cli"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// damageFound is the exit status when there is damage.
const damageFound = cli.Exit(1)

func (c *inspector) verifyCommand() *cobra.Command {
	var sel selection
	var drop bool
	cmd := &cobra.Command{
		Use:   "verify [work] [key]",
		Short: "Read all results, and report those that are damaged",
		Long:  verifyHelp, Example: c.examples(verifyExample),
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, words []string) error {
			return c.open(cmd.Context(), Access{ReadOnly: !drop}, func(s store.Administrator) error { return c.verify(cmd.Context(), s, &sel, words, drop) })
		},
	}
	cmd.Flags().StringVar(&sel.work, "work", "", "only results of the work of this `name`, or whose name ends so")
	cmd.Flags().BoolVar(&drop, "drop", false, "drop what is damaged: it is executed again when it is wanted")
	return cmd
}

// A damage is a result that cannot be read, as -json prints it.
type damage struct {
	Key     key.Key `json:"key"`
	Work    string  `json:"work"`
	Error   string  `json:"error"`
	Dropped bool    `json:"dropped"`
}

func (c *inspector) verify(ctx context.Context, s store.Administrator, sel *selection, words []string, drop bool) error {
	if err := s.Check(ctx); err != nil {
		c.say("%s", clean(err.Error()))
		return damageFound
	}
	f, err := sel.filter(ctx, s, words)
	if err != nil {
		return err
	}
	f.Status = []store.Status{store.Succeeded, store.Unreadable} // a record that is damaged is unreadable
	t := table(c.stdout)
	checked, damaged, bytes := 0, 0, int64(0)
	for r, err := range store.All(ctx, s, f) {
		if err != nil {
			return err
		}
		if !r.Gone.IsZero() {
			continue // it was found before
		}
		found, err := check(ctx, s, &r)
		if errors.Is(err, store.ErrNotFound) {
			continue // it has gone meanwhile, or is a damaged record of a call without one
		}
		if err != nil {
			return err
		}
		checked++
		bytes += r.Size
		if found == nil {
			continue
		}
		if damaged++; drop {
			if err := dropDamaged(ctx, s, &r); err != nil {
				return err
			}
		}
		if err := c.damaged(t, damage{r.Key, r.Work, found.Err.Error(), drop}, damaged == 1); err != nil {
			return err
		}
	}
	if !c.json {
		if err := t.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(c.stdout, "read %s, %s: %s\n", count(checked, "result"), bytesText(bytes), verdict(damaged, drop))
	}
	if damaged > 0 {
		return damageFound
	}
	return nil
}

func verdict(damaged int, dropped bool) string {
	switch {
	case damaged == 0:
		return "all are good"
	case dropped:
		return fmt.Sprintf("%d damaged and dropped", damaged)
	}
	return fmt.Sprintf("%d damaged; -drop drops them", damaged)
}

func (c *inspector) damaged(t *tabwriter.Writer, d damage, first bool) error {
	if c.json {
		return c.object(d)
	}
	if first {
		fmt.Fprintln(t, "KEY\tWORK\tPROBLEM")
	}
	_, err := fmt.Fprintf(t, "%s\t%s\t%s\n", shortKey(d.Key), shortWork(d.Work), clean(d.Error))
	return err
}

// check reads a result, and returns what is wrong with it, or nil.
func check(ctx context.Context, s store.Administrator, r *store.Record) (found *store.CorruptError, err error) {
	e, err := s.Peek(ctx, r.Ref)
	if err == nil {
		_, err = io.Copy(io.Discard, e)
		_ = e.Close()
	}
	switch {
	case errors.As(err, &found):
		return found, nil
	case err == nil && r.Status == store.Unreadable:
		return &store.CorruptError{Ref: r.Ref, Err: errors.New(r.Error)}, nil
	}
	return nil, err
}

// dropDamaged has the store find out itself, so that it remembers why the result went.
// A result whose record alone is damaged is deleted.
func dropDamaged(ctx context.Context, s store.Administrator, r *store.Record) error {
	found := make([]store.Found, 1)
	err := s.Lookup(ctx, []store.Ref{r.Ref}, found)
	e := found[0].Result()
	if e == nil || err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, e)
	_ = e.Close()
	if err == nil {
		_, err = s.Delete(ctx, r.Ref)
	}
	if corrupt := (*store.CorruptError)(nil); errors.As(err, &corrupt) {
		return nil
	}
	return err
}
