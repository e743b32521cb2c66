package runtime

import (
	"container/heap"
	"math"
	"sync/atomic"
	"time"
	"weak"
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

// sieve holds every kept call, in the order they finished, and chooses which one to
// evict, by the algorithm of Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024: a
// hand moves from the oldest to the newest, clears the marks of those that were hit
// since it last passed, and evicts the first without a mark. A hit only sets a mark,
// which needs no lock; and new calls that are never hit again leave soon, while LRU
// would let them push out all others first. The runner's mutex guards it.
type sieve struct {
	oldest, newest *node
	hand           *node // next to be looked at; nil: the oldest
	len            int
}

func (s *sieve) push(n *node) {
	n.older = s.newest
	if s.newest == nil {
		s.oldest = n
	} else {
		s.newest.newer = n
	}
	s.newest = n
	s.len++
}

// remove takes out a node that is there.
func (s *sieve) remove(n *node) {
	if s.hand == n {
		s.hand = n.newer
	}
	if n.older == nil {
		s.oldest = n.newer
	} else {
		n.older.newer = n.newer
	}
	if n.newer == nil {
		s.newest = n.older
	} else {
		n.newer.older = n.older
	}
	// Handles may keep n alive; n must not keep its neighbours.
	n.older, n.newer = nil, nil
	s.len--
}

// victim returns the node to evict; there must be one. Readers may set marks
// as fast as the hand clears them, so after one round it takes what it is at.
func (s *sieve) victim() *node {
	for range s.len {
		if s.hand == nil {
			s.hand = s.oldest
		}
		n := s.hand
		if !n.unvisit() {
			return n
		}
		s.hand = n.newer
	}
	if s.hand == nil {
		s.hand = s.oldest
	}
	return s.hand
}

// keep keeps a call that has ended and is in the table. mu is held.
func (r *runner) keep(n *node) {
	// Make room first: the newcomer is not up for choice.
	for r.kept.len >= r.maxEntries {
		r.stats.Evictions++
		r.drop(r.kept.victim(), Evicted)
	}
	r.stats.Entries++
	r.kept.push(n)
}

// drop ends the keeping of a call. mu is held.
func (r *runner) drop(n *node, why Removal) {
	r.table.unlink(n)
	r.kept.remove(n)
	r.expiry.remove(n)
	delete(r.durable, n)
	r.stats.Entries--
	r.removed(n.number, why)
}

// dropAll ends the keeping of all calls. mu is held.
func (r *runner) dropAll(why Removal) {
	for r.kept.oldest != nil {
		r.drop(r.kept.oldest, why)
	}
}

// expiry has the kept calls that expire, the first to do so in front: a heap, and one
// timer. Most calls of a runner have one lifetime, and then each is put at the end,
// where it stays. The runner's mutex guards it.
//
// Times are durations since the runner was made, by the monotonic clock.
type expiry struct {
	queue []deadline
	armed time.Duration // when the timer fires; 0: there is none
}

type deadline struct {
	at   time.Duration
	node *node
}

func (x *expiry) Len() int           { return len(x.queue) }
func (x *expiry) Less(i, j int) bool { return x.queue[i].at < x.queue[j].at }
func (x *expiry) Push(any)           {} // add appends by itself, which saves making an interface
func (x *expiry) Pop() any           { return nil }

func (x *expiry) Swap(i, j int) {
	x.queue[i], x.queue[j] = x.queue[j], x.queue[i]
	x.queue[i].node.due, x.queue[j].node.due = int32(i+1), int32(j+1)
}

func (x *expiry) add(n *node, at time.Duration) {
	x.queue = append(x.queue, deadline{at, n})
	n.due = int32(len(x.queue))
	heap.Fix(x, len(x.queue)-1)
}

// remove takes a node out, if it is there.
func (x *expiry) remove(n *node) {
	if n.due == 0 {
		return
	}
	i, last := int(n.due-1), len(x.queue)-1
	if i != last {
		x.Swap(i, last)
	}
	x.queue[last] = deadline{}
	x.queue = x.queue[:last]
	if i != last {
		heap.Fix(x, i)
	}
	n.due = 0
}

// expireAt has a call that is being kept expire when its lifetime is over, or when the
// store says so, if that is not zero: what was stored earlier expires earlier. mu is
// held.
func (r *runner) expireAt(n *node, stored time.Time) {
	ttl := r.ttl
	if n.status() == Failed {
		ttl = r.cacheErrors
	}
	now := time.Since(r.made)
	switch {
	case !stored.IsZero():
		r.expiry.add(n, now+time.Until(stored))
	case ttl > 0:
		r.expiry.add(n, now+min(ttl, math.MaxInt64-now)) // the longest TTL must not overflow
	default:
		return
	}
	r.arm()
}

// arm sets the timer for the first to expire, unless one is set that fires before. A
// timer is neither stopped nor moved: when it finds nothing to do, it is set for the
// next. mu is held.
//
// The timer does not keep a runner alive that nobody uses any more.
func (r *runner) arm() {
	x := &r.expiry
	if len(x.queue) == 0 || x.armed != 0 && x.armed <= x.queue[0].at {
		return
	}
	at := x.queue[0].at
	x.armed = at
	runner := weak.Make(r)
	time.AfterFunc(at-time.Since(r.made), func() {
		if r := runner.Value(); r != nil {
			r.expire(at)
		}
	})
}

// expire drops what is over, and sets the timer for what will be next. at is when the
// timer that calls it was to fire.
func (r *runner) expire(at time.Duration) {
	r.mu.Lock()
	defer wakeLoops() // their flows may want the results anew
	x := &r.expiry
	if x.armed == at {
		x.armed = 0
	}
	for now := time.Since(r.made); len(x.queue) > 0 && x.queue[0].at <= now; {
		r.stats.Expirations++
		r.drop(x.queue[0].node, Expired)
	}
	r.arm()
	r.mu.Unlock()
}
