package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/store/disk"
)

func (c *inspector) gcCommand() *cobra.Command {
	var size, age string
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "Drop what has expired and what does not fit",
		Long:  gcHelp, Example: gcExample,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := bounds(size, age)
			if err != nil {
				return err
			}
			s, err := c.open(o)
			if err != nil {
				return err
			}
			return errors.Join(c.gc(cmd.Context(), s), s.Close())
		},
	}
	cmd.Flags().StringVar(&size, "max-bytes", "", "evict what was not used for the longest time until the store takes no more\nthan this `size`, such as 500MB or 2GiB")
	cmd.Flags().StringVar(&age, "max-age", "", "drop results that are older than this `duration`, such as 36h or 30d")
	return cmd
}

// bounds are those of a collection, from flags.
func bounds(size, age string) (o disk.Options, err error) {
	if size != "" {
		if o.MaxBytes, err = parseBytes(size); err != nil {
			return o, err
		}
		o.MaxBytes = max(o.MaxBytes, 1)
	}
	if age != "" {
		if o.MaxAge, err = parseDuration(age); err != nil {
			return o, err
		}
		o.MaxAge = max(o.MaxAge, time.Microsecond)
	}
	return o, nil
}

func (c *inspector) gc(ctx context.Context, s *disk.Store) error {
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
