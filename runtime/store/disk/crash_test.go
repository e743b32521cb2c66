//go:build unix

package disk_test

import (
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/crashtest"
	"github.com/workgen/workgen/runtime/store/disk"
)

// crashLease is how long leases last in TestCrashes.
const crashLease = 700 * time.Millisecond

func openForCrash(dir string) (store.Store, error) {
	return disk.Open("", disk.Options{Dir: dir, Lease: crashLease})
}

// TestCrashes kills and stops processes for three seconds, or for as long as -crash.for says.
func TestCrashes(t *testing.T) {
	t.Parallel() // mostly waits
	crashtest.Test(t, crashtest.Backend{
		Open: openForCrash, Target: t.TempDir(), Lease: crashLease,
		StopsHold: true, // in the middle of a commit
	})
}

// TestCrashesOfWorkers does what TestCrashes does where some processes execute what others call.
func TestCrashesOfWorkers(t *testing.T) {
	t.Parallel()
	crashtest.Test(t, crashtest.Backend{
		Open: openForCrash, Target: t.TempDir(), Lease: crashLease,
		Workers: true, StopsHold: true,
	})
}
