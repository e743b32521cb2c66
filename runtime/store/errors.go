package store

import (
	"errors"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

var (
	// ErrNotFound says that a store has no result for a key.
	ErrNotFound = errors.New("store has no result for this key")

	// ErrHeld says that somebody else has the lease: wait for Watch, then Get.
	ErrHeld = errors.New("key is leased to somebody else")

	// ErrFinished says that nobody needs a lease: there is a result, Get it.
	ErrFinished = errors.New("key has a result already")

	// ErrLost says that a lease is not held any more: it has expired, or the key was
	// deleted. Somebody else may have acquired the key, so Get it, or begin again.
	ErrLost = errors.New("lease is not held any more")

	// ErrTooLarge says that a result is larger than the store may become.
	ErrTooLarge = errors.New("result is larger than the store's bound")

	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("store is closed")
)

// HeldError is ErrHeld, with what is known of the holder.
type HeldError struct {
	Key     key.Key
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
	Key key.Key
	Err error // what is wrong
}

// Error names the key and what is wrong.
func (e *CorruptError) Error() string {
	return "result of key " + e.Key.String() + " cannot be read: " + e.Err.Error()
}

// Unwrap returns Err.
func (e *CorruptError) Unwrap() error { return e.Err }
