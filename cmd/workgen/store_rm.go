package main

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
		Use:   "rm [key...]",
		Short: "Delete results, which will be executed again",
		Long:  rmHelp, Example: rmExample,
		RunE: func(cmd *cobra.Command, keys []string) error {
			selected := rm.any() || rm.everything
			switch {
			case len(keys) == 0 && !selected:
				return errors.New("rm: give keys, or flags that say which calls, or -all")
			case len(keys) > 0 && selected:
				return errors.New("rm: give either keys or flags that say which calls")
			case rm.any() && rm.everything:
				return errors.New("rm: give either -all or other flags that say which calls")
			}
			return c.with(func(s store.Administrator) error {
				if selected {
					return c.rmSelected(cmd.Context(), s, &rm)
				}
				return c.rmKeys(cmd.Context(), s, keys)
			})
		},
	}
	rm.flags(cmd.Flags())
	cmd.Flags().BoolVar(&rm.everything, "all", false, "all that the store has")
	cmd.Flags().BoolVarP(&rm.yes, "yes", "y", false, "do not ask")
	return cmd
}

// rmKeys deletes calls that were named: all of them, or none if one is not there.
func (c *inspector) rmKeys(ctx context.Context, s store.Administrator, prefixes []string) error {
	var records removed
	for _, p := range prefixes {
		r, err := findKey(ctx, s, p, "")
		if err != nil {
			return err
		}
		records.add(&r)
	}
	return c.remove(ctx, s, &records)
}

// rmSelected deletes all that the flags select, once somebody has confirmed it.
func (c *inspector) rmSelected(ctx context.Context, s store.Administrator, rm *removal) error {
	if rm.everything {
		rm.status = "all"
	}
	f, err := rm.filter(ctx, s)
	if err != nil {
		return err
	}
	var records removed
	for r, err := range s.History(ctx, f) {
		if err != nil {
			return err
		}
		records.add(&r)
	}
	if len(records.refs) > 0 && !rm.yes {
		if err := c.confirm("Delete " + records.String() + " in " + c.opened + "?"); err != nil {
			return err
		}
	}
	return c.remove(ctx, s, &records)
}

// removed are the calls that are to be deleted.
type removed struct {
	refs    []store.Ref
	results int
	bytes   int64
}

func (rm *removed) add(r *store.Record) {
	rm.refs = append(rm.refs, r.Ref)
	if r.Status == store.Succeeded {
		rm.results++
		rm.bytes += r.Size
	}
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

// remove deletes calls in small batches, so that others who write hardly wait.
func (c *inspector) remove(ctx context.Context, s store.Administrator, records *removed) error {
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
