package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/workgen/workgen/runtime/store"
)

// selection is what the flags say of which records are wanted.
type selection struct {
	work, status, since, until, key string
	limit                           int
}

// flags defines the flags of a selection, but for that of its limit.
func (sel *selection) flags(f *pflag.FlagSet) {
	f.StringVar(&sel.work, "work", "", "only calls of the work of this `name`, or whose name ends so")
	f.StringVar(&sel.status, "status", "", "only records of these statuses, `list` separated by commas: succeeded, failed,\ngiven-up, evicted, expired, deleted, unreadable, or all (default succeeded,failed,given-up)")
	f.StringVar(&sel.since, "since", "", "only what finished since this `time`: an age such as 36h or 7d, or a date")
	f.StringVar(&sel.until, "until", "", "only what finished before this `time`")
	f.StringVar(&sel.key, "key", "", "only keys that begin with these `digits`")
}

// any tells whether anything was selected.
func (sel *selection) any() bool {
	return sel.work != "" || sel.status != "" || sel.since != "" || sel.until != "" || sel.key != ""
}

// filter makes a filter of the selection.
func (sel *selection) filter(ctx context.Context, s store.Administrator) (f store.Filter, err error) {
	if sel.work != "" {
		if f.Work, err = findWork(ctx, s, sel.work); err != nil {
			return f, err
		}
	}
	if f.Status, err = parseStatuses(sel.status); err != nil {
		return f, err
	}
	var since, until error
	f.Since, since = parseTime(sel.since)
	f.Until, until = parseTime(sel.until)
	if err := errors.Join(since, until); err != nil {
		return f, err
	}
	f.Prefix = strings.ToLower(sel.key)
	if _, _, ok := f.Keys(); !ok {
		return f, fmt.Errorf("-key %s: give up to 64 hexadecimal digits", sel.key)
	}
	if sel.limit < 0 {
		return f, fmt.Errorf("-limit %d: give 0 for no limit", sel.limit)
	}
	f.Limit = sel.limit
	return f, nil
}

func parseStatuses(text string) (statuses []store.Status, err error) {
	if text == "" {
		return nil, nil
	}
words:
	for word := range strings.SplitSeq(text, ",") {
		if word == "all" {
			statuses = append(statuses, store.Statuses()...)
			continue
		}
		for _, s := range store.Statuses() {
			if s.String() == strings.ReplaceAll(word, "-", " ") {
				statuses = append(statuses, s)
				continue words
			}
		}
		return nil, fmt.Errorf("-status %s: there is none such: give succeeded, failed, given-up, evicted, expired, deleted, unreadable or all", word)
	}
	return statuses, nil
}

func (c *inspector) lsCommand() *cobra.Command {
	var sel selection
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List calls, the newest first",
		Long:  lsHelp, Example: lsExample,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(func(s store.Administrator) error { return c.ls(cmd.Context(), s, &sel) })
		},
	}
	sel.flags(cmd.Flags())
	cmd.Flags().IntVar(&sel.limit, "limit", 100, "the `number` of calls that are listed at most; 0: all")
	return cmd
}

func (c *inspector) ls(ctx context.Context, s store.Administrator, sel *selection) error {
	f, err := sel.filter(ctx, s)
	if err != nil {
		return err
	}
	t := table(c.stdout)
	n := 0
	for r, err := range s.History(ctx, f) {
		if err != nil {
			return err
		}
		if n++; c.json {
			if err := c.object(toJSON(&r)); err != nil {
				return err
			}
			continue
		}
		if n == 1 {
			fmt.Fprintln(t, "KEY\tWORK\tSTATUS\tAGE\tTOOK\tSIZE\tHITS\tARGUMENTS")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", shortKey(r.Key), shortWork(r.Work), r.Status,
			ageText(r.Finished), tookText(&r), sizeText(&r), r.Hits, argsText(r.Args, 60))
	}
	if c.json {
		return nil
	}
	if n == f.Limit && n > 0 {
		fmt.Fprintf(c.stderr, "workgen: these are the newest %d: -limit 0 lists all\n", n)
	}
	if n == 0 {
		fmt.Fprintf(c.stderr, "workgen: nothing to list in %s\n", c.opened)
	}
	return t.Flush()
}

// sizeText is the size of a result that is there.
func sizeText(r *store.Record) string {
	if r.Status != store.Succeeded {
		return "-"
	}
	return bytesText(r.Size)
}
