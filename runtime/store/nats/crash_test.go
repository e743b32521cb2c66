//go:build unix

package nats_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/crashtest"
	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/nats/natstest"
)

// crashLease is how long leases last in tests of crashes.
const crashLease = time.Second

func TestMain(m *testing.M) {
	crashtest.Child(openForCrash)
	os.Exit(m.Run())
}

// openForCrash opens a store that is named by its namespace and URL.
func openForCrash(target string) (store.Store, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	ns, url, _ := strings.Cut(target, " ")
	return nats.Open(ctx, nats.Options{URL: url, Namespace: ns, Lease: crashLease, AckWait: crashLease})
}

// TestCrashes kills and stops processes, restarts the only server, and cuts connections, for three
// seconds, or for as long as -crash.for says.
func TestCrashes(t *testing.T) {
	t.Parallel() // mostly waits
	c := natstest.Start(t, 1, synced)
	proxy := crashtest.NewProxy(t, "tcp", c.Addr(0))
	for _, workers := range []bool{false, true} {
		t.Run(map[bool]string{false: "store", true: "workers"}[workers], func(t *testing.T) {
			ns := namespace(t, c) + " "
			crashtest.Test(t, crashtest.Backend{
				Open: openForCrash, Target: ns + "nats://" + proxy.Addr(), Direct: ns + c.URL(), Lease: crashLease, Workers: workers,
				Slack:  20 * time.Second, // until a connection is found to be dead, and an operation is given up
				Faults: append(proxy.Faults(), restarted(c, 0)),
			})
		})
	}
}

// restarted has a server be down for a while.
func restarted(c *natstest.Cluster, i int) crashtest.Fault {
	return crashtest.Fault{Name: "a server is restarted", Do: func(_ context.Context, d time.Duration) error {
		c.Stop(i)
		time.Sleep(d)
		c.Restart(i)
		c.Wait()
		return nil
	}}
}

// TestCrashesOfACluster has leaders of three servers step down and end, while processes are killed and
// stopped.
func TestCrashesOfACluster(t *testing.T) {
	if testing.Short() {
		t.Skip("three servers take long")
	}
	t.Parallel()
	c := natstest.Start(t, 3, synced)
	crashtest.Test(t, crashtest.Backend{
		Open: openForCrash, Target: "workgen " + c.URL(), Lease: crashLease, Slack: 20 * time.Second, Workers: true,
		Faults: []crashtest.Fault{
			{Name: "the leader of the calls steps down", Do: func(context.Context, time.Duration) error {
				c.StepDown("workgen-calls")
				return nil
			}},
			{Name: "the leader of the tasks steps down", Do: func(context.Context, time.Duration) error {
				c.StepDown("workgen-tasks")
				return nil
			}},
			{Name: "the leader of the calls ends", Do: func(ctx context.Context, d time.Duration) error {
				return restarted(c, max(c.Leader("workgen-calls"), 0)).Do(ctx, d)
			}},
		},
	})
}
