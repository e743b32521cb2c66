package runtime

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/workgen/workgen/runtime/internal/arguments"
	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// This file is what is said of inputs, to stores and to people, and what keeps secret ones
// out of all that is recorded: statuses, the store, logs and traces. Those who wait for a
// call get its error as it is.

// Inputs collects the inputs of a call one by one, for the store to tell why an
// equal call was or was not found. Generated code fills it.
type Inputs struct {
	brief   bool   // only secret inputs get a digest
	digests []byte // the key of their digests
	args    []store.Arg

	only    bool // secret ones only, as they may be quoted
	secrets []string
}

// Input adds an input: its name, its type as in the source, a pointer to its
// value, and how it is encoded.
func (in *Inputs) Input(name, typ string, ptr any, encode func(e *key.Encoder)) {
	if !in.only {
		in.add(store.Arg{Name: name, Type: typ, Text: argText(ptr, maxArgText)}, encode)
	}
}

// Secret adds an input of which the store gets a digest only, and no text a quotation.
func (in *Inputs) Secret(name, typ string, ptr any, encode func(e *key.Encoder)) {
	if in.only {
		in.secrets = append(in.secrets, redact.Values(ptr)...)
		return
	}
	in.add(store.Arg{Name: name, Type: typ, Secret: true}, encode)
}

func (in *Inputs) add(a store.Arg, encode func(e *key.Encoder)) {
	if !in.brief || a.Secret {
		sum := key.Sum(key.Scope{Work: a.Name, Schema: a.Type}, encode)
		if a.Secret {
			mac := hmac.New(sha256.New, in.digests)
			mac.Write(sum[:])
			copy(sum[:], mac.Sum(nil))
		}
		copy(a.Digest[:], sum[:])
	}
	in.args = append(in.args, a)
}

// argText is the text of an argument, of up to limit bytes. What is secret is taken out
// before the text is cut, for a half of it would not be found.
func argText(v any, limit int) string {
	if !redact.Any() {
		return preview.Text(v, limit)
	}
	return preview.Cut(redact.Text(preview.Text(v, 20*limit)), limit)
}

// describe lists the inputs of a call, none if that panics: it runs methods of the
// user's.
func (p *pending[K, A, R]) describe(brief bool) (list []store.Arg) {
	list = []store.Arg{}
	tell, r := p.calls.spec.Describe, p.calls.runner
	switch {
	case tell != nil:
		defer func() {
			if v := recover(); v != nil {
				list = []store.Arg{}
				r.storeFailed(context.Background(), "the inputs of a call cannot be described", recovered(r.name, v))
			}
		}()
		in := Inputs{brief: brief, args: list}
		if r.secret {
			in.digests = r.digestKey(brief)
		}
		tell(&in, &p.args)
		return in.args
	case brief:
		return arguments.Fields(p.args, argShort)
	}
	return list
}

// maxArgText bounds the text of one argument, in bytes.
const maxArgText = 200

// summary shows the arguments, of which a body may be running that writes to them: what
// is more than text and numbers is left out.
func (p *pending[K, A, R]) summary() string { return arguments.Summary(&p.args, argShort) }

func argShort(v any) string { return argText(v, maxArgText) }

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
	shared, err := arguments.DigestKey(context.Background(), r.store)
	if err != nil {
		return ownDigestKey()
	}
	r.mu.Lock()
	r.storeDigests = shared
	r.mu.Unlock()
	return shared
}

var ownDigestKey = sync.OnceValue(func() []byte { return []byte(rand.Text()) })
