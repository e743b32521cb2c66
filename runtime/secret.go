package runtime

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// This file is what keeps secret inputs out of all that is recorded: statuses, the store,
// logs and traces. Those who wait for a call get its error as it is.

// redacted returns an error as it is to be recorded: err itself, unless its text quotes a
// secret input, of this call or of one that it made. No lock may be held, since methods of
// the user's are called.
func (c *call) redacted(err error) error {
	if err != nil && c.secrets != nil {
		redact.Add(c.secrets)
	}
	return redacted(err)
}

func redacted(err error) error {
	if err == nil || !redact.Any() {
		return err
	}
	text := preview.Error(err)
	clean := redact.Text(text)
	if clean == text {
		return err
	}
	return &redactedError{clean, err, redactedPanic(err)}
}

// redactedError has another text than the error that it stands for. It can be told apart
// as that, but has no Unwrap, by which the text could be had.
type redactedError struct {
	text     string
	err      error
	panicked *PanicError // what is to be seen of the panic in err; nil if there is none
}

func (e *redactedError) Error() string        { return e.text }
func (e *redactedError) Is(target error) bool { return errors.Is(e.err, target) }

func (e *redactedError) As(target any) bool {
	if p, ok := target.(**PanicError); ok && e.panicked != nil {
		*p = e.panicked
		return true
	}
	return errors.As(e.err, target)
}

// redactedPanic returns the panic in an error without secrets, nil if there is none.
func redactedPanic(err error) (clean *PanicError) {
	defer func() { _ = recover() }() // methods of the user's
	var p *PanicError
	if !errors.As(err, &p) {
		return nil
	}
	return &PanicError{Work: p.Work, Value: redact.Text(fmt.Sprint(p.Value)), Stack: []byte(redact.Text(string(p.Stack)))}
}

// secrets returns what may be quoted of the secret inputs, nil if there are none.
func (c *Calls[K, A, R]) secrets(args *A) []string {
	if !c.runner.secret {
		return nil
	}
	in := Inputs{only: true}
	c.spec.Describe(&in, args)
	redact.Add(in.secrets)
	return in.secrets
}

// digestKey returns the key of the digests of secret inputs, so that nobody can try out
// what has a digest. All who use the store have the same, which it keeps; what only this
// process sees, and what a store that does not answer gets, has one of the process.
func (r *runner) digestKey(brief bool) []byte {
	if brief || r.store == nil {
		return ownDigestKey()
	}
	r.mu.Lock()
	shared := r.storeDigests
	r.mu.Unlock()
	if shared != nil {
		return shared
	}
	shared, err := storeDigestKey(context.Background(), r.store)
	if err != nil {
		return ownDigestKey()
	}
	r.mu.Lock()
	r.storeDigests = shared
	r.mu.Unlock()
	return shared
}

var ownDigestKey = sync.OnceValue(func() []byte { return []byte(rand.Text()) })

// digestMark is the name of the mark that has the key of a store.
const digestMark = "key of secret digests"

// storeDigestKey returns the key that a store has, and gives it one if it has none.
func storeDigestKey(ctx context.Context, s store.Store) ([]byte, error) {
	m, err := s.Mark(ctx, digestMark)
	if err != nil || m.Version > 0 {
		return []byte(m.Value), err
	}
	m.Value = rand.Text()
	if _, err := s.SetMark(ctx, digestMark, m); err == nil {
		return []byte(m.Value), nil
	}
	if m, err = s.Mark(ctx, digestMark); err == nil && m.Version == 0 {
		err = store.ErrConflict // another was faster, and the store does not show it yet
	}
	return []byte(m.Value), err
}
