package storecmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/workgen/workgen/runtime/store"
)

// selection is what the flags say of which executions are wanted.
type selection struct {
	work, status, since, until, key, text, host string
	newest                                      bool
	limit                                       int
}

// flags defines the flags of a selection, but for those of lists. byDefault says which
// statuses are selected without -status.
func (sel *selection) flags(f *pflag.FlagSet, byDefault string) {
	f.StringVar(&sel.work, "work", "", "only calls of the work of this `name`, or whose name ends so")
	f.StringVar(&sel.key, "key", "", "only calls whose keys begin with these `digits`")
	f.StringVar(&sel.status, "status", "", "only those of these statuses, `list` separated by commas: running, succeeded, failed,\ngiven-up, stopped, lost, evicted, expired, deleted, unreadable, or all (default "+byDefault+")")
	f.StringVar(&sel.since, "since", "", "only what began since this `time`: an age such as 36h or 7d, or a date")
	f.StringVar(&sel.until, "until", "", "only what began before this `time`")
	f.StringVar(&sel.text, "text", "", "only those with this `text` in an argument or in the error, in upper or lower case")
	f.StringVar(&sel.host, "host", "", "only what the machine of this `name` executes")
}

// listFlags defines the flags of lists.
func (sel *selection) listFlags(f *pflag.FlagSet, limit int) {
	sel.flags(f, "all")
	f.BoolVar(&sel.newest, "newest", false, "only the newest execution of each call")
	f.IntVar(&sel.limit, "limit", limit, "the `number` of executions that are listed at most; 0: all")
}

// any tells whether anything was selected.
func (sel *selection) any() bool {
	return sel.work != "" || sel.status != "" || sel.since != "" || sel.until != "" || sel.key != "" || sel.text != "" || sel.host != ""
}

// filter makes a filter of the selection, and of words that are a work, a key or both.
func (sel *selection) filter(ctx context.Context, s store.Administrator, words []string) (f store.Filter, err error) {
	if sel.work != "" {
		if f.Work, err = findWork(ctx, s, sel.work); err != nil {
			return f, err
		}
	}
	f.Prefix = strings.ToLower(sel.key)
	for _, word := range words {
		if err := addWord(ctx, s, &f, word); err != nil {
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
	if _, _, ok := f.Keys(); !ok {
		return f, fmt.Errorf("-key %s: give up to 64 hexadecimal digits", f.Prefix)
	}
	if sel.limit < 0 {
		return f, fmt.Errorf("-limit %d: give 0 for no limit", sel.limit)
	}
	f.Text, f.Host, f.Newest, f.Limit = sel.text, sel.host, sel.newest, sel.limit
	return f, nil
}

// addWord narrows a filter to a work, or to keys that begin with a word.
func addWord(ctx context.Context, s store.Administrator, f *store.Filter, word string) error {
	work, err := findWork(ctx, s, word)
	switch {
	case err == nil && f.Work == "":
		f.Work = work
	case err != nil && isHex(word) && f.Prefix == "":
		f.Prefix = strings.ToLower(word)
	case err != nil && !isHex(word):
		return err
	default:
		return fmt.Errorf("%s: give one work and one key at most", word)
	}
	return nil
}

// isHex tells whether a word may be the beginning of a key.
func isHex(word string) bool { return strings.Trim(word, "0123456789abcdefABCDEF") == "" }

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
		return nil, fmt.Errorf("-status %s: there is none such: give running, succeeded, failed, given-up, stopped, lost, evicted, expired, deleted, unreadable or all", word)
	}
	return statuses, nil
}

func (c *inspector) lsCommand() *cobra.Command {
	var sel selection
	cmd := &cobra.Command{
		Use:   "ls [work] [key]",
		Short: "List executions, the newest first",
		Long:  lsHelp, Example: c.examples(lsExample),
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, words []string) error {
			return c.look(cmd.Context(), func(s store.Administrator) error { return c.ls(cmd.Context(), s, &sel, words) })
		},
	}
	sel.listFlags(cmd.Flags(), 100)
	return cmd
}

func (c *inspector) ls(ctx context.Context, s store.Administrator, sel *selection, words []string) error {
	f, err := sel.filter(ctx, s, words)
	if err != nil {
		return err
	}
	t := table(c.stdout)
	n, more, err := list(ctx, s, f, func(n int, r *store.Record) error {
		if c.json {
			return c.object(toJSON(r))
		}
		if n == 1 {
			fmt.Fprintln(t, "KEY\tWORK\tSTATUS\tATTEMPT\tAGE\tTOOK\tSIZE\tHITS\tARGUMENTS")
		}
		_, err := fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%d\t%s\n", shortKey(r.Key), shortWork(r.Work), statusCell(r), r.Attempt,
			ageText(r.Started), tookText(r), sizeText(r), r.Hits, argsText(r.Args, 60))
		return err
	})
	if err != nil {
		return err
	}
	if more {
		c.say("these are the newest %d: -limit 0 lists all", n)
	}
	if n == 0 && !c.json {
		c.say("nothing to list in %s", clean(c.where))
	}
	return t.Flush()
}

// list calls show with the records that a filter lets through, counted from 1, and tells how
// many there were and whether there are more than its limit.
func list(ctx context.Context, s store.Administrator, f store.Filter, show func(n int, r *store.Record) error) (n int, more bool, err error) {
	limit := f.Limit
	if limit > 0 {
		f.Limit++
	}
	for r, err := range store.All(ctx, s, f) {
		if err != nil {
			return n, false, err
		}
		if limit > 0 && n == limit {
			return n, true, nil
		}
		n++
		if err := show(n, &r); err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

// statusCell is the status of an execution, and how far it has come while it runs.
func statusCell(r *store.Record) string {
	if p := &r.Progress; r.Status == store.Running && (p.Done != 0 || p.Total != 0) {
		return r.Status.String() + " " + stepsText(p)
	}
	return r.Status.String()
}

// sizeText is the size of a result that is there.
func sizeText(r *store.Record) string {
	if r.Status != store.Succeeded {
		return "-"
	}
	return bytesText(r.Size)
}
