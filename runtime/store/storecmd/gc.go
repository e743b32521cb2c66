package storecmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/store"
)

func (c *inspector) gcCommand() *cobra.Command {
	var size, age string
	examples := gcAgeExample
	if c.tool.MaxBytes {
		examples = gcExample
	}
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "Drop what has expired and what does not fit",
		Long:  gcHelp, Example: c.examples(examples),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := parseBounds(size, age)
			if err != nil {
				return err
			}
			return c.open(cmd.Context(), a, func(s store.Administrator) error { return c.gc(cmd.Context(), s) })
		},
	}
	if c.tool.MaxBytes {
		cmd.Flags().StringVar(&size, "max-bytes", "", "evict what was not used for the longest time until the store takes no more\nthan this `size`, such as 500MB or 2GiB")
	}
	cmd.Flags().StringVar(&age, "max-age", "", "drop results that are older than this `duration`, such as 36h or 30d")
	return cmd
}

// parseBounds reads the bounds, "" being none.
func parseBounds(size, age string) (a Access, err error) {
	if size != "" {
		if a.MaxBytes, err = parseBytes(size); err != nil {
			return a, err
		}
		a.MaxBytes = max(a.MaxBytes, 1)
	}
	if age != "" {
		if a.MaxAge, err = parseDuration(age); err != nil {
			return a, err
		}
		a.MaxAge = max(a.MaxAge, time.Microsecond)
	}
	return a, nil
}

func (c *inspector) gc(ctx context.Context, s store.Administrator) error {
	before, err := s.Usage(ctx)
	if err == nil {
		err = s.GC(ctx)
	}
	if err != nil {
		return err
	}
	after, err := s.Usage(ctx)
	if err != nil {
		return err
	}
	if c.json {
		return c.object(struct {
			Dropped int64 `json:"dropped"` // results
			Results int64 `json:"results"`
			Records int64 `json:"records"`
			Before  int64 `json:"bytesBefore"`
			After   int64 `json:"bytes"`
		}{before.Results - after.Results, after.Results, after.Records, before.Bytes + before.Free, after.Bytes + after.Free})
	}
	fmt.Fprintf(c.stdout, "dropped %s, %s left; %s on the disk, %s before\n",
		count(int(before.Results-after.Results), "result"), count(int(after.Results), "result"),
		bytesText(after.Bytes+after.Free), bytesText(before.Bytes+before.Free))
	return nil
}
