package runtime

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/internal/arguments"
	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// This file is what is said of inputs, to stores and to people, and what keeps secret ones
// out of all that is recorded: statuses, the store, logs and traces. Those who wait for a
// call get its error as it is.

// argument is one input of a work: one of Run's arguments, or a field of the work.
type argument struct {
	name, typ string
	secret    bool // a store gets a digest only, and no text a quotation
}

// inputsOf reads the inputs in a Spec, of which some are secret.
func inputsOf(list, secret []string) []argument {
	inputs := make([]argument, len(list))
	for i, text := range list {
		in := &inputs[i]
		in.name, in.typ, _ = strings.Cut(text, " ")
		in.secret = slices.Contains(secret, in.name)
	}
	return inputs
}

// value returns a pointer to the value of an input. args is one to the arguments.
func (r *runner) value(i int, args any) any {
	v := reflect.ValueOf(args).Elem()
	if v.Kind() != reflect.Struct {
		return args
	}
	if first := len(r.inputs) - v.NumField(); i >= first {
		return v.Field(i - first).Addr().Interface()
	}
	field := reflect.ValueOf(r.work).Elem().FieldByName(r.inputs[i].name)
	return reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Interface() // it may be unexported
}

// describe lists the inputs of a call, which encode writes. If that is to be brief, only
// secret ones get a digest.
func (r *runner) describe(args any, encode func(*key.Encoder), brief bool) []store.Arg {
	list := make([]store.Arg, len(r.inputs))
	scopes := make([]key.Scope, len(r.inputs))
	for i, in := range r.inputs {
		list[i] = store.Arg{Name: in.name, Type: in.typ, Secret: in.secret}
		scopes[i] = key.Scope{Work: in.name, Schema: in.typ}
		if !in.secret {
			list[i].Text = argText(r.value(i, args), maxArgText)
		}
	}
	if brief && !r.secret {
		return list
	}
	for i, sum := range key.Sums(scopes, encode) {
		if r.inputs[i].secret {
			mac := hmac.New(sha256.New, r.digestKey(brief))
			mac.Write(sum[:])
			copy(sum[:], mac.Sum(nil))
		} else if brief {
			continue
		}
		copy(list[i].Digest[:], sum[:])
	}
	return list
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
func (c *call) describe(brief bool) (list []store.Arg) {
	r := c.runner
	if len(r.inputs) == 0 {
		if !brief {
			return []store.Arg{}
		}
		return arguments.Fields(c.values.arguments(), argShort)
	}
	defer func() {
		if v := recover(); v != nil {
			list = []store.Arg{}
			r.storeFailed(context.Background(), "the inputs of a call cannot be described", recovered(r.name, v))
		}
	}()
	return r.describe(c.values.arguments(), c.encode, brief)
}

// maxArgText bounds the text of one argument, in bytes.
const maxArgText = 200

// summary shows the arguments, of which a body may be running that writes to them: what
// is more than text and numbers is left out.
func (c *call) summary() string { return arguments.Summary(c.values.arguments(), argShort) }

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
func (r *runner) secrets(args any) (list []string) {
	for i, in := range r.inputs {
		if in.secret {
			list = append(list, redact.Values(r.value(i, args))...)
		}
	}
	redact.Add(list)
	return list
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
	ctx, cancel := context.WithTimeout(context.Background(), digestKeyWithin)
	defer cancel()
	shared, err := arguments.DigestKey(ctx, r.store)
	if err != nil {
		return ownDigestKey()
	}
	r.mu.Lock()
	r.storeDigests = shared
	r.mu.Unlock()
	return shared
}

// digestKeyWithin is how long a store is waited for that is asked for its key.
const digestKeyWithin = time.Second

var ownDigestKey = sync.OnceValue(func() []byte { return []byte(rand.Text()) })
