package runtime

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// Awaitable is a *[Call] of any result type.
type Awaitable interface {
	Done() <-chan struct{}
	Status() CallStatus

	// unfinished returns the call, nil if it has ended, and then why it has no result.
	unfinished() (*call, error)
}

func (c *Call[R]) unfinished() (*call, error) {
	if c == nil {
		return nil, nil
	}
	if !c.node.status().ended() {
		return c.node.call.Load(), nil
	}
	return nil, c.node.call.Load().failure()
}

// Await returns when all calls have succeeded: nil. Otherwise it returns the
// errors of those that have not, joined, in the order of the calls. Nil calls
// are left out. [All] gives the results, too, and does not wait for the others when one has
// failed; [Each] gives the errors one by one.
//
// Inside of a flow it suspends: while a call is unfinished it returns an
// error that wraps [ErrSuspended], whatever the others came to, and the loop
// runs the flow again when all have ended.
//
//	first := process.Start(ctx, "05/25/22")
//	second := train.Start(ctx, "05/26/22")
//	if err := runtime.Await(ctx, first, second); err != nil {
//		return err
//	}
func Await(ctx context.Context, calls ...Awaitable) error {
	if err := await(ctx, calls, false); err != nil {
		return err
	}
	var errs []error
	for _, c := range calls {
		if c != nil {
			_, err := c.unfinished()
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// All returns the results of calls in their order when all have succeeded. As soon as one has
// failed it returns nil and that error; the others go on. Inside of a flow it suspends, and the
// loop runs the flow again when one or the other is so. The result of a nil call is zero.
//
// Outside of flows it waits, and is how services and batch tools get the results of many inputs, kept
// or not: calls that are started one after the other are looked for in the store together, up to 256 of
// them at once, and what is missing there executes. A call that the store fails for, or that its caller
// leaves, is as if it had come alone.
//
//	var pages []*runtime.Call[Page]
//	for _, url := range urls {
//		pages = append(pages, fetch.Start(ctx, url))
//	}
//	all, err := runtime.All(ctx, pages)
func All[R any](ctx context.Context, calls []*Call[R]) ([]R, error) {
	if err := await(ctx, awaitables(calls), true); err != nil {
		return nil, err
	}
	results := make([]R, len(calls))
	for i, c := range calls {
		if c == nil {
			continue
		}
		var err error
		if results[i], err = c.outcome(); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// Outcome is what a call has come to.
type Outcome[R any] struct {
	Result R
	Err    error // why there is no result; nil otherwise
}

// Each returns what each of the calls has come to, in their order, when all have ended: so one that
// fails does not stop the others. A nil call has a zero Outcome. The error is a suspension, or
// that of ctx; errors of the calls are in the outcomes.
//
//	files, err := runtime.Each(ctx, parsed)
//	if err != nil {
//		return err
//	}
//	for i, f := range files {
//		if f.Err != nil {
//			bad = append(bad, names[i])
//		}
//	}
//
// Inside of a flow a call that has failed executes again when its backoff is over, again and again,
// also if the flow has got through without it: a body marks an error that will not go away
// [Permanent].
func Each[R any](ctx context.Context, calls []*Call[R]) ([]Outcome[R], error) {
	if err := await(ctx, awaitables(calls), false); err != nil {
		return nil, err
	}
	outcomes := make([]Outcome[R], len(calls))
	for i, c := range calls {
		if c != nil {
			outcomes[i].Result, outcomes[i].Err = c.outcome()
		}
	}
	return outcomes, nil
}

func awaitables[R any](calls []*Call[R]) []Awaitable {
	list := make([]Awaitable, 0, len(calls))
	for _, c := range calls {
		if c != nil {
			list = append(list, c)
		}
	}
	return list
}

// await waits until all calls have ended, or with failFast until one has failed, and returns the
// errors then if failFast. Otherwise the error is that of ctx, or a suspension.
func await(ctx context.Context, calls []Awaitable, failFast bool) error {
	for {
		var errs []error
		var left []*call
		var rested error
		for _, c := range calls {
			if c == nil {
				continue
			}
			switch u, err := c.unfinished(); {
			case u != nil:
				left = append(left, u)
			case notMade(err):
				rested = err
			case err != nil && failFast:
				errs = append(errs, err)
			}
		}
		switch {
		case len(errs) > 0:
			return errors.Join(errs...)
		case len(left) == 0:
			return passOf(ctx).rested(rested)
		}
		if err := awaitSome(ctx, left, failFast); err != nil {
			return err
		}
	}
}

// awaitSome returns nil when the calls have ended, or with failFast one of them has failed.
func awaitSome(ctx context.Context, left []*call, failFast bool) error {
	p := passOf(ctx)
	if p == nil {
		return awaitBlocking(ctx, left, failFast)
	}
	if err := p.refuses(left[0].runner.name); err != nil {
		return err
	}
	if over, _ := p.waitFor(left, failFast); over {
		return nil
	}
	return p.suspend(worksOf(left)...)
}

// gathering is who waits for several calls outside of a flow.
type gathering struct {
	failFast bool
	over     chan struct{} // closed when all have ended, or with failFast one has failed

	mu     sync.Mutex
	left   int
	closed bool
}

func (g *gathering) ended(c *call) {
	failed := !c.hasSucceeded()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.left--; !g.closed && (g.left == 0 || failed && g.failFast) {
		g.closed = true
		close(g.over)
	}
}

func (g *gathering) returned(*call)  {}
func (g *gathering) pends(*call)     {}
func (g *gathering) pins(*call) bool { return false }

// awaitBlocking is awaitSome outside of flows. The caller is one of those for whom the calls are
// kept going.
func awaitBlocking(ctx context.Context, calls []*call, failFast bool) error {
	parent, err := executionOf(ctx), ctx.Err()
	if err != nil {
		return err
	}
	g := &gathering{failFast: failFast, over: make(chan struct{}), left: len(calls)}
	joined := make([]*call, 0, len(calls))
	for _, c := range calls {
		ended, err := c.join(g, parent)
		if err != nil {
			leaveAll(joined, g, parent)
			return err
		}
		if ended {
			g.ended(c)
			continue
		}
		joined = append(joined, c)
		if parent != nil {
			parent.pause()
		}
	}
	select {
	case <-g.over:
	case <-ctx.Done():
		err = ctx.Err()
	}
	leaveAll(joined, g, parent)
	return err
}

// join adds a waiter who is told by g, and reports whether there is nothing to wait for.
func (c *call) join(g *gathering, parent *execution) (ended bool, err error) {
	c.runner.mu.Lock()
	defer c.runner.mu.Unlock()
	if c.ended() {
		return true, nil
	}
	if err := c.addWaiter(parent); err != nil {
		return false, err
	}
	c.watchers = append(c.watchers, g)
	return false, nil
}

// leaveAll undoes join.
func leaveAll(calls []*call, g *gathering, parent *execution) {
	for _, c := range calls {
		c.leave(func() {
			c.waiters--
			c.watchers = slices.DeleteFunc(slices.Clone(c.watchers), func(w watcher) bool { return w == watcher(g) })
		})
		if parent != nil {
			parent.goOn(c)
		}
	}
}

// Group runs functions in goroutines of their own, and waits for them, as an errgroup does that
// knows of flows: when one is suspended, the others start what they have to start, and an
// error of one shows although others are suspended. The zero Group is ready to use.
//
//	var g runtime.Group
//	for _, region := range regions {
//		g.Go(func() error {
//			sales, err := collect.Run(ctx, region)
//			if err != nil {
//				return err
//			}
//			return report.Run(ctx, region, sales)
//		})
//	}
//	if err := g.Wait(); err != nil {
//		return err
//	}
type Group struct {
	wg sync.WaitGroup

	mu        sync.Mutex
	errs      []error
	suspended error // the first suspension
}

// Go runs f in a goroutine. A panic in it is an error, a [PanicError], which Wait returns.
func (g *Group) Go(f func() error) {
	g.wg.Go(func() {
		err := named(flowName, ErrGoexit)
		defer func() {
			if v := recover(); v != nil {
				err = recovered(flowName, v)
			}
			g.add(err)
		}()
		err = f()
	})
}

func (g *Group) add(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case err == nil:
	case !Suspended(err):
		g.errs = append(g.errs, err)
	case g.suspended == nil:
		g.suspended = err
	}
}

// Wait waits until all functions have returned, and returns their errors, joined; if there is
// none, a suspension; otherwise nil.
func (g *Group) Wait() error {
	g.wg.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.errs) > 0 {
		return errors.Join(g.errs...)
	}
	return g.suspended
}
