package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// watches tell those who watch a key that something may have changed: when this Store has changed
// it, when another one says so (see live.go), when the lease that is in its way expires, and
// when a look at all that is watched, now and then, finds that it has.
type watches struct {
	s *Store

	mu     sync.Mutex
	byKey  map[key.Key]*watch
	closed bool
}

// watch is all that waits for one key.
type watch struct {
	chans map[chan struct{}]struct{}
	timer *time.Timer // rings the key at due, if not nil
	due   time.Time

	seen  state // of the call, when it was looked at last, by whoever it was
	known bool
}

// state is what changes when a call does.
type state struct {
	seq    int64
	status int
}

// Watch implements store.Store.
func (s *Store) Watch(r store.Ref) (<-chan struct{}, func()) {
	s.live.start()
	return s.watches.watch(r.Key)
}

func (w *watches) watch(k key.Key) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.byKey[k]
	if x == nil {
		if w.byKey == nil {
			w.byKey = map[key.Key]*watch{}
		}
		x = &watch{chans: map[chan struct{}]struct{}{}}
		w.byKey[k] = x
	}
	x.chans[c] = struct{}{}
	return c, func() { w.unwatch(k, c) }
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

// held notes that a lease with some token is in the way, for so long if it is not renewed: those who
// watch the key are woken then, if nothing does before. Where it was renewed meanwhile, who looks then
// says so again.
func (w *watches) held(k key.Key, token int64, left time.Duration) {
	left = max(left, 0) + time.Millisecond
	due := time.Now().Add(left)
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.byKey[k]
	if x == nil || w.closed {
		return
	}
	w.see(k, x, state{token, int(store.Running)})
	switch {
	case x.timer == nil:
		x.due = due
		x.timer = time.AfterFunc(left, func() { w.ring(k) })
	case due.After(x.due) || !x.due.After(time.Now()):
		x.due = due
		x.timer.Reset(left)
	}
}

// see notes the state of a call, and wakes those who watch it if it was another one. mu is held.
func (w *watches) see(k key.Key, x *watch, now state) {
	if x.known && x.seen != now {
		w.ringLocked(k)
	}
	x.seen, x.known = now, true
}

// look looks at all that is watched, and wakes those for whom something has changed.
func (w *watches) look(ctx context.Context) error {
	w.mu.Lock()
	keys := make([][]byte, 0, len(w.byKey))
	for k := range w.byKey {
		keys = append(keys, keyOf(k))
	}
	w.mu.Unlock()
	if len(keys) == 0 {
		return nil
	}
	states := make([]state, len(keys))
	rows, err := w.s.pool.Query(ctx, w.s.sql.watch, keys)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var i int
		var st state
		if err := rows.Scan(&i, &st.seq, &st.status); err != nil {
			return err
		}
		states[i-1] = st
	}
	if err := rows.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, k := range keys {
		k := key.Key(k)
		if x := w.byKey[k]; x != nil {
			if !x.known && states[i].status != int(store.Running) {
				w.ringLocked(k) // it may have ended before it was looked at
			}
			w.see(k, x, states[i])
		}
	}
	return nil
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
		w.ringLocked(k)
	}
}
