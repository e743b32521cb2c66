package nats

import (
	"context"
	"sync"
	"time"
)

// live is what a Store does beside what it is asked for.
type live struct {
	s  *Store
	wg sync.WaitGroup // of everything that ends with the Store
}

const (
	// lookEvery is how often what was deleted is looked at; what is watched is every third
	// time, or less often if it is much: each call that is watched costs the server as much as a
	// look-up each time.
	lookEvery   = 500 * time.Millisecond
	watchEvery  = 3
	lookPerCall = 2 * time.Millisecond

	// clockEvery is how often the server is asked for its time, in times of lookEvery.
	clockEvery = 20

	// maxLook is how long one look may take.
	maxLook = 5 * time.Second
)

func (l *live) start() { l.wg.Go(l.poll) }

// wait waits until everything has ended.
func (l *live) wait() { l.wg.Wait() }

// poll looks now and then.
func (l *live) poll() {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	looked := time.Now()
	for n := 1; ; n++ {
		select {
		case <-l.s.running.Done():
			return
		case <-ticker.C:
		}
		ctx, cancel := context.WithTimeout(l.s.running, maxLook)
		l.s.deleted.look(ctx)
		if n%watchEvery == 0 && time.Since(looked) >= time.Duration(l.s.watches.count())*lookPerCall {
			l.s.watches.look(ctx)
			looked = time.Now()
		}
		if n%clockEvery == 0 {
			_ = l.s.setClock(ctx) // it is done again
		}
		cancel()
	}
}
