package runtime

import "sync/atomic"

// table finds calls, finished and unfinished, by hash and key. It is a chained
// hash table that grows and never shrinks, with readers that take no lock and
// writers that hold the runner's mutex.
//
// One rule makes lock-free readers safe: next always points to an entry that was
// inserted before this one. Inserting at the head of a chain keeps it, so does
// unlinking an entry (which keeps its own next for readers that stand on it),
// and so does growing, which splits every chain in two without changing the
// order. A reader hence moves to ever older entries, whatever writers do, and
// must come to an end.
//
// While the table grows a reader may be led from one half of a chain to the
// other and miss an entry that is there. That costs time and is never wrong:
// every miss looks again under the mutex, where nothing moves.
type table[K comparable, R any] struct {
	buckets atomic.Pointer[[]atomic.Pointer[entry[K, R]]] // power of two
	len     int                                           // of the entries; mu
}

// entry is a call in the table. What a hit reads comes first.
type entry[K comparable, R any] struct {
	next atomic.Pointer[entry[K, R]]
	key  K
	call Call[R]
}

// minBuckets is small: many runners may live at once, most with few calls.
const minBuckets = 8

// reset makes the table empty. Readers under way go on in what was there.
func (t *table[K, R]) reset() {
	b := make([]atomic.Pointer[entry[K, R]], minBuckets)
	t.buckets.Store(&b)
	t.len = 0
}

// find needs no lock. k does not escape.
func (t *table[K, R]) find(hash uint64, k *K) *entry[K, R] {
	b := *t.buckets.Load()
	for e := b[hash&uint64(len(b)-1)].Load(); e != nil; e = e.next.Load() {
		if e.call.hash == hash && e.key == *k {
			return e
		}
	}
	return nil
}

// insert adds e, whose key is not in the table. mu is held.
func (t *table[K, R]) insert(e *entry[K, R]) {
	b := *t.buckets.Load()
	// Half full at most: an entry passed over on the way is a cache line more to
	// fetch, and costs a hit in a large table more than the look at its bucket.
	if 2*t.len >= len(b) {
		b = grown(b)
		t.buckets.Store(&b)
	}
	head := &b[e.call.hash&uint64(len(b)-1)]
	e.next.Store(head.Load())
	head.Store(e)
	t.len++
}

// grown returns twice as many buckets with the same entries, in the same order.
func grown[K comparable, R any](old []atomic.Pointer[entry[K, R]]) []atomic.Pointer[entry[K, R]] {
	b := make([]atomic.Pointer[entry[K, R]], 2*len(old))
	mask := uint64(len(b) - 1)
	for i := range old {
		// A chain's entries go to bucket i or to bucket i+len(old).
		low, high := &b[i], &b[i+len(old)]
		for e := old[i].Load(); e != nil; {
			next := e.next.Load()
			if e.call.hash&mask == uint64(i) {
				low.Store(e)
				low = &e.next
			} else {
				high.Store(e)
				high = &e.next
			}
			e = next
		}
		low.Store(nil)
		high.Store(nil)
	}
	return b
}

// unlink takes the entry of a node out and reports whether it was there. mu is held.
func (t *table[K, R]) unlink(n *node) bool {
	b := *t.buckets.Load()
	at := &b[n.hash&uint64(len(b)-1)]
	for e := at.Load(); e != nil; e = at.Load() {
		if &e.call.node == n {
			at.Store(e.next.Load())
			t.len--
			return true
		}
		at = &e.next
	}
	return false
}

// at returns the node that has a hash, and a number unless that is 0; nil if none has.
// mu is held.
func (t *table[K, R]) at(hash, number uint64) *node {
	b := *t.buckets.Load()
	for e := b[hash&uint64(len(b)-1)].Load(); e != nil; e = e.next.Load() {
		if e.call.hash == hash && (number == 0 || e.call.number == number) {
			return &e.call.node
		}
	}
	return nil
}

// resultOf returns the result of a node that is in the table. mu is held.
func (t *table[K, R]) resultOf(n *node) any {
	b := *t.buckets.Load()
	for e := b[n.hash&uint64(len(b)-1)].Load(); e != nil; e = e.next.Load() {
		if &e.call.node == n {
			return e.call.result
		}
	}
	return nil
}
