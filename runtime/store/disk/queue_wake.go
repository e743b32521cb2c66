package disk

import (
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// Who pushes a task, or makes room under a limit, wakes the workers that wait for one, and who has
// done one wakes those who watch its call: at once in this process, and through sockets in others,
// see peer.go. For whatever gets lost workers look again now and then; that is how they find out,
// too, that another one has died. Those who watch calls are woken rarely, see watch.go.

// lookForTasks is how often it is looked for tasks in any case.
const lookForTasks = 250 * time.Millisecond

// takers are those who wait for tasks of one Store.
type takers struct {
	mu      sync.Mutex
	changed chan struct{} // closed when there may be something to take; nil: nobody waits
	freed   time.Time     // when it was looked last for workers that are gone
}

// wait returns a channel that is closed when there may be something to take, from now on.
func (t *takers) wait() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.changed == nil {
		t.changed = make(chan struct{})
	}
	return t.changed
}

// wake wakes all who wait.
func (t *takers) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
}

// isTime reports whether it was not called for so long.
func (t *takers) isTime(every time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.freed).Abs() < every {
		return false
	}
	t.freed = time.Now()
	return true
}

// news is what other Stores are told of what was written to the queue.
type news struct {
	tasks   bool    // there may be something to take
	workers []int64 // Stores that are told that

	message key.Key // about a call
	call    key.Key
	callers []int64 // Stores that are told that
}

// Messages to Stores, each followed by the key of a call, are keys of no call. Programs that know
// no queue send them back, as all keys that they do not hold.
var (
	tasksMessage = key.Key([]byte("workgen: there may be a task now"))
	takenMessage = key.Key([]byte("workgen: this task was taken now"))
	doneMessage  = key.Key([]byte("workgen: this task has been done"))
)

func isMessage(k key.Key) bool { return k == tasksMessage || k == takenMessage || k == doneMessage }

// about has those told of a call who want its task.
func (n *news) about(tx *tx, message, k key.Key, seq int64) (err error) {
	n.message, n.call = message, k
	n.callers, err = tx.numbers(`SELECT DISTINCT holder FROM want WHERE task = ?`, seq)
	return err
}

// tell tells the news, in this process and in others.
func (s *Store) tell(n *news) {
	tell := func(ids []int64, message, call key.Key) {
		for _, id := range ids {
			if w := openHere(id); w != nil {
				w.hear(message, call)
			} else {
				s.watches.say(id, message, call)
			}
		}
	}
	tell(n.workers, tasksMessage, key.Key{})
	tell(n.callers, n.message, n.call)
}

// hear takes a message.
func (w *watches) hear(message, call key.Key) {
	switch message {
	case tasksMessage:
		w.s.takers.wake()
	case takenMessage: // its lease is going to begin: who watches it looks for that
		w.expect(call, false)
	case doneMessage:
		w.answered(call)
	}
}

// expect notes whether a message about a call is going to come: those who watch it are woken rarely
// then.
func (w *watches) expect(k key.Key, expected bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if x := w.byKey[k]; x != nil {
		x.expected = expected
	}
}

// missed wakes those who count on a message, since messages may not have come: this did not listen,
// or who sent them is gone. mu is held.
func (w *watches) missed() {
	for k, x := range w.byKey {
		if x.expected {
			x.expected = false
			w.ringLocked(k)
		}
	}
}

// listen begins to listen as soon as there is another process: it may have news.
func (s *Store) listen() {
	s.watches.mu.Lock()
	s.watches.sockets.expects = true
	s.watches.mu.Unlock()
	s.watches.meet()
}
