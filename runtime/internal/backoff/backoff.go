// Package backoff says when to try again what has failed.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Policy is how long to wait between tries: First after the first failure, and twice the
// wait before after each further one, up to Most. Jitter spreads the waits, so that what
// failed together does not come back together: each is drawn evenly from wait·(1-Jitter) to
// wait·(1+Jitter). It is between 0 and 1.
type Policy struct {
	First, Most time.Duration
	Jitter      float64
}

// Wait returns how long to wait after a number of failures in a row, from 1.
func (p Policy) Wait(failures int) time.Duration {
	wait := p.Most
	if n := failures - 1; n < 63 && p.First <= p.Most>>n {
		wait = p.First << n
	}
	return time.Duration(float64(wait) * (1 + p.Jitter*(2*rand.Float64()-1)))
}

// Sleep returns after d, or with false when ctx ends before.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
