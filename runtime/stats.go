package runtime

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// Stats counts what a runner did since it was made. Counters only grow; gauges
// tell of the moment.
//
// Every Run and Start is counted in exactly one of the first four, so
//
//	Hits + Misses + Joined + Refused = calls of Run and Start
//	Misses = Successes + Errors + Stops + unfinished calls
//
// hold whenever no call is just being made. Lookup, Wait and Result are not
// counted.
type Stats struct {
	Hits    int64 // answered at once with what was kept: a result, or an error under CacheErrors
	Misses  int64 // made a new call
	Joined  int64 // found an equal call unfinished, and waited for it
	Refused int64 // not a hit, and not let in: context already ended, runner closed, or a cycle

	Unkeyed int64 // of those missed or refused: calls whose inputs could not be encoded, so that nothing is kept

	Stored      int64 // of those missed: calls whose result was in the store, so that nothing executed
	StoreErrors int64 // what a store could not do

	Executions int64 // bodies that began
	Retries    int64 // bodies that failed and will begin again, if nothing ends the call before
	Successes  int64 // calls that succeeded
	Errors     int64 // calls that failed: by error, panic, Goexit, timeout or changed input
	Panics     int64 // bodies that panicked, also when their call had ended before
	Timeouts   int64 // calls that failed by Timeout
	Stops      int64 // calls that were stopped

	Evictions   int64 // kept results and errors that made room for others
	Expirations int64 // kept results and errors whose time was over

	InFlight int // gauge: bodies that have begun and not returned, deaf ones included
	Pending  int // gauge: calls that were made and whose body has not begun
	Entries  int // gauge: results and errors kept

	ExecutionTime time.Duration // sum over the bodies that returned, waiting for nested calls included
}

// stripe is one part of a counter, alone in its cache line so that processors
// counting in different stripes do not take the line from each other.
type stripe struct {
	n atomic.Int64
	_ [56]byte
}

// counter is written by every hit. One shared word costs a hit more than the
// look-up when several processors hit at once, hence the stripes.
type counter [1 << stripeBits]stripe

const stripeBits = 4

// add counts one. Goroutines are told apart by where their stacks are: it costs
// nothing to find out and stays the same for a while. Stacks begin at multiples
// of 2 KiB; the multiplication spreads whatever bits differ above that to the
// top, of which stripeBits choose.
func (c *counter) add() {
	var here byte
	at := uint64(uintptr(unsafe.Pointer(&here))) >> 11
	c[at*0x9E3779B97F4A7C15>>(64-stripeBits)].n.Add(1)
}

// sum is exact when no add is under way.
func (c *counter) sum() (n int64) {
	for i := range c {
		n += c[i].n.Load()
	}
	return n
}
