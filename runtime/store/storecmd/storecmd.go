// Package storecmd has the commands with which people look into a store of any kind: ls, show,
// why, export, queue, rm, gc and verify. Each kind of store has them in a command of its own, such as
// workgen store for those on the disk, so that no program links a store that it does not use.
//
// What they do is said in the help of each, and what executions are as JSON in that of export.
package storecmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/internal/cli"
	"github.com/workgen/workgen/runtime/store"
)

// Tool is a command that looks into stores of one kind.
type Tool struct {
	// Name is what people type before ls, such as "workgen store", for the examples in the help.
	Name string

	// Open opens the store that the flags of the command name, and says where it is, for
	// messages. It must not make one that is not there: nobody makes a store by looking at it.
	Open func(ctx context.Context, a Access) (s store.Administrator, where string, err error)

	// Explain returns what people read of an error; nil leaves errors as they are.
	Explain func(err error) error

	// MaxBytes says that stores of this kind can be bounded by their size.
	MaxBytes bool
}

// Access is how a store is to be opened. The store collects garbage only when it is told to.
type Access struct {
	ReadOnly bool          // nothing is changed in it
	MaxBytes int64         // the size within which GC leaves the store; 0 is no bound
	MaxAge   time.Duration // results that are older are dropped by GC; 0 is no bound
}

// Add gives a command the commands that look into a store, and the flag -json, and ends its help
// with what they have in common. The command has its flags by then, and may have commands of its
// own, of which errors are printed in the same way.
func Add(root *cobra.Command, t Tool) {
	c := &inspector{tool: t}
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		return fmt.Errorf("no command: run %q for usage", cmd.CommandPath()+" -h")
	}
	root.Long = strings.TrimLeft(root.Long+"\n\n"+commonHelp, "\n")
	flags := root.PersistentFlags()
	flags.BoolVar(&c.json, "json", false, "print one JSON object per line")
	root.SetUsageTemplate(withoutInherited(root.UsageTemplate(), root.Name(), flags.FlagUsages()))
	root.AddCommand(c.lsCommand(), c.showCommand(), c.whyCommand(), c.exportCommand(), c.queueCommand(), c.rmCommand(), c.gcCommand(), c.verifyCommand())
	for _, cmd := range root.Commands() {
		run := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			c.name, c.stdin, c.stdout, c.stderr = cmd.Root().Name(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
			if err := os.Unsetenv("WORKGEN_CACHE"); err != nil { // which is for programs
				return err
			}
			err := run(cmd, args)
			if status := cli.Exit(0); err == nil || errors.As(err, &status) {
				return err
			}
			if t.Explain != nil {
				err = t.Explain(err)
			}
			return printable(err)
		}
	}
}

// Run executes a command with arguments as the go command takes them, such as -json, prints the
// error if there is one, and returns the exit status.
func Run(root *cobra.Command, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Run(root, args, stdin, stdout, stderr)
}

// An inspector runs the commands, with the flags they share.
type inspector struct {
	tool           Tool
	name           string // of the program
	stdin          io.Reader
	stdout, stderr io.Writer
	where          string // the store that was opened is
	json           bool
}

// say tells people something that is not what they asked for.
func (c *inspector) say(format string, args ...any) {
	fmt.Fprintf(c.stderr, c.name+": "+format+"\n", args...)
}

// open opens the store for f.
func (c *inspector) open(ctx context.Context, a Access, f func(s store.Administrator) error) error {
	s, where, err := c.tool.Open(ctx, a)
	if err != nil {
		return err
	}
	c.where = where
	return errors.Join(f(s), s.Close())
}

// look opens the store for f, which changes nothing.
func (c *inspector) look(ctx context.Context, f func(s store.Administrator) error) error {
	return c.open(ctx, Access{ReadOnly: true}, f)
}

// withoutInherited removes the list of inherited flags from a usage template, and puts those
// that the commands below the one of this name share in its place.
func withoutInherited(template, name, flags string) string {
	before, rest, found := strings.Cut(template, "{{if .HasAvailableInheritedFlags}}")
	_, after, ended := strings.Cut(rest, "{{end}}")
	if !found || !ended {
		return template
	}
	return before + `{{if .HasParent}}{{if ne .Name "` + name + `"}}

Flags of all commands:
` + strings.TrimRight(flags, "\n") + `{{end}}{{end}}` + after
}

// findWork returns the full name of a work that is named by it, or by its end.
func findWork(ctx context.Context, s store.Administrator, name string) (string, error) {
	works, err := s.Works(ctx)
	if err != nil {
		return "", err
	}
	var found, all []string
	for _, w := range works {
		if w == name {
			return w, nil
		}
		all = append(all, clean(w))
		if strings.HasSuffix(w, "."+name) || strings.HasSuffix(w, "/"+name) {
			found = append(found, w)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", fmt.Errorf("work %s is one of several: give more of its name: %s", name, clean(strings.Join(found, ", ")))
	case len(works) == 0:
		return "", fmt.Errorf("the store knows no work %s, nor any other", name)
	}
	return "", fmt.Errorf("the store knows no work %s, but %s", name, strings.Join(all, ", "))
}

// call returns the newest record of the call that a word stands for: a work, of which it is
// the call that was executed last, or the first digits of a key.
func (c *inspector) call(ctx context.Context, s store.Administrator, word string) (store.Record, error) {
	work, err := findWork(ctx, s, word)
	if err == nil {
		return c.latest(ctx, s, work)
	}
	if !isHex(word) {
		return store.Record{}, err
	}
	r, keyErr := findKey(ctx, s, word, "")
	if none := (*noKeyError)(nil); errors.As(keyErr, &none) {
		return r, errors.Join(err, keyErr)
	}
	return r, keyErr
}

// latest returns the record of the call of a work that was executed last.
func (c *inspector) latest(ctx context.Context, s store.Administrator, work string) (store.Record, error) {
	for r, err := range s.History(ctx, store.Filter{Work: work, Limit: 1}) {
		return r, err
	}
	if work == "" {
		return store.Record{}, fmt.Errorf("nothing was executed yet with the store in %s", c.where)
	}
	return store.Record{}, fmt.Errorf("the store has no execution of work %s", clean(work))
}

// findKey returns the record of the call whose key begins with some digits.
func findKey(ctx context.Context, s store.Administrator, prefix, work string) (store.Record, error) {
	var found []store.Record
	for r, err := range s.History(ctx, store.Filter{Prefix: strings.ToLower(prefix), Work: work, Newest: true, Limit: 2}) {
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
		of = " of work " + clean(e.work)
	}
	return "no key" + of + " begins with " + e.prefix + ": keys are hexadecimal digits, as ls prints them"
}
