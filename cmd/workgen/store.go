package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/store/storecmd"
)

// A finder finds the store on the disk that the commands look into.
type finder struct {
	stderr io.Writer
	where  string // directory or name; "": found
}

// storeCommand builds the command store, and its own for stores on the disk.
func storeCommand(stderr io.Writer) *cobra.Command {
	f := &finder{stderr: stderr}
	root := &cobra.Command{
		Use:   "store",
		Short: "Look into the store where results outlive programs",
		Long:  storeHelp, Example: storeExample,
		Args:              cobra.NoArgs,
		PersistentPreRunE: noGeneratorFlags,
	}
	root.PersistentFlags().StringVar(&f.where, "store", "", "`name or directory` of the store")
	root.AddCommand(f.pathCommand())
	storecmd.Add(root, storecmd.Tool{Name: "workgen store", Open: f.open, MaxBytes: true})
	return root
}

// generatorFlags are those of the root command that say nothing here.
var generatorFlags = []string{"tags", "verbose", "strict", "diff"}

func noGeneratorFlags(cmd *cobra.Command, _ []string) error {
	for _, name := range generatorFlags {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("-%s has no meaning for %s; run %q for usage", name, cmd.CommandPath(), cmd.CommandPath()+" -h")
		}
	}
	return nil
}

// open opens the store, which must be there, and of this version: nobody loses a store by
// looking at it. The history is bounded by programs, which know by how much.
func (f *finder) open(_ context.Context, a storecmd.Access) (store.Administrator, string, error) {
	dir, err := f.dir()
	if err != nil {
		return nil, "", err
	}
	if !disk.Exists(dir) {
		return nil, "", f.noStore(dir)
	}
	if err := disk.CheckVersion(dir); err != nil {
		return nil, "", err
	}
	if a.MaxBytes == 0 {
		a.MaxBytes = -1
	}
	s, err := disk.Open("", disk.Options{
		Dir: dir, ReadOnly: a.ReadOnly, Manual: true, MaxBytes: a.MaxBytes, MaxAge: a.MaxAge, History: -1, HistoryAge: -1,
	})
	if err != nil {
		return nil, "", err
	}
	return s, dir, nil
}

// dir returns the directory of the store: the one that was asked for, or the only one
// that there is.
func (f *finder) dir() (string, error) {
	switch {
	case f.where == "":
		return onlyStore()
	case isPath(f.where):
		return filepath.Abs(f.where)
	}
	named, err := disk.Dir(f.where)
	if err != nil {
		return "", err
	}
	if !disk.Exists(f.where) {
		return named, nil
	}
	here, err := filepath.Abs(f.where)
	if err != nil || !disk.Exists(named) {
		return here, err
	}
	if here != named {
		fmt.Fprintf(f.stderr, "workgen: -store %s is the store of that name, %s: give .%c%s for the one in the directory here\n",
			preview.Line(f.where), preview.Line(named), filepath.Separator, preview.Line(f.where))
	}
	return named, nil
}

// isPath tells whether -store can only be a directory.
func isPath(where string) bool {
	return strings.ContainsAny(where, `/\`) || where == "." || where == ".."
}

// noStore says that there is no store in a directory, and which ones there are if it was
// looked for by its name.
func (f *finder) noStore(dir string) error {
	place, err := disk.Place()
	if err != nil || f.where == "" || isPath(f.where) {
		return fmt.Errorf("there is no store in %s", dir)
	}
	names, err := disk.Names()
	if len(names) == 0 {
		names = []string{"none"}
	}
	return errors.Join(fmt.Errorf("there is no store %s, neither by that name nor as a directory here; the stores in %s: %s",
		f.where, place, strings.Join(names, ", ")), err)
}

// onlyStore returns the directory of the only store that there is.
func onlyStore() (string, error) {
	place, err := disk.Place()
	if err != nil {
		return "", err
	}
	if disk.Exists(place) {
		return filepath.Abs(place)
	}
	names, err := disk.Names()
	if err != nil {
		return "", err
	}
	switch len(names) {
	case 0:
		return "", fmt.Errorf("there is no store in %s: name one with -store, or set WORKGEN_STORE to where it is", place)
	case 1:
		return filepath.Abs(filepath.Join(place, names[0]))
	}
	return "", fmt.Errorf("there are %d stores in %s: name one with -store: %s", len(names), place, strings.Join(names, ", "))
}

func (f *finder) pathCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "path",
		Short: "Print the directory of the store",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := f.dir()
			if err != nil {
				return err
			}
			if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
				return storecmd.WriteJSON(cmd.OutOrStdout(), struct {
					Path   string `json:"path"`
					Exists bool   `json:"exists"`
				}{dir, disk.Exists(dir)})
			}
			fmt.Fprintln(cmd.OutOrStdout(), dir)
			return nil
		},
	}
}

const storeHelp = `Store looks into the directory where a program keeps its results, while programs use
it or not, and changes nothing unless it is told to.

Without -store it is the only store in the directory that the environment variable
WORKGEN_STORE names or, if that is not set, in workgen below the user's cache.
-store takes the name of one of several, as programs do, or a directory. If there is a
store by that name, and one in the directory here, it is the former, and that is said.`

const storeExample = `  workgen store ls -work Trainer
  workgen store why Trainer        # why was it executed?
  workgen store show 3f2a
  workgen store rm -work Trainer -until 30d`
