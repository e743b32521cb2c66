package postgres

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"sync"

	"github.com/workgen/workgen/runtime/key"
)

// notices tell other Stores that calls have changed. They are sent after the commit, those together
// that have come while others were sent, in a transaction that does not wait for the disk: a
// database commits transactions with notifications one after the other. One that is lost, since
// the process dies before, is made up for by those who look now and then.
type notices struct {
	s *Store

	mu      sync.Mutex
	idle    sync.Cond // on mu; set when it is first used
	keys    []key.Key
	deleted bool // calls were deleted
	tasks   bool // there may be something to take
	busy    bool // somebody sends
}

// channel is the name that Stores listen to.
func (s *Store) channel() string {
	return "workgen " + strconv.FormatUint(s.seed, 36)
}

// A payload is who sends it, a space, and what: the keys that have changed, or one of these.
const (
	deletedNotice = "deleted"
	tasksNotice   = "tasks"
	probeNotice   = "probe"

	keysAtOnce = 150 // that fit into one payload, of less than 8000 bytes
	maxNotices = 50  // payloads in one transaction
)

func (s *Store) payload(what string) string { return strconv.FormatInt(s.id, 36) + " " + what }

// send has others told that a call has changed.
func (n *notices) send(k key.Key) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.keys = append(n.keys, k)
	n.work()
}

// sendDeleted has others told that calls were deleted.
func (n *notices) sendDeleted() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.deleted = true
	n.work()
}

// sendTasks has others told that there may be tasks to take.
func (n *notices) sendTasks() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tasks = true
	n.work()
}

// work has somebody send. mu is held.
func (n *notices) work() {
	if n.idle.L == nil {
		n.idle.L = &n.mu
	}
	if !n.busy {
		n.busy = true
		go n.run()
	}
}

func (n *notices) run() {
	for {
		n.mu.Lock()
		payloads := n.take()
		if payloads == nil {
			n.busy = false
			n.idle.Broadcast()
			n.mu.Unlock()
			return
		}
		n.mu.Unlock()
		_ = n.s.notify(payloads) // what is not sent is found by who looks
	}
}

// take returns the payloads of the next transaction. mu is held.
func (n *notices) take() (payloads []string) {
	if n.deleted {
		n.deleted = false
		payloads = append(payloads, n.s.payload(deletedNotice))
	}
	if n.tasks {
		n.tasks = false
		payloads = append(payloads, n.s.payload(tasksNotice))
	}
	for len(n.keys) > 0 && len(payloads) < maxNotices {
		some := min(len(n.keys), keysAtOnce)
		var b strings.Builder
		for _, k := range n.keys[:some] {
			b.WriteString(base64.RawStdEncoding.EncodeToString(k[:]))
		}
		payloads = append(payloads, n.s.payload(b.String()))
		n.keys = n.keys[some:]
	}
	return payloads
}

// notify sends payloads.
func (s *Store) notify(payloads []string) error {
	ctx, cancel := context.WithTimeout(s.running, closing)
	defer cancel()
	_, err := s.pool.Exec(ctx, s.sql.notify, s.channel(), payloads)
	return err
}

// flush waits until all is sent.
func (n *notices) flush() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for n.busy {
		n.idle.Wait()
	}
}

// keySize is the length of a key in a payload.
var keySize = base64.RawStdEncoding.EncodedLen(len(key.Key{}))

// receive does what a notification of another Store says.
func (s *Store) receive(payload string) (probe bool) {
	from, what, _ := strings.Cut(payload, " ")
	own := from == strconv.FormatInt(s.id, 36)
	switch {
	case what == probeNotice:
		return own
	case own:
	case what == deletedNotice:
		s.deleted.look()
	case what == tasksNotice:
		s.tasks.ring()
	default:
		for ; len(what) >= keySize; what = what[keySize:] {
			var k key.Key
			if _, err := base64.RawStdEncoding.Decode(k[:], []byte(what[:keySize])); err == nil {
				s.watches.ring(k)
			}
		}
	}
	return false
}
