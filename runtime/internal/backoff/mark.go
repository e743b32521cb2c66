package backoff

import (
	"errors"
	"time"
)

// Errors can say themselves whether, and when, to try again. The marks do not change their
// texts, and errors.Is and errors.As see through them.

type permanent struct{ error }

func (e *permanent) Unwrap() error { return e.error }

// Permanent marks an error that another try would not mend; nil stays nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanent{err}
}

// IsPermanent reports whether an error is marked. It calls methods of the user's errors, as
// Least does, so no lock may be held.
func IsPermanent(err error) bool {
	var mark *permanent
	return errors.As(err, &mark)
}

type after struct {
	error
	least time.Duration
}

func (e *after) Unwrap() error { return e.error }

// After marks an error with how long to wait at least; nil stays nil.
func After(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &after{err, d}
}

// Least returns how long to wait at least after an error, 0 if that does not say.
func Least(err error) time.Duration {
	if mark := (*after)(nil); errors.As(err, &mark) {
		return mark.least
	}
	return 0
}
