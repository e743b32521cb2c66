package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"
	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/workgen/workgen/generator/analyzer"
	"github.com/workgen/workgen/internal/cli"

	// What generated code imports: go get -tool of this command then puts all of
	// it into the user's go.mod and go.sum.
	_ "github.com/workgen/workgen/runtime"
)

// Exit statuses, besides 0 and cli.Failure.
const (
	exitDiagnostics cli.Exit = 1 // problems in the user's packages
	exitStale       cli.Exit = 3 // check, -diff: a generated file is not up to date
)

func main() {
	spendMemory()
	if isVetTool(os.Args[1:]) {
		unitchecker.Main(analyzer.Analyzer)
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// isVetTool reports whether the arguments are those with which go vet runs its
// -vettool: it asks for the version, then for the flags, then for the analysis of
// one package after the other, each described by a file.
func isVetTool(args []string) bool {
	if len(args) == 0 {
		return false
	}
	return args[0] == "-V=full" || args[0] == "-flags" || filepath.Base(args[len(args)-1]) == "vet.cfg"
}

// run is the command in the current directory, and returns its exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Run(command(stdout, stderr), args, stdin, stdout, stderr)
}

// command builds the commands and their flags.
func command(stdout, stderr io.Writer) *cobra.Command {
	c := &runner{stdout: stdout, stderr: stderr}
	root := &cobra.Command{
		Use:     "workgen [packages]",
		Short:   "Generate the wrappers that run each work once per distinct input",
		Long:    rootHelp,
		Example: rootExample,
		Args:    cobra.ArbitraryArgs,
		RunE:    c.generate,
		Version: version(),
	}
	root.SetVersionTemplate("workgen {{.Version}}\n")
	flags := root.PersistentFlags()
	flags.StringVar(&c.tags, "tags", "", "build tags, `list` separated by commas")
	flags.BoolVarP(&c.verbose, "verbose", "v", false, "say what was found, what was written, and how long it took")
	flags.BoolVar(&c.json, "json", false, "print diagnostics and files as JSON on standard output")
	flags.Var(&c.strict, "strict", "treat warnings as problems: write nothing, and exit with status 1; -strict=deps also those about dependencies")
	flags.Lookup("strict").NoOptDefVal = strictOwn
	flags.BoolVar(&c.diff, "diff", false, "print what would change as a unified diff, and write nothing")
	root.AddCommand(&cobra.Command{
		Use:   "check [packages]",
		Short: "Report generated files that are stale, missing or orphaned, and write nothing",
		Long:  checkHelp, Example: checkExample,
		Args: cobra.ArbitraryArgs,
		RunE: c.check,
	}, &cobra.Command{
		Use:   "explain work [packages]",
		Short: "Say what is in the keys of a work, what is not, and why",
		Long:  explainHelp, Example: explainExample,
		Args: cobra.MinimumNArgs(1),
		RunE: c.explain,
	}, &cobra.Command{
		Use:   "version",
		Short: "Print the version of workgen",
		Args:  cobra.NoArgs,
		Run:   func(*cobra.Command, []string) { fmt.Fprintln(stdout, "workgen "+version()) },
	}, storeCommand(stderr))
	return root
}

// version is that of the module the command was built from: "(devel)" in its
// own working tree.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

const rootHelp = `Workgen writes workgen_gen.go into every package that has types marked
//workgen:work: typed wrappers that run each work once per distinct input.
Beside it, workgen_code.go identifies the code that the works reach.

Packages are named as for go build; the default is the package in the current
directory. Either all generated files are brought up to date or, when there is
a problem in any package, none is touched.

The exit status is 0 when all is well, 1 when there are problems in the packages,
2 for wrong usage and other failures, and with -diff 3 when a file would change.`

const rootExample = `  //go:generate go run github.com/workgen/workgen/cmd/workgen

  workgen             # the package in this directory
  workgen ./...       # all packages below it
  workgen -tags=cuda -v ./...
  workgen -diff ./... # what would change`

const checkHelp = `Check prints the generated files that are not up to date, one a line: stale ones,
whose source has changed, missing ones, and orphaned ones, whose package has no
work any more. It writes nothing.

The exit status is 0 when all is well, 1 when there are problems in the packages,
2 for wrong usage and other failures, and 3 when a file is not up to date.`

const checkExample = `  workgen check ./...`
