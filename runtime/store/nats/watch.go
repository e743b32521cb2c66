package nats

import (
	"context"
	"strconv"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// watches tell those who watch a key that something may have changed: when this Store has changed
// it, when the server publishes again what another one has stored, when the lease that is in
// its way expires, and when a look at all that is watched, now and then, finds that it has.
type watches struct {
	s *Store

	mu     sync.Mutex
	byKey  map[key.Key]*watch
	heard  chan *natsgo.Msg
	closed bool
}

// watch is all that waits for one key.
type watch struct {
	ref   store.Ref
	chans map[chan struct{}]struct{}
	sub   *natsgo.Subscription // nil: there is none
	timer *time.Timer          // rings the key at due, if not nil
	due   time.Time

	seen  uint64 // sequence number when it was looked at last
	known bool
}

// maxHeard is how many messages wait to be told. What is dropped is found by looking.
const maxHeard = 10_000

// Watch implements store.Store.
func (s *Store) Watch(r store.Ref) (<-chan struct{}, func()) {
	return s.watches.watch(r)
}

func (w *watches) watch(r store.Ref) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.byKey[r.Key]
	if x == nil {
		if w.byKey == nil {
			w.byKey = map[key.Key]*watch{}
		}
		x = &watch{ref: r, chans: map[chan struct{}]struct{}{}}
		w.byKey[r.Key] = x
		w.listen(x)
	}
	x.chans[c] = struct{}{}
	return c, func() { w.unwatch(r.Key, c) }
}

// listen has a watch told by the server. mu is held.
func (w *watches) listen(x *watch) {
	if w.closed || w.s.closed.Load() {
		return
	}
	if w.heard == nil {
		w.heard = make(chan *natsgo.Msg, maxHeard)
		w.s.live.wg.Go(w.hear)
	}
	x.sub, _ = w.s.nc.ChanSubscribe(w.s.names.wake(x.ref), w.heard) // without it looking has to do
}

// hear wakes those whom messages are for.
func (w *watches) hear() {
	for {
		select {
		case <-w.s.running.Done():
			return
		case m := <-w.heard:
			ref, _, ok := w.s.names.refOf(m.Subject)
			if seq, err := strconv.ParseUint(m.Header.Get(jetstream.SequenceHeader), 10, 64); ok && err == nil {
				w.s.seen.atLeast(ref.Key, seq)
				w.ring(ref.Key)
			}
		}
	}
}

func (w *watches) unwatch(k key.Key, c chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.byKey[k]
	if x == nil {
		return
	}
	if delete(x.chans, c); len(x.chans) > 0 {
		return
	}
	if x.timer != nil {
		x.timer.Stop()
	}
	if x.sub != nil {
		_ = x.sub.Unsubscribe()
	}
	delete(w.byKey, k)
}

// ring wakes those of this Store who watch a key.
func (w *watches) ring(k key.Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ringLocked(k)
}

func (w *watches) ringLocked(k key.Key) {
	x := w.byKey[k]
	if x == nil {
		return
	}
	for c := range x.chans {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// at wakes those who watch a key when a lease has expired that has so much time left, if nothing
// does before. Where it was renewed meanwhile, who looks then says so again.
func (w *watches) at(k key.Key, left time.Duration) {
	left = max(left, 0) + time.Millisecond
	due := time.Now().Add(left)
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.byKey[k]
	switch {
	case x == nil || w.closed:
	case x.timer == nil:
		x.due = due
		x.timer = time.AfterFunc(left, func() { w.ring(k) })
	case due.After(x.due) || !x.due.After(time.Now()):
		x.due = due
		x.timer.Reset(left)
	}
}

// look looks at all that is watched, and wakes those for whom something has changed since, or who
// were not looked at before.
func (w *watches) look(ctx context.Context) {
	w.mu.Lock()
	refs := make([]store.Ref, 0, len(w.byKey))
	for _, x := range w.byKey {
		refs = append(refs, x.ref)
	}
	w.mu.Unlock()
	_ = each(len(refs), lookingAtOnce, func(i int) error {
		m, err := w.s.askDirect(ctx, w.s.names.calls, w.s.names.call(refs[i]))
		if err != nil {
			return err // it is done again
		}
		seq := uint64(0)
		if m != nil {
			seq = m.seq
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if x := w.byKey[refs[i].Key]; x != nil {
			if !x.known || x.seen != seq {
				w.ringLocked(refs[i].Key)
			}
			x.seen, x.known = seq, true
		}
		return nil
	})
}

// lookingAtOnce is how many calls are looked at at once.
const lookingAtOnce = 16

// count returns how many calls are watched.
func (w *watches) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.byKey)
}

// close wakes everybody, and ends the timers.
func (w *watches) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for k, x := range w.byKey {
		if x.timer != nil {
			x.timer.Stop()
		}
		if x.sub != nil {
			_ = x.sub.Unsubscribe()
			x.sub = nil
		}
		w.ringLocked(k)
	}
}
