package key

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
	"unsafe"

	"github.com/zeebo/xxh3"
)

// entry is where one entry of an open map stands in Encoder.buf.
type entry struct {
	hash  uint64 // of the encoded key, known when the map ends: its unseeded XXH3-64; not of few in a fingerprint
	start int    // of the key
	value int    // end of the key, start of the value; 0 until Value is called (never its place: a length word comes before)
	end   int    // of the value; known when the map ends
}

const entryBytes = int(unsafe.Sizeof(entry{}))

// MapEncoder appends the entries of one map. It is got from Encoder.Map and is
// good until End.
type MapEncoder struct {
	e     *Encoder
	at    int    // offset of the length word
	word  uint64 // what stands there
	base  int    // length of Encoder.entries outside this map
	depth int    // value of Encoder.open inside this map
}

// Map begins a map of n entries. The caller appends them in any order, each as
// Key, the key, Value, the value; and then calls End, which puts them in the one
// order that depends on nothing but their content.
//
//	m := e.Map(len(v.Labels), v.Labels == nil)
//	for k, x := range v.Labels {
//		m.Key()
//		e.String(k)
//		m.Value()
//		e.Int(x)
//	}
//	m.End()
//
// Maps may be nested, as values and within keys. The length that counts is the
// number of entries that were really appended; n only says what to expect.
func (e *Encoder) Map(n int, isNil bool) MapEncoder {
	m := MapEncoder{
		e:     e,
		at:    len(e.buf),
		word:  lengthWord(n, isNil),
		base:  len(e.entries),
		depth: e.open + 1,
	}
	e.open = m.depth
	e.Uint64(m.word)
	return m
}

// Key begins an entry; its key is what is appended until Value.
func (m MapEncoder) Key() {
	m.e.entries = append(m.e.entries, entry{start: len(m.e.buf)})
}

// Value ends the key of the entry; its value is what is appended until the next
// Key, or End. It panics without a Key before it.
func (m MapEncoder) Value() {
	e := m.e
	last := len(e.entries) - 1
	if last < m.base || e.entries[last].value != 0 {
		m.mustHaveKey()
		return
	}
	e.entries[last].value = len(e.buf)
}

// mustHaveKey panics where a value has no key. An encoder that has failed may
// have lost it.
func (m MapEncoder) mustHaveKey() {
	if m.e.err == nil {
		panic("key: Value without Key: call Key, append the key, call Value, append the value")
	}
}

// End puts the entries in canonical order. It panics when an entry has no value,
// or a map or frame that was opened inside this one is still open.
func (m MapEncoder) End() {
	e := m.e
	if e.err != nil {
		return
	}
	if e.open != m.depth {
		panic("key: End does not match the last Map: call End on every map and Close on every frame, once, innermost first")
	}
	n := len(e.entries) - m.base
	if word := uint64(n) + 1; word != m.word && (n > 0 || m.word != 0) {
		putLength(e.buf[m.at:], word) // the map changed under the caller's range
	}
	switch entries := e.entries[m.base:]; {
	case e.durable || n > few:
		e.arrange(entries)
	default:
		e.order(entries)
	}
	e.entries = e.entries[:m.base]
	e.open--
	if e.durable {
		e.spill()
	}
}

// order puts a few entries, which end the buffer, in the order of their bytes.
// Any order would do that depends on their content alone: it is that of a
// fingerprint, and no other process sees it.
func (e *Encoder) order(entries []entry) {
	end := len(e.buf)
	for i := len(entries) - 1; i >= 0; i-- {
		x := &entries[i]
		x.mustHaveValue()
		x.end = end
		end = x.start
	}
	moved := false
	for i := 1; i < len(entries); i++ {
		x := entries[i]
		own := e.buf[x.start:x.end]
		j := i
		for ; j > 0 && bytes.Compare(e.buf[entries[j-1].start:entries[j-1].end], own) > 0; j-- {
			entries[j] = entries[j-1]
			moved = true
		}
		entries[j] = x
	}
	if moved {
		e.rewrite(end, entries)
	}
}

// rewrite writes the entries anew from start on, in the order in which they come.
func (e *Encoder) rewrite(start int, entries []entry) {
	b := e.sorted[:0]
	for i := range entries {
		b = append(b, e.buf[entries[i].start:entries[i].end]...)
	}
	copy(e.buf[start:], b)
	e.sorted = b
}

