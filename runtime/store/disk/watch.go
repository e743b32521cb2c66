package disk

import (
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// watches tell those who watch a key that something may have changed.
//
// Who waits for a key asks its holder to say when it does not hold it any more: directly
// in one process, and otherwise through a socket, see peer.go. So nobody polls, and no
// thread waits. Where sockets do not work, and for whatever gets lost, every watch is
// woken when the lease that is in its way expires, and once in a second, or more rarely
// while its holder is going to answer, or its task is queued.
type watches struct {
	s *Store

	mu      sync.Mutex
	byKey   map[key.Key]*watch
	held    map[key.Key]uint64                // tokens of the leases that this Store has
	asked   map[key.Key]map[*watches]struct{} // by Stores of this process, for what is held
	ticker  *time.Ticker                      // while there are watches
	closed  bool
	sockets sockets
}

// here has the Stores that this process has open, by their identities.
var here struct {
	mu  sync.Mutex
	all map[int64]*watches
}

// openHere returns the Store of an identity if this process has it open, or nil.
func openHere(id int64) *watches {
	here.mu.Lock()
	defer here.mu.Unlock()
	return here.all[id]
}

// watch is all that waits for one key.
type watch struct {
	chans  map[chan struct{}]struct{}
	timer  *time.Timer // rings the key at due, if not nil
	due    time.Time
	misses int // in a row: the holder lives but cannot be connected to

	followed bool // the holder has been asked, and has not answered
	expected bool // its task is queued: who takes it is going to say so
}

// every is how often watches are woken in any case, and rarely after how many times
// those are whose holder is going to say more.
const (
	every  = time.Second
	rarely = 16
)

func newWatches(s *Store) *watches {
	w := &watches{
		s: s, byKey: map[key.Key]*watch{}, held: map[key.Key]uint64{}, asked: map[key.Key]map[*watches]struct{}{},
		sockets: newSockets(),
	}
	if s.o.ReadOnly { // it has no executions
		return w
	}
	here.mu.Lock()
	defer here.mu.Unlock()
	if here.all == nil {
		here.all = map[int64]*watches{}
	}
	here.all[s.self.id] = w
	return w
}

// Watch implements store.Store.
func (s *Store) Watch(r store.Ref) (<-chan struct{}, func()) { return s.watches.watch(r.Key) }

func (w *watches) watch(k key.Key) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byKey[k] == nil {
		w.byKey[k] = &watch{chans: map[chan struct{}]struct{}{}}
	}
	w.byKey[k].chans[c] = struct{}{}
	if w.ticker == nil && !w.closed {
		w.ticker = time.NewTicker(every)
		go w.tick(w.ticker)
	}
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

// tick wakes everybody now and then, and ends when nobody is left.
func (w *watches) tick(ticker *time.Ticker) {
	defer ticker.Stop()
	for n := 1; ; n++ {
		<-ticker.C
		if !w.ringAll(n%rarely == 0) {
			return
		}
	}
}

// ringAll wakes all watches, or those only that nobody else is going to wake. It
// reports false, and there is no ticker any more, when there are none.
func (w *watches) ringAll(followed bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.byKey) == 0 || w.closed {
		w.ticker = nil
		return false
	}
	for k, x := range w.byKey {
		if followed || !x.followed && !x.expected {
			w.ringLocked(k)
		}
	}
	return true
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

// at wakes those who watch a key after some time, if nothing does before.
func (w *watches) at(k key.Key, after time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.atLocked(k, after)
}

func (w *watches) atLocked(k key.Key, after time.Duration) {
	x := w.byKey[k]
	if x == nil {
		return
	}
	due := time.Now().Add(after)
	switch {
	case x.timer == nil:
		x.timer = time.AfterFunc(after, func() { w.ring(k) })
	case time.Now().After(x.due) || due.Before(x.due):
		x.timer.Reset(after)
	default:
		return
	}
	x.due = due
}

// began notes that this Store has begun an execution.
func (w *watches) began(k key.Key, token uint64) {
	serve := w.sockets.others.any(w.s)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held[k] = token
	if serve {
		w.serve()
	}
}

// ended notes that this Store has a lease no more.
func (w *watches) ended(k key.Key, token uint64) {
	w.mu.Lock()
	if w.held[k] == token {
		delete(w.held, k)
	}
	asked := w.asked[k]
	delete(w.asked, k)
	w.answerAll(k)
	w.ringLocked(k)
	w.mu.Unlock()
	for other := range asked {
		other.answered(k)
	}
}

// follow asks the holder of a key to say when it does not hold it any more.
func (w *watches) follow(k key.Key, holder int64) {
	other := openHere(holder)
	if other == nil {
		w.followElsewhere(k, holder)
		return
	}
	w.mu.Lock()
	x := w.byKey[k]
	ask := x != nil && !x.followed && !w.closed
	if ask {
		x.followed, x.misses = true, 0
	}
	w.mu.Unlock()
	if ask && !other.tell(k, w) {
		w.answered(k)
	}
}

// tell has another Store told when a key is not held any more. It reports false if it is not.
func (w *watches) tell(k key.Key, other *watches) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, held := w.held[k]; !held || w.closed {
		return false
	}
	if w.asked[k] == nil {
		w.asked[k] = map[*watches]struct{}{}
	}
	w.asked[k][other] = struct{}{}
	return true
}

// answered wakes those who watch a key that its holder holds no more.
func (w *watches) answered(k key.Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answeredLocked(k)
}

func (w *watches) answeredLocked(k key.Key) {
	if x := w.byKey[k]; x != nil {
		x.followed, x.expected = false, false
	}
	w.ringLocked(k)
}

// close ends everything; whoever has asked for something is told.
func (w *watches) close() {
	here.mu.Lock()
	delete(here.all, w.s.self.id)
	here.mu.Unlock()
	w.mu.Lock()
	w.closed = true
	asked := w.asked
	w.asked = nil
	w.closeSockets()
	for k := range w.byKey {
		w.ringLocked(k)
	}
	w.mu.Unlock()
	for k, others := range asked {
		for other := range others {
			other.answered(k)
		}
	}
}
