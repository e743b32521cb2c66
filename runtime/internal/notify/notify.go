// Package notify tells those who watch something that it has changed, and not what: they
// read the state themselves, once for all that has changed until then. So notifying never
// waits, and neither slow listeners nor many changes pile anything up.
package notify

import (
	"slices"
	"sync"
	"sync/atomic"
	"weak"
)

// Notifier tells listeners that something has changed. The zero Notifier has none. All
// methods may be called concurrently, and with any lock held.
type Notifier struct {
	mu        sync.Mutex // held to change who listens
	listeners atomic.Pointer[[]*listener]
}

type listener struct{ c chan<- struct{} }

// Listen has c get a value whenever something changes. A value that c has no
// room for is dropped, so c needs a buffer of one. stop ends it, and keeps nothing
// alive until then.
func (n *Notifier) Listen(c chan<- struct{}) (stop func()) {
	l := &listener{c}
	n.change(func(all []*listener) []*listener { return append(all, l) })
	own := weak.Make(n)
	return func() {
		n := own.Value()
		if n == nil {
			return
		}
		n.change(func(all []*listener) []*listener {
			return slices.DeleteFunc(all, func(other *listener) bool { return other == l })
		})
	}
}

// change replaces the list, since who notifies takes no lock.
func (n *Notifier) change(f func([]*listener) []*listener) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []*listener
	if p := n.listeners.Load(); p != nil {
		all = slices.Clone(*p)
	}
	all = f(all)
	if len(all) == 0 {
		n.listeners.Store(nil)
		return
	}
	n.listeners.Store(&all)
}

// Notify tells the listeners. It never waits.
func (n *Notifier) Notify() {
	all := n.listeners.Load()
	if all == nil {
		return
	}
	for _, l := range *all {
		select {
		case l.c <- struct{}{}:
		default:
		}
	}
}

// Watched reports whether anybody listens.
func (n *Notifier) Watched() bool { return n.listeners.Load() != nil }
