package runtime

// ghosts remembers of calls that are not kept any more why that is, so that a miss can say what
// became of the result. The word is that of cache algorithms such as ARC and 2Q. It is a hash table
// of buckets of eight, in which the newest push out the oldest, and remembers twice as many as were
// kept at once, if they spread evenly: what it has forgotten looks as if it had never been there.
//
// A ghost is the hash of a call, with a Removal in place of the lowest three bits. 0 is none.
type ghosts struct {
	all []uint64 // a power of two, or nil
}

const (
	ghostBucket = 8        // a line of the cache
	whyBits     = 1<<3 - 1 // those of the Removal
)

// bucket returns where a hash belongs; there must be room for some.
func (g *ghosts) bucket(hash uint64) []uint64 {
	at := hash >> 3 & uint64(len(g.all)-1) &^ (ghostBucket - 1)
	return g.all[at : at+ghostBucket]
}

// add remembers why a call went; kept is how many there are beside it.
func (g *ghosts) add(hash uint64, why Removal, kept int) {
	if len(g.all) < 2*kept || g.all == nil {
		g.grow(2 * kept)
	}
	b := g.bucket(hash)
	copy(b[1:], b)
	b[0] = hash&^whyBits | uint64(why)
}

// grow makes room for at least so many.
func (g *ghosts) grow(least int) {
	const first = 64
	old, n := g.all, max(len(g.all), first)
	for n < least {
		n *= 2
	}
	g.all = make([]uint64, n)
	for i := len(old) - 1; i >= 0; i-- { // the newest last
		if old[i] != 0 {
			b := g.bucket(old[i])
			copy(b[1:], b)
			b[0] = old[i]
		}
	}
}

// take returns why a call went, and forgets that; 0 if it is not known.
func (g *ghosts) take(hash uint64) Removal {
	if g.all == nil {
		return 0
	}
	b := g.bucket(hash)
	for i, ghost := range b {
		if ghost != 0 && ghost&^whyBits == hash&^whyBits {
			copy(b[i:], b[i+1:])
			b[len(b)-1] = 0
			return Removal(ghost & whyBits)
		}
	}
	return 0
}

// missed counts what became of what was kept of a call that is new. mu is held.
func (r *runner) missed(hash uint64) {
	switch r.ghosts.take(hash) {
	case Evicted:
		r.stats.MissesEvicted++
	case Expired:
		r.stats.MissesExpired++
	case Forgotten:
		r.stats.MissesForgotten++
	}
}
