package runtime

import (
	"sync/atomic"
	"time"
	"weak"

	"github.com/workgen/workgen/runtime/key"
)

// table finds calls, finished and unfinished, by hash and key. It is a chained
// hash table that grows and never shrinks, with readers that take no lock and
// writers that hold the runner's mutex.
//
// It grows a few chains at a time: a new array of twice as many buckets begins empty,
// and every insertion moves some chains of the old one, each of which splits in two.
// A chain that a writer needs is moved first, so that writers look into the new array
// only. Readers look into both.
//
// One rule makes lock-free readers safe: next always points to an entry that was
// inserted before this one. Inserting at the head of a chain keeps it, so does
// unlinking an entry (which keeps its own next for readers that stand on it),
// and so does splitting a chain without changing the order. A reader hence moves to
// ever older entries, whatever writers do, and must come to an end.
//
// While its chain splits a reader may be led from one half to the other and miss an
// entry that is there. That costs time and is never wrong: every miss looks again
// under the mutex, where nothing moves.
type table[K comparable, R any] struct {
	buckets atomic.Pointer[[]atomic.Pointer[entry[K, R]]] // power of two
	old     atomic.Pointer[[]atomic.Pointer[entry[K, R]]] // half as many, while it grows; otherwise nil
	moved   int                                           // chains of old that were moved in turn; mu
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
	t.old.Store(nil)
	t.len = 0
}

// find needs no lock. k does not escape.
func (t *table[K, R]) find(hash uint64, k *K) *entry[K, R] {
	if e := search(*t.buckets.Load(), hash, k); e != nil {
		return e
	}
	return t.findMoving(hash, k)
}

// findMoving is find for what is not in the new array, or was not a moment ago.
func (t *table[K, R]) findMoving(hash uint64, k *K) *entry[K, R] {
	old := t.old.Load()
	if old == nil {
		return nil
	}
	if e := search(*old, hash, k); e != nil {
		return e
	}
	return search(*t.buckets.Load(), hash, k) // it was moved meanwhile
}

func search[K comparable, R any](b []atomic.Pointer[entry[K, R]], hash uint64, k *K) *entry[K, R] {
	e := b[hash&uint64(len(b)-1)].Load()
	for e != nil && (e.call.node.hash != hash || e.key != *k) {
		e = e.next.Load()
	}
	return e
}

// insert adds e, whose key is not in the table. mu is held.
func (t *table[K, R]) insert(e *entry[K, R]) {
	t.grow()
	head := t.head(e.call.node.hash)
	e.next.Store(head.Load())
	head.Store(e)
	t.len++
}

// grow moves some chains, or begins to if there are too few buckets. Until the next time
// a quarter as many insertions come as there are buckets then, so all are moved by that
// time. mu is held.
func (t *table[K, R]) grow() {
	const step = 4
	old := t.old.Load()
	if old == nil {
		b := t.buckets.Load()
		// Half full at most: an entry passed over on the way is a cache line more to
		// fetch, and costs a hit in a large table more than the look at its bucket.
		if 2*t.len < len(*b) {
			return
		}
		twice := make([]atomic.Pointer[entry[K, R]], 2*len(*b))
		t.old.Store(b)
		t.buckets.Store(&twice)
		t.moved, old = 0, b
	}
	for range step {
		t.move(*old, t.moved)
		t.moved++
	}
	if t.moved == len(*old) {
		t.old.Store(nil)
	}
}

// head returns the bucket of a hash for writing, after its chain was moved. mu is held.
func (t *table[K, R]) head(hash uint64) *atomic.Pointer[entry[K, R]] {
	if old := t.old.Load(); old != nil {
		t.move(*old, int(hash&uint64(len(*old)-1)))
	}
	b := *t.buckets.Load()
	return &b[hash&uint64(len(b)-1)]
}

// move splits a chain of the old array in two, which go to bucket i and i+len(old) of
// the new one. It does nothing when that was done before. mu is held.
func (t *table[K, R]) move(old []atomic.Pointer[entry[K, R]], i int) {
	e := old[i].Load()
	if e == nil {
		return
	}
	b := *t.buckets.Load()
	var first [2]*entry[K, R]
	var last [2]*entry[K, R]
	for ; e != nil; e = e.next.Load() {
		half := 0
		if e.call.node.hash&uint64(len(old)) != 0 {
			half = 1
		}
		if last[half] == nil {
			first[half] = e
		} else if last[half].next.Load() != e {
			last[half].next.Store(e)
		}
		last[half] = e
	}
	for half, e := range last {
		if e != nil {
			e.next.Store(nil)
		}
		b[i+half*len(old)].Store(first[half])
	}
	old[i].Store(nil)
}

// unlink takes the entry of a node out and reports whether it was there. mu is held.
func (t *table[K, R]) unlink(n *node) bool {
	at := t.head(n.hash)
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
	for e := t.head(hash).Load(); e != nil; e = e.next.Load() {
		if e.call.node.hash == hash && (number == 0 || e.call.node.number == number) {
			return &e.call.node
		}
	}
	return nil
}

