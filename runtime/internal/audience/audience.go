// Package audience has those who are told which calls of a store were deleted.
package audience

import (
	"slices"
	"sync"

	"github.com/workgen/workgen/runtime/store"
)

// Audience is those who are told. The zero Audience is empty. All methods may be called concurrently.
type Audience struct {
	mu  sync.Mutex
	all []*member
}

type member struct {
	tell func(deleted []store.Ref) (goOn bool)
}

// Add adds somebody, until tell returns false.
func (a *Audience) Add(tell func(deleted []store.Ref) (goOn bool)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, &member{tell})
}

// IsEmpty reports whether there is nobody to tell.
func (a *Audience) IsEmpty() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.all) == 0
}

// Tell tells everybody that calls were deleted, no calls being any.
func (a *Audience) Tell(deleted []store.Ref) {
	a.mu.Lock()
	all := slices.Clone(a.all)
	a.mu.Unlock()
	for _, m := range all {
		if !m.tell(deleted) {
			a.mu.Lock()
			a.all = slices.DeleteFunc(a.all, func(other *member) bool { return other == m })
			a.mu.Unlock()
		}
	}
}
