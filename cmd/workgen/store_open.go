package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

// This file alone knows that stores are on the disk, and where.

// bounds are those within which a collection leaves a store; 0 is no bound.
type bounds struct {
	bytes int64
	age   time.Duration
}

// open opens the store, which must be there.
func (c *inspector) open(b bounds) (store.Administrator, error) {
	dir, err := c.dir()
	if err != nil {
		return nil, err
	}
	if !disk.Exists(dir) {
		return nil, fmt.Errorf("there is no store in %s", dir)
	}
	if b.bytes == 0 {
		b.bytes = -1
	}
	c.opened = dir
	s, err := disk.Open("", disk.Options{Dir: dir, Manual: true, MaxBytes: b.bytes, MaxAge: b.age})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// with opens the store for f.
func (c *inspector) with(f func(s store.Administrator) error) error {
	s, err := c.open(bounds{})
	if err != nil {
		return err
	}
	return errors.Join(f(s), s.Close())
}

// dir returns the directory of the store: the one that was asked for, or the only one
// that there is.
func (c *inspector) dir() (string, error) {
	if c.where != "" {
		if strings.ContainsAny(c.where, `/\`) || c.where == "." || c.where == ".." || disk.Exists(c.where) {
			return filepath.Abs(c.where)
		}
		return disk.Dir(c.where)
	}
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

func (c *inspector) pathCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "path",
		Short: "Print the directory of the store",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := c.dir()
			if err != nil {
				return err
			}
			if c.json {
				return c.object(struct {
					Path   string `json:"path"`
					Exists bool   `json:"exists"`
				}{dir, disk.Exists(dir)})
			}
			fmt.Fprintln(c.stdout, dir)
			return nil
		},
	}
}
