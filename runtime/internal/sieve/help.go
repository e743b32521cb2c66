package sieve

// There are two ways in which the hand leads to next to no hits, and which it does not get out of:
//
//   - When it has come near the newest, it stays there as long as it finds no mark: each
//     element is evicted before it is hit for the first time. It has to go back to the oldest.
//   - A scan of more than fits, again and again, finds each element evicted before it comes
//     again. The list has to be frozen: most new elements take the place of the one before them,
//     so that the others stay, and are hit when the scan comes by. This is the bimodal insertion
//     of Qureshi et al., "Adaptive Insertion Policies for High Performance Caching", ISCA 2007.
//
// So one is tried after the other. In a scan that never comes again neither helps, and what was
// there before is to survive it: so the list is frozen then, and going back is tried less and less
// often. When freezing has helped, it is tried whether the hand does as well, less and less often,
// too. And where there are hits, the hand goes back now and then: it never sees otherwise that what
// is behind it is of no use any more.
//
// The numbers were chosen by trying them with the traces of testdata/peers/hitratios.

// helped is how a list is helped.
type helped struct {
	since  int   // evictions since the last decision
	before int64 // hits at that time

	back   bool // the hand went back then
	stayed int  // evictions since the hand went back the last time, or the trial began

	frozen bool
	good   int // decisions since it was frozen at which there were hits
	bad    int // and those at which there were not
	thaw   int // how many of either there are until something else is tried

	trial  bool    // the list is not frozen any more, to see whether the hand does as well
	rival  float64 // as what, in hits per eviction
	thawed int64   // hits when the trial began
}

const (
	poor       = 1. / 16 // hits per eviction that are next to none
	poorFrozen = 1. / 8  // likewise of a frozen list, where those that stay are hit once or twice
	asWell     = 0.9     // of the hits of a frozen list, with which the hand does as well
	stays      = 48      // each so many-th new element of a frozen list stays: the hand evicts another one
	mostThaw   = 16      // of helped.thaw
	mostStayed = 16      // evictions, in lengths of the list, after which the hand goes back in any case
)

// every is how many evictions there are from one decision to the next. In a scan of less than three
// times what fits, there are hits of a frozen list before two of its lengths are over.
func (l *List[E]) every() int {
	const least = 64
	if l.frozen {
		return max(2*l.len, least)
	}
	return max(l.len/16, least)
}

// help decides what to do, every now and then. It is called once for each eviction.
func (l *List[E]) help() {
	if l.since++; l.since < l.every() || l.Hits == nil {
		return
	}
	hits, evictions := l.Hits(), l.since
	rate := float64(hits-l.before) / float64(evictions)
	l.since, l.before = 0, hits
	l.stayed += evictions
	switch {
	case l.frozen:
		l.decideFrozen(rate)
	case l.trial && rate >= poor && l.stayed < l.len: // not before all elements may be others
	case l.trial && float64(hits-l.thawed) < l.rival*float64(l.stayed):
		l.freeze(min(4*l.thaw, mostThaw))
	case rate < poor && l.back:
		l.freeze(max(l.thaw, 1))
	case rate < poor:
		l.goBack()
		l.back, l.trial = true, false
	default:
		if l.back || l.trial {
			l.back, l.trial, l.thaw = false, false, 1
		}
		if l.stayed >= mostStayed*l.len {
			l.goBack()
		}
	}
}

func (l *List[E]) decideFrozen(rate float64) {
	if rate >= poorFrozen {
		if l.bad > 0 {
			l.bad, l.thaw = 0, 1
		}
		if l.good++; l.good >= l.thaw {
			l.frozen, l.trial, l.rival, l.thawed, l.stayed = false, true, asWell*rate, l.before, 0
		}
		return
	}
	if l.bad++; l.bad >= l.thaw {
		l.frozen, l.thaw = false, min(4*l.thaw, mostThaw)
		l.goBack()
		l.back = true
	}
}

func (l *List[E]) freeze(thaw int) {
	l.frozen, l.back, l.trial, l.good, l.bad, l.thaw = true, false, false, 0, 0, thaw
}

// goBack has the hand begin anew.
func (l *List[E]) goBack() {
	var none E
	l.hand, l.stayed = none, 0
}
