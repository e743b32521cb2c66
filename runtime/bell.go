package runtime

import (
	"slices"
	"sync"
	"sync/atomic"
	"weak"
)

// bell tells listeners that something has changed, and not what: they read the
// state themselves, once for all that has changed until then. So ringing
// never waits, and neither slow listeners nor many changes pile anything up.
type bell struct {
	mu        sync.Mutex // held to change who listens
	listeners atomic.Pointer[[]*listener]
}

type listener struct{ c chan<- struct{} }

// listen has c get a value whenever something changes. A value that c has no
// room for is dropped, so c needs a buffer of one. stop ends it, and keeps nothing
// alive until then.
func (b *bell) listen(c chan<- struct{}) (stop func()) {
	l := &listener{c}
	b.change(func(all []*listener) []*listener { return append(all, l) })
	rings := weak.Make(b)
	return func() {
		b := rings.Value()
		if b == nil {
			return
		}
		b.change(func(all []*listener) []*listener {
			return slices.DeleteFunc(all, func(other *listener) bool { return other == l })
		})
	}
}

// change replaces the list, since who rings takes no lock.
func (b *bell) change(f func([]*listener) []*listener) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []*listener
	if p := b.listeners.Load(); p != nil {
		all = slices.Clone(*p)
	}
	all = f(all)
	if len(all) == 0 {
		b.listeners.Store(nil)
		return
	}
	b.listeners.Store(&all)
}

// ring may be called with any lock held.
func (b *bell) ring() {
	all := b.listeners.Load()
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

// heard reports whether anybody listens.
func (b *bell) heard() bool { return b.listeners.Load() != nil }
