package runtime

// queue is a doubly linked list of entries in the order they finished. An entry
// can be in one queue of each kind at once. The runner's mutex guards it.
type queue[K comparable, R any] struct {
	which          int // index into entry.links
	oldest, newest *entry[K, R]
	len            int
}

// The two kinds of queues.
const (
	byEviction = iota
	byDeadline
)

type links[K comparable, R any] struct{ older, newer *entry[K, R] }

func (q *queue[K, R]) push(e *entry[K, R]) {
	e.links[q.which] = links[K, R]{older: q.newest}
	if q.newest == nil {
		q.oldest = e
	} else {
		q.newest.links[q.which].newer = e
	}
	q.newest = e
	q.len++
}

// remove takes out an entry that is in q.
func (q *queue[K, R]) remove(e *entry[K, R]) {
	l := e.links[q.which]
	if l.older == nil {
		q.oldest = l.newer
	} else {
		l.older.links[q.which].newer = l.newer
	}
	if l.newer == nil {
		q.newest = l.older
	} else {
		l.newer.links[q.which].older = l.older
	}
	// Handles may keep e alive; e must not keep its neighbours.
	e.links[q.which] = links[K, R]{}
	q.len--
}

// sieve holds every kept entry and chooses which one to evict, by the algorithm
// of Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024: a hand moves from
// the oldest entry to the newest, clears the marks of those that were hit since
// it last passed, and evicts the first without a mark. A hit only sets a mark,
// which needs no lock; and new entries that are never hit again leave soon,
// while LRU would let them push out all others first.
type sieve[K comparable, R any] struct {
	queue[K, R]
	hand *entry[K, R] // next to be looked at; nil: the oldest
}

func (s *sieve[K, R]) remove(e *entry[K, R]) {
	if s.hand == e {
		s.hand = e.links[byEviction].newer
	}
	s.queue.remove(e)
}

// victim returns the entry to evict; there must be one. Readers may set marks
// as fast as the hand clears them, so after one round it takes what it is at.
func (s *sieve[K, R]) victim() *entry[K, R] {
	for range s.len {
		if s.hand == nil {
			s.hand = s.oldest
		}
		e := s.hand
		if !e.call.unvisit() {
			return e
		}
		s.hand = e.links[byEviction].newer
	}
	if s.hand == nil {
		s.hand = s.oldest
	}
	return s.hand
}
