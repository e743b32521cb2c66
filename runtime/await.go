package runtime

import (
	"context"
	"errors"
)

// Awaitable is a *[Call] of any result type.
type Awaitable interface {
	Done() <-chan struct{}
	Status() CallStatus

	// outcomeErr waits like Call.Wait, without the result.
	outcomeErr(ctx context.Context) error
}

func (c *Call[R]) outcomeErr(ctx context.Context) error {
	_, err := c.Wait(ctx)
	return err
}

// Await returns when all calls have succeeded: nil. Otherwise it returns the
// errors of those that have not, joined, in the order of the calls. Nil calls
// are left out.
//
// Inside of a flow it does not wait. While a call is unfinished it returns an
// error that wraps [ErrSuspended], whatever the others came to, and the loop
// runs the flow again when one has ended.
//
//	first := process.Start(ctx, "05/25/22")
//	second := process.Start(ctx, "05/26/22")
//	if err := runtime.Await(ctx, first, second); err != nil {
//		return err
//	}
func Await(ctx context.Context, calls ...Awaitable) error {
	var failed, suspended []error
	for _, call := range calls {
		if call == nil {
			continue
		}
		switch err := call.outcomeErr(ctx); {
		case errors.Is(err, ErrSuspended):
			suspended = append(suspended, err)
		case err != nil:
			failed = append(failed, err)
		}
	}
	if len(suspended) > 0 {
		return errors.Join(suspended...)
	}
	return errors.Join(failed...)
}
