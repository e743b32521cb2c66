package arguments

import (
	"crypto/hmac"
	"crypto/sha256"
	"reflect"
	"slices"
	"strings"

	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Inputs are those of a work, in the order of their encoding: fields of the work, and Run's
// arguments. Of secret ones a store gets a digest only, and no text a quotation. All methods
// may be called concurrently; args is always a pointer to the arguments of a call, of which
// methods of the user's may be called.
type Inputs struct {
	list   []input // empty: nothing is known of them
	work   any
	secret bool // some are
	files  bool // the content of what some name is an input
	digest digestKey
}

type input struct {
	name, typ string
	secret    bool
	files     bool // see store.Arg.Files
}

// New reads the names and types of inputs, of which some are secret. work is a pointer to
// the work.
func New(work any, list, secret []string) *Inputs {
	in := &Inputs{list: make([]input, len(list)), work: work, secret: len(secret) > 0}
	for i, text := range list {
		one := &in.list[i]
		one.name, one.typ, _ = strings.Cut(text, " ")
		one.secret = slices.Contains(secret, one.name)
		one.files = (&store.Arg{Type: one.typ}).Files()
		in.files = in.files || one.files
	}
	return in
}

// Use sets the store that has the key of digests. It comes before all else.
func (in *Inputs) Use(s store.Store) { in.digest.store = s }

// value returns a pointer to the value of an input.
func (in *Inputs) value(i int, args any) any {
	v := reflect.ValueOf(args).Elem()
	if v.Kind() != reflect.Struct {
		return args
	}
	if first := len(in.list) - v.NumField(); i >= first {
		return v.Field(i - first).Addr().Interface()
	}
	field := reflect.ValueOf(in.work).Elem().FieldByName(in.list[i].name)
	return reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Interface() // it may be unexported
}

// Secrets returns what may be quoted of the secret inputs, nil if there are none, and makes
// it known to package redact.
func (in *Inputs) Secrets(args any) (list []string) {
	for i, one := range in.list {
		if one.secret {
			list = append(list, redact.Values(in.value(i, args))...)
		}
	}
	redact.Add(list)
	return list
}

// ForStore lists the inputs of a call, which encode writes, with their digests. Where
// nothing is known of them there are none.
func (in *Inputs) ForStore(args any, encode func(*key.Encoder)) []store.Arg {
	list := in.texts(args)
	if len(list) > 0 {
		in.digests(encode, in.digest.shared, func(i int, sum []byte) { copy(list[i].Digest[:], sum) })
	}
	return list
}

// ForPeople lists the inputs of a call. Only secret ones get a digest, which can be compared
// in this process only, and those that name files whose content is an input. Where nothing is known of them it lists the fields of args.
func (in *Inputs) ForPeople(args any, encode func(*key.Encoder)) []store.Arg {
	if len(in.list) == 0 {
		return Fields(args, Text)
	}
	list := in.texts(args)
	if in.secret || in.files {
		in.digests(encode, ownDigestKey, func(i int, sum []byte) {
			if in.list[i].secret || in.list[i].files {
				copy(list[i].Digest[:], sum)
			}
		})
	}
	return list
}

func (in *Inputs) texts(args any) []store.Arg {
	list := make([]store.Arg, len(in.list))
	for i, one := range in.list {
		list[i] = store.Arg{Name: one.name, Type: one.typ, Secret: one.secret}
		if !one.secret {
			list[i].Text = Text(in.value(i, args))
		}
	}
	return list
}

// digests calls set with the digest of each input, which encode writes. Those of secret
// inputs have a key.
func (in *Inputs) digests(encode func(*key.Encoder), secretKey func() []byte, set func(i int, sum []byte)) {
	scopes := make([]key.Scope, len(in.list))
	for i, one := range in.list {
		scopes[i] = key.Scope{Work: one.name, Schema: one.typ}
	}
	for i, sum := range key.Sums(scopes, encode) {
		if in.list[i].secret {
			mac := hmac.New(sha256.New, secretKey())
			mac.Write(sum[:])
			copy(sum[:], mac.Sum(nil))
		}
		set(i, sum[:])
	}
}
