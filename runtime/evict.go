package runtime

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
