package runtime

import (
	"math"
	"time"
	"weak"
)

// lifetime lets entries expire that were all given the same time to live: the
// queue in the order they finished is then also that of their deadlines, and one
// timer for the oldest is enough. Results have one lifetime, errors another.
//
// Deadlines are durations since Calls.epoch, measured by the monotonic clock.
type lifetime[K comparable, R any] struct {
	queue[K, R]
	ttl   time.Duration // 0: unlimited, and the queue stays empty
	armed bool          // a timer is set
}

// lifetimeOf returns what an ended entry's expiry is up to.
func (c *Calls[K, A, R]) lifetimeOf(e *entry[K, R]) *lifetime[K, R] {
	if e.call.status() == Succeeded {
		return &c.results
	}
	return &c.failures
}

// age starts the time to live of an entry that is being kept. mu is held.
func (c *Calls[K, A, R]) age(e *entry[K, R]) {
	l := c.lifetimeOf(e)
	if l.ttl == 0 {
		return
	}
	e.deadline = time.Since(c.epoch)
	e.deadline += min(l.ttl, math.MaxInt64-e.deadline) // the longest TTL must not overflow
	l.push(e)
	c.arm(l)
}

// arm sets the timer for the oldest entry unless one is set. A timer is neither
// stopped nor moved: when its entry has gone earlier, it finds nothing to do
// and is set for the next. mu is held.
//
// The timer does not keep a runner alive that nobody uses any more.
func (c *Calls[K, A, R]) arm(l *lifetime[K, R]) {
	if l.armed || l.oldest == nil {
		return
	}
	l.armed = true
	calls, failures := weak.Make(c), l == &c.failures
	time.AfterFunc(l.oldest.deadline-time.Since(c.epoch), func() {
		c := calls.Value()
		switch {
		case c == nil:
		case failures:
			c.expire(&c.failures)
		default:
			c.expire(&c.results)
		}
	})
}

// expire drops what is over, and sets the timer for what will be next.
func (c *Calls[K, A, R]) expire(l *lifetime[K, R]) {
	r := c.owner.Runner
	r.mu.Lock()
	defer wakeLoops() // their flows may want the results anew
	l.armed = false
	for now := time.Since(c.epoch); l.oldest != nil && l.oldest.deadline <= now; {
		r.stats.Expirations++
		c.drop(l.oldest, Expired)
	}
	c.arm(l)
	r.mu.Unlock()
	r.deliver()
}

// expireAt drops a result that the store had when its time has come, which is
// before that of a result that was executed now. mu is held.
//
// The timer keeps neither the runner alive nor the entry, which ends it when it is
// dropped before.
func (c *Calls[K, A, R]) expireAt(e *entry[K, R], at time.Time) {
	calls, dated := weak.Make(c), weak.Make(e)
	if c.early == nil {
		c.early = map[*entry[K, R]]*time.Timer{}
	}
	c.early[e] = time.AfterFunc(time.Until(at), func() {
		c, e := calls.Value(), dated.Value()
		if c == nil || e == nil {
			return
		}
		r := c.owner.Runner
		r.mu.Lock()
		if c.early[e] != nil {
			r.stats.Expirations++
			c.drop(e, Expired)
		}
		r.mu.Unlock()
		r.deliver()
		wakeLoops()
	})
}

// spare ends the timer of an entry that is dropped, if it has one. mu is held.
func (c *Calls[K, A, R]) spare(e *entry[K, R]) {
	if timer := c.early[e]; timer != nil {
		timer.Stop()
		delete(c.early, e)
	}
}
