//go:build unix

package tier_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/crashtest"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/store/storetest"
	"github.com/workgen/workgen/runtime/store/tier"
)

func TestMain(m *testing.M) {
	crashtest.Child(openForCrash)
	os.Exit(m.Run())
}

const crashLease = 700 * time.Millisecond

// openForCrash opens a tier of one of three machines, some of which were there before. What is
// called shared is opened without a tier.
func openForCrash(dir string) (store.Store, error) {
	if filepath.Base(dir) == "shared" {
		return disk.Open("", disk.Options{Dir: dir, Lease: crashLease})
	}
	local, err := disk.Open("", disk.Options{Dir: filepath.Join(dir, "machine"+strconv.Itoa(os.Getpid()%3))})
	if err != nil {
		return nil, err
	}
	shared, err := openForCrash(filepath.Join(dir, "shared"))
	if err != nil {
		_ = local.Close()
		return nil, err
	}
	var faults storetest.Faults
	faults.Inject(storetest.All, func(ctx context.Context, c *storetest.Call) error {
		if _, err := os.Stat(silent(dir)); err == nil {
			return storetest.ErrFault
		}
		return c.Do(ctx)
	})
	return tier.New(local, faults.Wrap(shared), tier.Options{}), nil
}

// silent is a file that is there while the shared store does not answer.
func silent(dir string) string { return filepath.Join(dir, "silent") }

// TestCrashes kills and stops processes of three machines, which do not always reach the shared
// store, for three seconds, or for as long as -crash.for says.
func TestCrashes(t *testing.T) {
	dir := t.TempDir()
	crashtest.Test(t, crashtest.Backend{
		Open: openForCrash, Target: dir, Direct: filepath.Join(dir, "shared"), Lease: crashLease,
		StopsHold: true, // in the middle of a commit
		Faults: []crashtest.Fault{{
			Name: "the shared store does not answer",
			Do: func(_ context.Context, d time.Duration) error {
				err := os.WriteFile(silent(dir), nil, 0o600)
				time.Sleep(d)
				return errors.Join(err, os.Remove(silent(dir)))
			},
		}},
	})
}
