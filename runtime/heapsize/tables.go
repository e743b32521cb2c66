package heapsize

// Maps of Go are Swiss tables (internal/runtime/maps/map.go): up to eight entries are in
// one group of eight slots, more of them in a table with the power of two of slots that
// leaves an eighth free, and from maxEntries on in several tables with a directory. What the
// length does not tell counts as nothing: the room that deleted entries leave, and the table
// that a map of eight entries gets when one of them is assigned to once more.
const (
	groupSlots = 8
	maxSlots   = 1024 // of a table
	maxEntries = maxSlots / 8 * 7
	maxInline  = 128 // bytes; what is larger stands outside of its slot (internal/abi/map.go)

	mapSize   = 16 + 4*word // of maps.Map
	tableSize = 16 + 2*word // of maps.table
)

// tables returns the size of a map with n entries, given the sizes of a key, of a value and
// of a slot with both. It is exact for a single table. Of several each is split when it is
// full, which one is sooner than another, since hashes deal out the entries; while that
// goes on, and only chance knows how far, what is returned is in the middle.
//
//go:noinline
func tables(n int, key, value, slot uintptr, pointers bool) int {
	size := object(mapSize, true)
	for _, part := range []uintptr{key, value} {
		if part > maxInline {
			size += n * object(part, pointers)
			slot = aligned(inline(key)) + aligned(inline(value))
		}
	}
	group := 8 + groupSlots*slot
	switch {
	case n == 0:
		return size
	case n <= groupSlots:
		return size + object(group, pointers)
	}
	table := func(slots uintptr) int {
		return object(tableSize, true) + object(slots/groupSlots*group, pointers)
	}
	if n <= maxEntries {
		slots := uintptr(2 * groupSlots)
		for uintptr(n) > slots/8*7 {
			slots *= 2
		}
		return size + object(word, true) + table(slots)
	}
	count := 1
	for n > count*(maxEntries+34) {
		count *= 2
	}
	quarters := 4 * count
	switch mean := n / count; {
	case mean > maxEntries:
		quarters = 7 * count
	case mean > maxEntries-36:
		quarters = 5 * count
	}
	return size + object(uintptr(count)*word, true) + quarters*table(maxSlots)/4
}

// inline returns how many bytes of a key or value of n bytes are in its slot.
func inline(n uintptr) uintptr {
	if n > maxInline {
		return word
	}
	return n
}

// aligned returns how far something of n bytes is from a pointer behind it.
func aligned(n uintptr) uintptr { return (n + word - 1) &^ (word - 1) }
