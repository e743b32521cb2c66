package runtime

import (
	"sync"
	"weak"
)

// runners are those that were made and not collected since, oldest first. It
// keeps none of them alive.
var runners struct {
	mu   sync.Mutex
	all  []weak.Pointer[Runner]
	tidy int // length at which those that were collected are looked for
}

// minTidy is how many runners a process has at least before any is looked for.
const minTidy = 64

// enlist makes a new runner one of those that Runners returns.
func enlist(r *Runner) {
	runners.mu.Lock()
	defer runners.mu.Unlock()
	if len(runners.all) >= max(runners.tidy, minTidy) {
		left := runners.all[:0]
		for _, p := range runners.all {
			if p.Value() != nil {
				left = append(left, p)
			}
		}
		clear(runners.all[len(left):])
		runners.all = left
		runners.tidy = 2 * len(left)
	}
	runners.all = append(runners.all, weak.Make(r))
}

// Runners returns the runners of this process that are in use, or were until a
// moment ago, in the order in which they were made. It is for programs that show
// what is going on, such as those of package app.
func Runners() []*Runner {
	runners.mu.Lock()
	defer runners.mu.Unlock()
	out := make([]*Runner, 0, len(runners.all))
	for _, p := range runners.all {
		if r := p.Value(); r != nil {
			out = append(out, r)
		}
	}
	return out
}