func (x *entry) mustHaveValue() {
	if x.value == 0 {
		panic("key: Key without Value: call Key, append the key, call Value, append the value")
	}
}

// arrange puts the bytes of the entries, which end the buffer, in canonical
// order: by hash, equal hashes by key, equal keys by value.
//
// Ordering by a hash of the key instead of the key is what makes this quick:
// hashes are spread evenly, so that one counting pass over their top bits leaves
// next to nothing to sort, whatever the keys look like. The order is as good as
// any other because it is a function of the content alone; collisions only cost
// time.
func (e *Encoder) arrange(entries []entry) {
	start, shift := e.survey(entries)
	if len(entries) < 2 {
		return
	}
	placed, longest := entries, 1
	if len(entries) > few {
		placed, longest = e.distribute(entries, shift)
	}
	if !settle(e.buf, placed, longest) && len(entries) <= few {
		return // they were in order
	}
	e.rewrite(start, placed)
}

// few is the number of entries up to which it takes less time to insert them one
// by one than to distribute them.
const few = 8

// survey finds out where the entries end and what the hashes of their keys are,
// now that all are written: to read at once what has just been written in pieces
// of another size stalls the processor. It returns where the first one starts.
// Of more than a few it counts the hashes that agree after the shift that it
// returns: at least as many buckets as entries.
func (e *Encoder) survey(entries []entry) (start, shift int) {
	counts := e.counts[:0]
	if n := len(entries); n > few {
		width := bits.Len(uint(n - 1))
		shift = 64 - width
		counts = slices.Grow(counts, 1<<width)[:1<<width]
		clear(counts)
	}
	end := len(e.buf)
	for i := len(entries) - 1; i >= 0; i-- {
		x := &entries[i]
		x.mustHaveValue()
		x.hash = xxh3.Hash(e.buf[x.start:x.value])
		if len(counts) > 0 {
			counts[x.hash>>shift]++
		}
		x.end = end
		end = x.start
	}
	e.counts = counts
	return end, shift
}

// distribute copies the entries to e.placed in the order of the top bits of
// their hashes, which survey has counted: about one entry to a bucket. It returns
// them and the size of the largest bucket.
func (e *Encoder) distribute(entries []entry, shift int) (placed []entry, longest int) {
	n, counts := len(entries), e.counts
	next := 0
	for i, c := range counts {
		counts[i] = next // from here on: where the bucket's next entry goes
		next += c
		longest = max(longest, c)
	}
	placed = slices.Grow(e.placed[:0], n)[:n]
	e.placed = placed
	for i := range entries {
		c := &counts[entries[i].hash>>shift]
		placed[*c] = entries[i]
		*c++
	}
	return placed, longest
}

// settle finishes the order that distribute began. No entry has to leave its
// bucket, so for the small buckets of honest hashes one insertion pass over all
// is linear. Keys made to collide would make it quadratic; then it sorts. It
// reports whether any entry had to be moved.
func settle(buf []byte, placed []entry, longest int) (moved bool) {
	const crowded = 32
	if longest > crowded {
		slices.SortFunc(placed, func(a, b entry) int { return compareEntries(buf, &a, &b) })
		return true
	}
	for i := 1; i < len(placed); i++ {
		if placed[i-1].hash < placed[i].hash {
			continue // nearly always
		}
		x := placed[i]
		j := i
		for ; j > 0 && compareEntries(buf, &placed[j-1], &x) > 0; j-- {
			placed[j] = placed[j-1]
			moved = true
		}
		placed[j] = x
	}
	return moved
}

// compareEntries orders entries. Two that agree in hash, key and value are the
// same bytes, so their order cannot be seen.
func compareEntries(buf []byte, x, y *entry) int {
	if c := cmp.Compare(x.hash, y.hash); c != 0 {
		return c
	}
	if c := bytes.Compare(buf[x.start:x.value], buf[y.start:y.value]); c != 0 {
		return c
	}
	// Only keys that are not equal to themselves get here: NaNs.
	return bytes.Compare(buf[x.value:x.end], buf[y.value:y.end])
}
