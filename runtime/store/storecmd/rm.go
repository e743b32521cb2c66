package storecmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/store"
)

// A removal is what rm is told.
type removal struct {
	selection
	everything, yes bool
}

func (c *inspector) rmCommand() *cobra.Command {
	var rm removal
	cmd := &cobra.Command{
		Use:   "rm [work|key...]",
		Short: "Delete results, which will be executed again",
		Long:  rmHelp, Example: c.examples(rmExample),
		RunE: func(cmd *cobra.Command, words []string) error {
			selected := rm.any() || rm.everything
			switch {
			case len(words) == 0 && !selected:
				return errors.New("rm: give works or keys, or flags that say which calls, or -all")
			case len(words) > 0 && selected:
				return errors.New("rm: give either works and keys, or flags that say which calls")
			case rm.any() && rm.everything:
				return errors.New("rm: give either -all or other flags that say which calls")
			}
			return c.open(cmd.Context(), Access{}, func(s store.Administrator) error {
				if selected {
					return c.rmSelected(cmd.Context(), s, &rm)
				}
				return c.rmNamed(cmd.Context(), s, words, rm.yes)
			})
		},
	}
	rm.flags(cmd.Flags(), "succeeded,failed,given-up,lost")
	cmd.Flags().BoolVar(&rm.everything, "all", false, "all that the store has")
	cmd.Flags().BoolVarP(&rm.yes, "yes", "y", false, "do not ask")
	return cmd
}

// rmNamed deletes calls of works and keys: all of them, or none if one is not there. Those of
// a work may be many, which somebody has to confirm.
func (c *inspector) rmNamed(ctx context.Context, s store.Administrator, words []string, yes bool) error {
	var records removed
	ask := false
	for _, word := range words {
		work, err := findWork(ctx, s, word)
		if err == nil {
			ask = !yes
			err = records.addAll(ctx, s, store.Filter{Work: work, Status: deletable})
		} else {
			var r store.Record
			if r, err = c.call(ctx, s, word); err == nil {
				records.add(&r)
			}
		}
		if err != nil {
			return err
		}
	}
	return c.remove(ctx, s, &records, ask)
}

// rmSelected deletes all that the flags select, once somebody has confirmed it.
func (c *inspector) rmSelected(ctx context.Context, s store.Administrator, rm *removal) error {
	f, err := rm.filter(ctx, s, nil)
	if err != nil {
		return err
	}
	if f.Status == nil && !rm.everything {
		f.Status = deletable
	}
	var records removed
	if err := records.addAll(ctx, s, f); err != nil {
		return err
	}
	return c.remove(ctx, s, &records, !rm.yes)
}

// deletable are the statuses of calls that are deleted when none is given.
var deletable = []store.Status{store.Succeeded, store.Failed, store.GivenUp, store.Lost}

// removed are the calls that are to be deleted.
type removed struct {
	refs    []store.Ref
	seen    map[store.Ref]bool
	results int
	bytes   int64
}

func (rm *removed) add(r *store.Record) {
	if rm.seen[r.Ref] {
		return
	}
	if rm.seen == nil {
		rm.seen = map[store.Ref]bool{}
	}
	rm.seen[r.Ref] = true
	rm.refs = append(rm.refs, r.Ref)
	if r.Status == store.Succeeded {
		rm.results++
		rm.bytes += r.Size
	}
}

// addAll adds the calls that a filter lets through.
func (rm *removed) addAll(ctx context.Context, s store.Administrator, f store.Filter) error {
	f.Newest = true
	for r, err := range store.All(ctx, s, f) {
		if err != nil {
			return err
		}
		if r.Gone.IsZero() {
			rm.add(&r)
		}
	}
	return nil
}

func (rm *removed) String() string {
	s := count(rm.results, "result") + " (" + bytesText(rm.bytes) + ")"
	if others := len(rm.refs) - rm.results; others > 0 {
		s += " and " + count(others, "record") + " of calls without one"
	}
	return s
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// remove deletes calls, once somebody has confirmed it if asked to, in small batches, so that
// others who write hardly wait.
func (c *inspector) remove(ctx context.Context, s store.Administrator, records *removed, ask bool) error {
	if len(records.refs) > 0 && ask {
		if err := c.confirm("Delete " + records.String() + " in " + clean(c.where) + "?"); err != nil {
			return err
		}
	}
	const batch = 500
	for refs := records.refs; len(refs) > 0; refs = refs[min(batch, len(refs)):] {
		if _, err := s.Delete(ctx, refs[:min(batch, len(refs))]...); err != nil {
			return err
		}
	}
	if c.json {
		return c.object(struct {
			Results int   `json:"results"`
			Records int   `json:"records"`
			Bytes   int64 `json:"bytes"`
		}{records.results, len(records.refs), records.bytes})
	}
	fmt.Fprintln(c.stdout, "deleted "+records.String())
	return nil
}

// confirm asks a question, and returns an error unless the answer is yes.
func (c *inspector) confirm(question string) error {
	if !isTerminal(c.stdin) {
		return errors.New(question + " There is no terminal to answer on: give -y")
	}
	fmt.Fprint(c.stderr, question+" [y/N] ")
	line, err := bufio.NewReader(c.stdin).ReadString('\n')
	if err != nil && line == "" {
		return fmt.Errorf("no answer: %w: nothing was deleted", err)
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was deleted")
}
