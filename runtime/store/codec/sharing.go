package codec

import (
	"errors"
	"unsafe"
)

// What is shared is written once for every way to get there. Thirty structs, each of
// which points to the next one twice, would take a billion steps. What is told apart
// here is such a value and one that is large, as package key does it.

const (
	// free is how many pointers, slices and maps are written before it is counted how
	// many of them are different.
	free = 1 << 20
	// shared is how many ways to each of them there may be on average.
	shared = 64
	// sampled is the part of them that is counted: one of so many, chosen by hash.
	sampled = 64
	// slack is what is written before the sample has to mean something.
	slack = 1 << 16
)

var errShared = errors.New("shares so many of its parts that writing it out does not end")

// sharing counts what one encoder writes.
type sharing struct {
	entered int
	sample  map[uint64]struct{}
}

// enters counts a pointer, slice or map, and returns an error when there is no end to
// them.
func (s *sharing) enters(ptr unsafe.Pointer, n int) error {
	if s.entered++; s.entered <= free {
		return nil
	}
	h := (uint64(uintptr(ptr)) + uint64(n)) * 0x9e3779b97f4a7c15
	if h>>32%sampled == 0 {
		if s.sample == nil {
			s.sample = map[uint64]struct{}{}
		}
		s.sample[h] = struct{}{}
	}
	if s.entered > free+slack+shared*sampled*len(s.sample) {
		return errShared
	}
	return nil
}
