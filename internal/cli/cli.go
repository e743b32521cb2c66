// Package cli runs the commands of this module alike: flags as the go command takes them, errors
// on one line each, and an exit status.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
)

// An Exit is an error that carries an exit status; what there is to say has been printed.
type Exit int

func (e Exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Failure is the exit status for wrong usage, and for other errors.
const Failure = 2

// Run executes a command with arguments, until it ends or is interrupted, prints the error behind
// the command's name, and returns the exit status.
func Run(root *cobra.Command, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// Errors are printed here, and usage only when asked for: after a list of
	// diagnostics it would hide them.
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; run %q for usage", err, cmd.CommandPath()+" -h")
	})
	root.SetArgs(goFlags(args))
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if status := Exit(0); errors.As(err, &status) {
		return int(status)
	}
	if err != nil {
		fmt.Fprintln(stderr, root.Name()+": "+err.Error())
		return Failure
	}
	return 0
}

// goFlags turns flags as the go command writes them, -tags, into pflag's --tags.
// Shorthands are one letter long and stay.
func goFlags(args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		if arg == "--" {
			copy(out[i:], args[i:])
			break
		}
		if len(arg) > 2 && arg[0] == '-' && arg[1] != '-' && arg[2] != '=' {
			arg = "-" + arg
		}
		out[i] = arg
	}
	return out
}
