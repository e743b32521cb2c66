package key

import (
	"errors"
	"math"
	"unsafe"
)

// The encoding writes out what is shared once for every way to get there. Thirty
// structs, each of which points to the next one twice, would take a billion
// steps. What is told apart here is such a value and one that is large.

const (
	// free is how many things an encoder enters before it counts how many of
	// them are different.
	free = 1 << 20

	// shared is how many ways to each thing there may be on average.
	shared = 64

	// sampled is the part of the things that is counted: one of so many, chosen
	// by hash. Ten million of them then take a few MiB.
	sampled = 64

	// slack is what is entered before the sample has to mean something.
	slack = 1 << 16

	// spent is Encoder.enters of an encoder that enters nothing any more.
	spent = math.MaxInt / 2
)

var errShared = errors.New("the value shares so many of its parts that writing it out does not end: " +
	"give its type a method EncodeKey(*key.Encoder) that writes each part once")

// affords counts something that is entered when free is used up, and reports
// whether it may be.
func (e *Encoder) affords(typ, ptr unsafe.Pointer, n int) bool {
	if e.err != nil {
		return false
	}
	h := (hashInside(ptr, n) ^ uint64(uintptr(typ))) * factor
	if h>>32%sampled == 0 {
		if e.sample == nil {
			e.sample = map[uint64]struct{}{}
		}
		e.sample[h] = struct{}{}
	}
	if e.enters > free+slack+shared*sampled*len(e.sample) {
		e.Fail(errShared)
		return false
	}
	return true
}
