package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/workgen/workgen/generator"
	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/write"
)

// A runner runs the commands with the flags they share.
type runner struct {
	stdout, stderr io.Writer
	tags           string
	verbose        bool
}

// generate is the command without a name: it brings the generated files up to
// date.
func (c *runner) generate(cmd *cobra.Command, patterns []string) error {
	return c.timed(func() error {
		dir, files, err := c.files(cmd, patterns)
		if err != nil {
			return err
		}
		changed, err := write.Write(files)
		if err != nil {
			return err
		}
		c.report(dir, files, changed)
		return nil
	})
}

// check reports the generated files that are not up to date.
func (c *runner) check(cmd *cobra.Command, patterns []string) error {
	return c.timed(func() error {
		dir, files, err := c.files(cmd, patterns)
		if err != nil {
			return err
		}
		statuses, err := write.Check(files)
		if err != nil {
			return err
		}
		bad := 0
		for _, s := range statuses {
			if s.State != write.OK {
				bad++
				fmt.Fprintf(c.stdout, "%s: %s\n", diag.Rel(dir, s.Path), s.State)
				continue
			}
			c.log("%s: %s", diag.Rel(dir, s.Path), s.State)
		}
		if bad > 0 {
			fmt.Fprintln(c.stderr, "workgen: generated files are not up to date; run workgen on the same packages")
			return exit(exitStale)
		}
		return nil
	})
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
	if !result.Diagnostics.Empty() {
		if err := result.Diagnostics.Write(c.stderr, dir); err != nil {
			return "", nil, err
		}
		return "", nil, exit(exitDiagnostics)
	}
	return dir, result.Files, nil
}

// report says, with -v, what became of each file.
func (c *runner) report(dir string, files []write.File, changed []string) {
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
		c.log("%s: %s", diag.Rel(dir, f.Path), what)
	}
}

// log prints a line with -v.
func (c *runner) log(format string, args ...any) {
	if c.verbose {
		fmt.Fprintf(c.stderr, format+"\n", args...)
	}
}

// timed runs f and says, with -v, how long it took.
func (c *runner) timed(f func() error) error {
	start := time.Now()
	err := f()
	c.log("done in %v", time.Since(start).Round(time.Millisecond))
	return err
}
