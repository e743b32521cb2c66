package store

import (
	"errors"
	"time"
)

var (
	// ErrNotFound says that a store has no result for a key.
	ErrNotFound = errors.New("store has no result for this key")

	// ErrHeld says that another execution has the lease: wait for Watch, then look again.
	ErrHeld = errors.New("key is leased to somebody else")

	// ErrFinished says that nobody needs a lease: there is a result, look it up.
	ErrFinished = errors.New("key has a result already")

	// ErrLost says that a lease is not held any more: it has expired, or the key was
	// deleted. Somebody else may have begun another execution: look, or begin again.
	ErrLost = errors.New("lease is not held any more")

	// ErrConflict says that a mark has changed since it was read.
	ErrConflict = errors.New("mark has changed since it was read")

	// ErrTooLarge says that a result is larger than the store may become.
	ErrTooLarge = errors.New("result is larger than the store's bound")

	// ErrReadOnly says that the store was opened for reading only.
	ErrReadOnly = errors.New("store is open for reading only")

	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("store is closed")
)

// HeldError is ErrHeld, with what is known of the holder.
type HeldError struct {
	Ref
	Expires time.Time // of the lease, if it is not renewed
	Origin  Origin    // who has it; zero when that is not known
}

// Error names the key and the holder.
func (e *HeldError) Error() string {
	s := "key " + e.Key.String() + " is leased"
	if e.Origin.Host != "" {
		s += " to " + e.Origin.String()
	}
	return s
}

// Is makes a HeldError an ErrHeld for errors.Is.
func (e *HeldError) Is(target error) bool { return target == ErrHeld }

// CorruptError says that a result is there and cannot be read: its bytes were
// damaged, cut short or removed. It is a miss; the store drops what it has.
type CorruptError struct {
	Ref
	Err error // what is wrong
}

// Error names the key and what is wrong.
func (e *CorruptError) Error() string {
	return "result of key " + e.Key.String() + " cannot be read: " + e.Err.Error()
}

// Unwrap returns Err.
func (e *CorruptError) Unwrap() error { return e.Err }

// EncodingError is why a result could not be written to a store, which is not to blame:
// the codec refused the value, or a method of the user's failed.
type EncodingError struct{ Err error }

func (e *EncodingError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *EncodingError) Unwrap() error { return e.Err }
