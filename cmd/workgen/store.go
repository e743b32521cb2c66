package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/store"
)

// An inspector runs the commands that look into a store, with the flags they share.
type inspector struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	where          string // directory or name; "": found
	opened         string // directory of the store that was opened
	json           bool
}

// storeCommand builds the command store and its own.
func storeCommand(stdout, stderr io.Writer) *cobra.Command {
	c := &inspector{stdout: stdout, stderr: stderr}
	root := &cobra.Command{
		Use:   "store",
		Short: "Look into the store where results outlive programs",
		Long:  storeHelp, Example: storeExample,
		Args: cobra.NoArgs,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			c.stdin = cmd.InOrStdin()
			return noGeneratorFlags(cmd)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return fmt.Errorf("no command: run %q for usage", cmd.CommandPath()+" -h")
		},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&c.where, "store", "", "`directory or name` of the store")
	flags.BoolVar(&c.json, "json", false, "print one JSON object per line")
	root.SetUsageTemplate(withoutInherited(root.UsageTemplate()))
	root.AddCommand(c.lsCommand(), c.showCommand(), c.whyCommand(), c.rmCommand(), c.gcCommand(), c.verifyCommand(), c.pathCommand())
	return root
}

// generatorFlags are those of the root command that say nothing here.
var generatorFlags = []string{"tags", "verbose", "strict", "diff"}

func noGeneratorFlags(cmd *cobra.Command) error {
	for _, name := range generatorFlags {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("-%s has no meaning for %s; run %q for usage", name, cmd.CommandPath(), cmd.CommandPath()+" -h")
		}
	}
	return nil
}

// withoutInherited removes the list of inherited flags from a usage template, and puts
// the two that these commands have in its place.
func withoutInherited(template string) string {
	before, rest, found := strings.Cut(template, "{{if .HasAvailableInheritedFlags}}")
	_, after, ended := strings.Cut(rest, "{{end}}")
	if !found || !ended {
		return template
	}
	return before + `{{if .HasParent}}{{if ne .Name "store"}}

Flags of all commands:
      --json                      print one JSON object per line
      --store directory or name   directory or name of the store{{end}}{{end}}` + after
}

// findWork returns the full name of a work that is named by it, or by its end.
func findWork(ctx context.Context, s store.Administrator, name string) (string, error) {
	works, err := s.Works(ctx)
	if err != nil {
		return "", err
	}
	var found []string
	for _, w := range works {
		if w == name {
			return w, nil
		}
		if strings.HasSuffix(w, "."+name) || strings.HasSuffix(w, "/"+name) {
			found = append(found, w)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", fmt.Errorf("work %s is one of several: give more of its name: %s", name, strings.Join(found, ", "))
	case len(works) == 0:
		return "", fmt.Errorf("the store knows no work %s, nor any other", name)
	}
	return "", fmt.Errorf("the store knows no work %s, but %s", name, strings.Join(works, ", "))
}

// findKey returns the record of the call whose key begins with some digits.
func findKey(ctx context.Context, s store.Administrator, prefix, work string) (store.Record, error) {
	var found []store.Record
	for r, err := range s.History(ctx, store.Filter{Prefix: strings.ToLower(prefix), Work: work, Status: store.Statuses(), Limit: 2}) {
		if err != nil {
			return store.Record{}, err
		}
		found = append(found, r)
	}
	switch len(found) {
	case 0:
		return store.Record{}, &noKeyError{prefix, work}
	case 1:
		return found[0], nil
	}
	return store.Record{}, fmt.Errorf("several keys begin with %s, such as %s and %s: give more digits", prefix, found[0].Key, found[1].Key)
}

// noKeyError says that no key begins with some digits.
type noKeyError struct{ prefix, work string }

func (e *noKeyError) Error() string {
	of := ""
	if e.work != "" {
		of = " of work " + e.work
	}
	return "no key" + of + " begins with " + e.prefix + ": keys are hexadecimal digits, as ls prints them"
}

// isTerminal tells whether somebody can answer.
func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && terminal(f)
}
