package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

func (c *inspector) verifyCommand() *cobra.Command {
	var sel selection
	var drop bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Read all results, and report those that are damaged",
		Long:  verifyHelp, Example: verifyExample,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(func(s store.Administrator) error { return c.verify(cmd.Context(), s, &sel, drop) })
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

func (c *inspector) verify(ctx context.Context, s store.Administrator, sel *selection, drop bool) error {
	if err := s.Check(ctx); err != nil {
		fmt.Fprintln(c.stderr, "workgen: "+err.Error())
		return exit(exitDiagnostics)
	}
	f, err := sel.filter(ctx, s)
	if err != nil {
		return err
	}
	f.Status = []store.Status{store.Succeeded}
	t := table(c.stdout)
	checked, damaged, bytes := 0, 0, int64(0)
	for r, err := range s.History(ctx, f) {
		if err != nil {
			return err
		}
		found, err := check(ctx, s, &r)
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
		return exit(exitDiagnostics)
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

// check reads a result, and returns what is wrong with it, or nil. One that has gone
// meanwhile is as good as none.
func check(ctx context.Context, s store.Administrator, r *store.Record) (found *store.CorruptError, err error) {
	e, err := s.Peek(ctx, r.Ref)
	if err == nil {
		_, err = io.Copy(io.Discard, e)
		_ = e.Close()
	}
	switch {
	case errors.As(err, &found):
		return found, nil
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
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
