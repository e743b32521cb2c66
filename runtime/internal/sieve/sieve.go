// Package sieve chooses which one of many is evicted, by the algorithm of Zhang et al.,
// "SIEVE is Simpler than LRU", NSDI 2024.
package sieve

import "iter"

// List holds elements in the order in which they came. A hand moves from the oldest to the
// newest, clears the marks of those that were hit since it last passed, and evicts the first
// without a mark. So a hit only sets a mark, which needs no lock; and new elements that are
// never hit again leave soon, while LRU would let them push out all others first.
//
// Where that leads to next to no hits, the hand is helped: see helped.
//
// The zero List is empty. All methods need one lock.
type List[E Element[E]] struct {
	// Hits returns how many there were until now. Nil: nobody knows, and the hand is not helped.
	Hits func() int64

	oldest, newest E
	hand           E // next to be looked at; zero: the oldest
	len            int
	helped
}

// Element is a pointer to something that can be in one list. The zero pointer is none.
type Element[E any] interface {
	comparable

	// Links returns where the element has its place.
	Links() *Links[E]

	// Unvisit clears the mark, and reports whether it was set.
	Unvisit() bool
}

// Links is the place of an element in its list; zero when it is in none.
type Links[E any] struct{ older, newer E }

// Len returns how many elements there are.
func (l *List[E]) Len() int { return l.len }

// Oldest returns the oldest element, zero if there is none.
func (l *List[E]) Oldest() E { return l.oldest }

// All lists the elements, oldest first. The list is not to change meanwhile.
func (l *List[E]) All() iter.Seq[E] {
	return func(yield func(E) bool) {
		var none E
		for e := l.oldest; e != none && yield(e); e = e.Links().newer {
		}
	}
}

// Push adds an element that is in no list.
func (l *List[E]) Push(e E) {
	var none E
	if e.Links().older = l.newest; l.newest == none {
		l.oldest = e
	} else {
		l.newest.Links().newer = e
	}
	l.newest = e
	l.len++
}

// Remove takes out an element that is there.
func (l *List[E]) Remove(e E) {
	var none E
	at := e.Links()
	if l.hand == e {
		l.hand = at.newer
	}
	if at.older == none {
		l.oldest = at.newer
	} else {
		at.older.Links().newer = at.newer
	}
	if at.newer == none {
		l.newest = at.older
	} else {
		at.newer.Links().older = at.older
	}
	// Others may keep e alive; e must not keep its neighbours.
	*at = Links[E]{}
	l.len--
}

// Victim returns the element to evict; there must be one. Marks may be set as fast as the
// hand clears them, so after one round it takes what it is at.
func (l *List[E]) Victim() E {
	l.help()
	if l.frozen && l.since%stays != 0 && !l.newest.Unvisit() {
		return l.newest
	}
	for range l.len {
		if e := l.atHand(); !e.Unvisit() {
			return e
		}
		l.hand = l.hand.Links().newer
	}
	return l.atHand()
}

func (l *List[E]) atHand() E {
	var none E
	if l.hand == none {
		l.hand = l.oldest
	}
	return l.hand
}