// resultOf returns the result of a node that is in the table. mu is held.
func (t *table[K, R]) resultOf(n *node) any {
	for e := t.head(n.hash).Load(); e != nil; e = e.next.Load() {
		if &e.call.node == n {
			return e.call.result
		}
	}
	return nil
}

// attributes are what few of the kept calls have.
type attributes struct {
	key      key.Key       // in a store that says what was deleted; else zero
	args     any           // pointer to them; nil without KeepArguments
	bytes    int64         // see runner.weighs
	ages     bool          // the result may be stale: see refresh.go
	expires  time.Duration // when it is too old then, since the runner was made
	gone     time.Duration // when it is of no use any more
	failures int           // refreshes in a row that have failed
}

// keep keeps a call that has ended and is in the table, whatever MaxEntries and MaxBytes say while
// there are pins. It reports whether it does: not what needs more memory than there may be. mu is
// held.
func (r *runner) keep(c *call, pins int) bool {
	n := c.node
	if pins == 0 && !r.fits(c.bytes) {
		r.stats.TooLarge++
		return false
	}
	r.stats.Entries++
	if c.bytes != 0 || c.args != nil || r.heedsDeletes {
		r.describe(c)
	}
	if pins == 0 {
		r.push(n)
		return true
	}
	if r.pinned == nil {
		r.pinned = map[*node]int{}
	}
	r.pinned[n] = pins
	return true
}

// describe notes the attributes of a call that is being kept. mu is held.
func (r *runner) describe(c *call) {
	a := attributes{bytes: c.bytes, args: c.args}
	if r.heedsDeletes {
		a.key = c.key
	}
	r.attributes[c.node] = a
	r.addBytes(c.bytes)
}

// push makes room for a call, and has it be one that may be evicted. mu is held.
func (r *runner) push(n *node) {
	// Make room first: the newcomer is not up for choice.
	for r.kept.Len() > 0 && (r.kept.Len() >= r.maxEntries || r.maxBytes > 0 && r.stats.Bytes > r.maxBytes) {
		r.evict()
	}
	r.kept.Push(n)
}

// evict ends the keeping of a call that is not pinned; there must be one. mu is held.
func (r *runner) evict() {
	r.stats.Evictions++
	r.drop(r.kept.Victim(), Evicted)
}

// unpin takes a pin away from a call, if it is still kept.
func (r *runner) unpin(n *node) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch r.pinned[n] {
	case 0:
	case 1:
		if !r.fits(r.attributes[n].bytes) {
			r.stats.Evictions++
			r.drop(n, Evicted)
			return
		}
		delete(r.pinned, n)
		r.push(n)
	default:
		r.pinned[n]--
	}
}

// drop ends the keeping of a call. mu is held.
func (r *runner) drop(n *node, why Removal) {
	r.table.unlink(n)
	if _, pinned := r.pinned[n]; pinned {
		delete(r.pinned, n)
	} else {
		r.kept.Remove(n)
	}
	r.expiry.Remove(n)
	if len(r.attributes) > 0 {
		r.addBytes(-r.attributes[n].bytes)
		delete(r.attributes, n)
	}
	r.stats.Entries--
	if why != Replaced {
		r.ghosts.add(n.hash, why, r.stats.Entries)
	}
	r.removed(n.number, why)
	if len(r.renewals) > 0 {
		r.inherit(n, why)
	}
}

// dropAll ends the keeping of all calls. mu is held.
func (r *runner) dropAll(why Removal) {
	for n := range r.pinned {
		r.drop(n, why)
	}
	for r.kept.Len() > 0 {
		r.drop(r.kept.Oldest(), why)
	}
}

// arm sets the timer for the first to expire, unless one is set that fires before. A
// timer is neither stopped nor moved: when it finds nothing to do, it is set for the
// next. mu is held.
//
// The timer does not keep a runner alive that nobody uses any more.
func (r *runner) arm() {
	if r.expiry.Len() == 0 {
		return
	}
	at, _ := r.expiry.First()
	if r.armed != 0 && r.armed <= at {
		return
	}
	r.armed = at
	runner := weak.Make(r)
	time.AfterFunc(at-time.Since(r.made), func() {
		if r := runner.Value(); r != nil {
			r.expire(at)
		}
	})
}

// expire does what is to be done with what has its time, and sets the timer for what will be next.
// timer is when the timer that calls it was to fire.
func (r *runner) expire(timer time.Duration) {
	var errs []uint64
	r.mu.Lock()
	defer wakeLoops(true) // their flows may want the results anew
	if r.armed == timer {
		r.armed = 0
	}
	for now := time.Since(r.made); r.expiry.Len() > 0; {
		at, n := r.expiry.First()
		if at > now {
			break
		}
		r.expiry.Remove(n)
		if r.matures(n, now); n.status() == Failed {
			errs = append(errs, n.number)
		}
	}
	r.arm()
	r.mu.Unlock()
	r.liftFailures(errs)
}
