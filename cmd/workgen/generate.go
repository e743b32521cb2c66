package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/workgen/workgen/generator"
	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/write"
	"github.com/workgen/workgen/internal/cli"
)

// A runner runs the commands with the flags they share.
type runner struct {
	stdout, stderr io.Writer
	tags           string
	verbose        bool
	json           bool
	diff           bool
	strict         strictness

	report report // of this run, printed with -json
}

// generate is the command without a name: it brings the generated files up to
// date.
func (c *runner) generate(cmd *cobra.Command, patterns []string) error {
	return c.reported(func() error {
		dir, files, err := c.files(cmd, patterns)
		if err != nil {
			return err
		}
		if c.diff {
			return c.differences(dir, files)
		}
		changed, err := write.Write(files)
		if err != nil {
			return err
		}
		c.written(dir, files, changed)
		return nil
	})
}

// check reports the generated files that are not up to date.
func (c *runner) check(cmd *cobra.Command, patterns []string) error {
	return c.reported(func() error {
		dir, files, err := c.files(cmd, patterns)
		if err != nil {
			return err
		}
		if c.diff {
			return c.differences(dir, files)
		}
		statuses, err := write.Check(files)
		if err != nil {
			return err
		}
		stale := false
		for _, s := range statuses {
			name := diag.Rel(dir, s.Path)
			c.report.file(name, s.State.String(), nil)
			if s.State == write.OK {
				c.log("%s: %s", name, s.State)
				continue
			}
			stale = true
			c.print("%s: %s\n", name, s.State)
		}
		return c.staleness(stale)
	})
}

// differences prints what would change in each file.
func (c *runner) differences(dir string, files []write.File) error {
	diffs, err := write.Differences(files)
	if err != nil {
		return err
	}
	stale := false
	for _, d := range diffs {
		name := diag.Rel(dir, d.Path)
		c.report.file(name, d.State.String(), d.Text)
		c.log("%s: %s", name, d.State)
		c.print("%s", d.Text)
		stale = stale || d.State != write.OK
	}
	return c.staleness(stale)
}

// staleness is how the commands end that compare and write nothing.
func (c *runner) staleness(stale bool) error {
	if !stale {
		return nil
	}
	if !c.json {
		fmt.Fprintln(c.stderr, "workgen: generated files are not up to date; run workgen on the same packages")
	}
	return exitStale
}

// files computes what should be on disk, and prints the diagnostics if it
// cannot. File names are printed relative to dir.
func (c *runner) files(cmd *cobra.Command, patterns []string) (dir string, files []write.File, err error) {
	if dir, err = os.Getwd(); err != nil {
		return "", nil, err
	}
	result, err := generator.Generate(cmd.Context(), generator.Config{
		Dir: dir, Patterns: patterns, Tags: c.tags, Log: c.log,
	})
	if err != nil {
		return "", nil, err
	}
	if err := c.diagnostics(result.Diagnostics, dir); err != nil {
		return "", nil, err
	}
	if slices.ContainsFunc(result.Diagnostics.From(0), c.strict.fails) {
		return "", nil, exitDiagnostics
	}
	return dir, result.Files, nil
}

// diagnostics prints what is on the list.
func (c *runner) diagnostics(list *diag.List, dir string) error {
	c.report.diagnostics(list, dir)
	if c.json {
		return nil
	}
	return list.Write(c.stderr, dir)
}

// written says what became of each file.
func (c *runner) written(dir string, files []write.File, changed []string) {
	isChanged := map[string]bool{}
	for _, path := range changed {
		isChanged[path] = true
	}
	for _, f := range files {
		what := "unchanged"
		switch {
		case isChanged[f.Path] && f.Content == nil:
			what = "removed"
		case isChanged[f.Path]:
			what = "written"
		}
		name := diag.Rel(dir, f.Path)
		c.report.file(name, what, nil)
		c.log("%s: %s", name, what)
	}
}

// print prints for people: nothing with -json.
func (c *runner) print(format string, args ...any) {
	if !c.json {
		fmt.Fprintf(c.stdout, format, args...)
	}
}

// log prints a line with -v.
func (c *runner) log(format string, args ...any) {
	if c.verbose {
		fmt.Fprintf(c.stderr, format+"\n", args...)
	}
}

// reported runs f, prints the report with -json, and says, with -v, how long it
// took.
func (c *runner) reported(f func() error) error {
	start := time.Now()
	err := f()
	c.log("done in %v", time.Since(start).Round(time.Millisecond))
	if !c.json {
		return err
	}
	if status := cli.Exit(0); err != nil && !errors.As(err, &status) {
		c.report.Error = err.Error() // and on standard error, as ever
	}
	return errors.Join(err, c.report.write(c.stdout))
}
