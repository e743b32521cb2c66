package runtime

import (
	"container/heap"
	"math"
	"time"
	"weak"
)

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
