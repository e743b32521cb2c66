//go:build linux

package disk_test

import (
	"context"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store/crashtest"
)

// TestCrashesOnAFullDisk does what TestCrashes does, while the disk is filled and freed.
func TestCrashesOnAFullDisk(t *testing.T) {
	t.Parallel() // mostly waits
	if inNamespace(t) {
		return
	}
	mount := smallDisk(t, "100m")
	crashtest.Test(t, crashtest.Backend{
		Open: openForCrash, Target: mount + "/store", Lease: crashLease,
		StopsHold: true,
		Longest:   2 * time.Minute, // then results fill it for good
		Faults: []crashtest.Fault{{Name: "the disk is full", Do: func(ctx context.Context, d time.Duration) error {
			fillDisk(t, mount)
			select {
			case <-ctx.Done():
			case <-time.After(d):
			}
			freeDisk(t, mount)
			return nil
		}}},
	})
}
