package crashtest

import (
	"math/rand/v2"
	"time"
)

// An incident is what is going to happen at some time of a round.
type incident struct {
	at    time.Duration // since the round began
	kind  kind
	child int           // whom it happens to
	fault int           // which one
	takes time.Duration // until the process goes on, or is there again, or the fault is mended
}

type kind int

const (
	kill  kind = iota
	stop       // for less than a lease, or for longer
	fault      // of the backend
)

// schedule draws what happens in a round of some length. Faults do not overlap with each other, but
// with everything else.
func schedule(random *rand.Rand, b *Backend, length time.Duration) (list []incident) {
	gap := b.Lease/2 + length/100
	free := time.Duration(0) // when the last fault is over
	for at := gap / 2; ; {
		at += time.Duration(random.ExpFloat64() * float64(gap))
		if at >= length {
			return list
		}
		in := incident{at: at, child: random.IntN(b.Processes)}
		switch n := random.IntN(10); {
		case n < 4 && len(b.Faults) > 0 && at >= free:
			in.kind, in.fault = fault, random.IntN(len(b.Faults))
			in.takes = time.Duration(random.Int64N(int64(b.Faults[in.fault].Most)))
			free = at + in.takes + b.Lease
		case n < 7:
			in.kind, in.takes = kill, time.Duration(random.Int64N(int64(b.Lease)))
		case n < 9:
			in.kind, in.takes = stop, b.Lease+time.Duration(random.Int64N(int64(b.Lease)))
		default:
			in.kind, in.takes = stop, time.Duration(random.Int64N(int64(b.Lease)))
		}
		list = append(list, in)
	}
}
