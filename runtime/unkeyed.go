package runtime

import (
	"fmt"
	"log/slog"
)

// This file is about calls whose inputs could not be encoded, because a
// marshaller failed, say. Nothing is known of what they are equal to.

// UnkeyedError is what a call gets inside of a flow when its inputs could not be
// encoded: the next pass could not find it again, and would make another one.
// Outside of flows such calls execute.
type UnkeyedError struct {
	Work string // full name of the work
	Err  error  // why its inputs could not be encoded
}

func (e *UnkeyedError) Error() string {
	return fmt.Sprintf("work %s: its inputs cannot be keyed, so no later pass of the flow would find the call again: %v", e.Work, e.Err)
}

// Unwrap returns Err.
func (e *UnkeyedError) Unwrap() error { return e.Err }

// unkeyed returns why a key belongs to no inputs; nil when it does. Keys of
// plain inputs always do, and have no method Err.
func unkeyed[K comparable](k *K) error {
	if f, ok := any(k).(interface{ Err() error }); ok {
		return f.Err()
	}
	return nil
}

// refuseUnkeyed counts a call that is refused, and returns the error for it.
func (r *runner) refuseUnkeyed(err error) error {
	r.mu.Lock()
	r.stats.Refused++
	r.stats.Unkeyed++
	r.mu.Unlock()
	r.warnUnkeyed(err)
	return &UnkeyedError{Work: r.name, Err: err}
}

// warnUnkeyed says, once per runner, that calls are not found again. A nil err
// is nothing to warn about. No lock may be held.
func (r *runner) warnUnkeyed(err error) {
	if err == nil {
		return
	}
	r.warning.Do(func() {
		r.logAt(slog.LevelWarn, "inputs cannot be keyed: such calls execute each time, and inside of a flow not at all",
			slog.Any("error", err))
	})
}
