package crashtest

import (
	"cmp"
	"context"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// A Backend is a store under test.
type Backend struct {
	// Open opens a handle of the store that a target names: a directory, or a URL. It is the
	// function that [Child] is given, too: children are new processes, so that all it needs must be
	// in the target. While the store cannot be reached it may return an error; then it is called
	// again.
	Open func(target string) (store.Store, error)

	// Target is what children open. Direct is what the test opens to see what there is in the
	// end, such as past a proxy; "" is Target.
	Target, Direct string

	// Lease is how long leases of the store last, such as a second.
	Lease time.Duration

	// Slack is for how long a caller may wait beyond what is accounted for: connections are
	// made anew, and somebody polls. 0 is five seconds.
	Slack time.Duration

	// Workers has some processes execute what others call, by way of the store's queue. The
	// store has a method Queue then, and its tasks are given to others after Lease.
	Workers bool

	// Processes is how many there are at the same time. 0 is four, or six with Workers.
	Processes int

	// Longest bounds how long the test lasts, whatever -crash.for says. 0 is no bound.
	Longest time.Duration

	// StopsHold says that a process that is stopped may keep the others from the store, as
	// with SQLite.
	StopsHold bool

	// Faults are what else can happen to the store, beside SIGKILL and SIGSTOP of its users.
	Faults []Fault
}

// A Fault keeps processes from their store, for a while.
type Fault struct {
	Name string // as it is logged

	// Do makes the fault, keeps it for about so long, and mends it. It returns when the store
	// can be reached again, or could be if nothing else failed; an error fails the test. The
	// context does not end before that but when the test is given up.
	Do func(ctx context.Context, d time.Duration) error

	// Most is the longest time that Do is given. 0 is twice the lease.
	Most time.Duration
}

// withDefaults returns b with what is left out.
func (b Backend) withDefaults() Backend {
	b.Direct = cmp.Or(b.Direct, b.Target)
	b.Slack = cmp.Or(b.Slack, 5*time.Second)
	if b.Processes == 0 {
		if b.Processes = 4; b.Workers {
			b.Processes = 6
		}
	}
	b.Faults = append([]Fault(nil), b.Faults...)
	for i := range b.Faults {
		b.Faults[i].Most = cmp.Or(b.Faults[i].Most, 2*b.Lease)
	}
	return b
}

// jobOf returns what the process in a place does: with workers, every third one makes calls, and of
// the others some serve each version.
func (b *Backend) jobOf(place int) job {
	j := job{Fails: place%2 == 1}
	switch {
	case !b.Workers:
	case place%3 == 0:
		j.Role = asking
	default:
		j.Role, j.Version = serves, place%3%versions
	}
	return j
}
