package heapsize

import "unsafe"

// The functions here stay out of generated code, which compiles faster without them.

// Bytes returns the size of n bytes that are no pointers.
//
//go:noinline
func Bytes(n int) int { return object(uintptr(n), false) }

// array returns the size of an array with room for so many elements, each of so many
// bytes, of which the first are in use. Append at most doubles a small array; math/big
// leaves room for four more words.
//
//go:noinline
func array(used, room int, elem uintptr, pointers bool) int {
	return object(uintptr(min(room, 2*used+4))*elem, pointers)
}

// box returns the size of n bytes at p in an interface. Numbers below 256 all have the
// same place, which is not on the heap (runtime/iface.go, convT16 and those after it).
//
//go:noinline
func box(p unsafe.Pointer, n, align uintptr) int {
	small := n == 1
	if n == align {
		switch n {
		case 2:
			small = *(*uint16)(p) < 256
		case 4:
			small = *(*uint32)(p) < 256
		case 8:
			small = *(*uint64)(p) < 256
		}
	}
	if small {
		return 0
	}
	return object(n, n > tinySize)
}

const (
	word = unsafe.Sizeof(uintptr(0))

	// maxSmall is the size from which on objects have pages of their own
	// (runtime/malloc.go, maxSmallSize-gc.MallocHeaderSize).
	maxSmall = 32<<10 - header
	page     = 8 << 10

	// tinySize is what objects share that are smaller and hold no pointers, three or more
	// of them if they are a third of it (runtime/malloc.go, mallocgcTiny).
	tinySize = 16

	// header is what comes before an object that holds pointers and is larger than
	// minHeader (internal/runtime/gc/malloc.go, MallocHeaderSize and
	// MinSizeForMallocHeader).
	header    = 8
	minHeader = word * word * 8
)

// object returns what an object of n bytes takes (runtime/malloc.go, roundupsize).
//
//go:noinline
func object(n uintptr, pointers bool) int {
	if n > maxSmall {
		return int((n + page - 1) &^ (page - 1))
	}
	switch {
	case pointers && n > minHeader:
		n += header
	case !pointers && n <= tinySize/3:
		return int(n)
	}
	return class(n)
}

// class returns the size of the smallest class that has room for n bytes
// (internal/runtime/gc/sizeclasses.go).
func class(n uintptr) int {
	switch {
	case n <= 32:
		return int(n+7) &^ 7
	case n <= 256:
		return int(n+15) &^ 15
	case n <= 512:
		return int(n+31) &^ 31
	}
	low, high := 0, len(classes)-1 // the class is one of these and those between them
	for low < high {
		if middle := (low + high) / 2; n <= uintptr(classes[middle]) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return int(classes[low])
}

// classes are those above 512 bytes, up to which they are multiples of a power of two.
var classes = [...]uint16{
	576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096,
	4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384,
	18432, 19072, 20480, 21760, 24576, 27264, 28672, 32768,
}
