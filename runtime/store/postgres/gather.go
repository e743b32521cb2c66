package postgres

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/workgen/workgen/runtime/store"
)

// gatherer has operations done together that come at the same time. While as many groups of them are
// under way as may be, those that come gather, and go as one group as soon as another is done.
// So who comes alone does not wait, and hundreds who come at once are served in a few round
// trips, and by as many commits.
type gatherer[T any] struct {
	running context.Context                          // the Store's
	do      func(ctx context.Context, ops []T) error // does a group, and notes in each what came of it
	most    int                                      // operations in a group
	size    func(op T) int                           // bytes that it takes; nil: few

	mu     sync.Mutex
	flying int
	next   []*group[T] // the last of them may still become larger
}

const (
	// maxFlying is how many groups are under way at once, so that one that hangs is in nobody's
	// way.
	maxFlying = 3

	// maxGroupSize is how many bytes a group has before the last operation.
	maxGroupSize = 2 << 20
)

// maxAnswer is how long an answer may take: then nobody knows what became of it, and it is asked for
// again.
const maxAnswer = 15 * time.Second

// group is operations that are done together.
type group[T any] struct {
	ctx    context.Context
	cancel context.CancelFunc
	ops    []T     // mu, until it is under way
	left   []bool  // whose callers do not wait any more; mu
	waits  int     // how many do; mu
	size   int     // mu
	errs   []error // by operation, if some have errors of their own
	err    error
	done   chan struct{}
}

var errNoAnswer = errors.New("postgres: the server does not answer")

// ask has an operation done, and waits for it.
func (g *gatherer[T]) ask(ctx context.Context, op T) error {
	x, i := g.join(op)
	select {
	case <-x.done:
		if x.errs != nil {
			return x.errs[i]
		}
		return x.err
	case <-ctx.Done():
		g.leave(x, i)
		return ctx.Err()
	}
}

// join adds an operation to a group that is not under way yet, and returns its place.
func (g *gatherer[T]) join(op T) (x *group[T], i int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := len(g.next); n > 0 && len(g.next[n-1].ops) < g.most && g.next[n-1].size < maxGroupSize {
		x = g.next[n-1]
	} else {
		x = &group[T]{done: make(chan struct{})}
		x.ctx, x.cancel = context.WithTimeout(g.running, maxAnswer)
		g.next = append(g.next, x)
	}
	x.ops, x.left = append(x.ops, op), append(x.left, false)
	x.waits++
	if g.size != nil {
		x.size += g.size(op)
	}
	if g.flying < maxFlying {
		g.flying++
		go g.fly()
	}
	return x, len(x.ops) - 1
}

// leave ends an operation for which nobody waits any more, if it is not under way yet, or all of its
// group are like that.
func (g *gatherer[T]) leave(x *group[T], i int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	x.left[i] = true
	if x.waits--; x.waits == 0 {
		x.cancel()
		g.next = slices.DeleteFunc(g.next, func(y *group[T]) bool { return y == x })
	}
}

// fly does one group after the other, until there are none.
func (g *gatherer[T]) fly() {
	for x, places := g.take(); x != nil; x, places = g.take() {
		x.err = g.together(x, places)
		x.cancel()
		close(x.done)
	}
}

// take returns the next group, and the places of those of its operations for which somebody waits.
func (g *gatherer[T]) take() (x *group[T], places []int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.next) == 0 {
		g.flying--
		return nil, nil
	}
	x = g.next[0]
	g.next = slices.Delete(g.next, 0, 1)
	for i := range x.ops {
		if !x.left[i] {
			places = append(places, i)
		}
	}
	return x, places
}

// together does operations at once. If the server refuses that, each is done alone, so that none
// suffers from another.
func (g *gatherer[T]) together(x *group[T], places []int) error {
	ops := make([]T, len(places))
	for n, i := range places {
		ops[n] = x.ops[i]
	}
	err := g.once(x.ctx, ops)
	if len(ops) == 1 || !ofOne(err) {
		return err
	}
	x.errs = make([]error, len(x.ops))
	for _, i := range places {
		x.errs[i] = g.once(x.ctx, x.ops[i:i+1])
	}
	return nil
}

// ofOne tells whether the server has refused something that one operation may have asked for: it is there,
// and lacks nothing.
func ofOne(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && !slices.Contains([]string{"08", "53", "57", "58"}, refused.Code[:min(2, len(refused.Code))])
}

// once does operations. None of the contexts of those who wait for them has ended, so that the end of
// the group's is no error of theirs.
func (g *gatherer[T]) once(ctx context.Context, ops []T) error {
	err := g.do(ctx, ops)
	switch {
	case err == nil || ctx.Err() == nil:
		return err
	case g.running.Err() != nil:
		return store.ErrClosed
	}
	return errNoAnswer
}
