package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/workgen/workgen/runtime/internal/arguments"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// This file is how a call is executed again although it has a result: by a call of its own that is
// not in the table. Those who ask meanwhile get the old result, from there or from the store. When
// the new call has succeeded it takes the place of the old one; otherwise nothing changes.

// Again starts an execution of a call that the runner remembers, in the background: it takes its
// slots, is retried and logged as any other, and goes on when ctx has ended. Until there is another
// result, and for ever if the execution fails or is stopped, everybody gets the old one,
// in this process and in others, and none of them waits. Then everybody gets the new one: other
// processes, which may keep the old one in memory, within about a second. Loops whose flows may
// have read the old one do a pass.
//
// It returns the number of the call that executes, by which it is found like any other: that of an
// equal call if one is under way. It counts as a Start. The error says why the call cannot be
// executed again: see [Inspection.CanAgain]. Besides, its arguments may not be there any more. They are
// for calls that were made while somebody listened ([Inspection.Notify]), or executed with a store,
// and have up to 64 KiB.
func (i Inspection) Again(ctx context.Context, number uint64) (uint64, error) {
	i.r.mu.Lock()
	m := i.r.history.Find(number)
	if m == nil {
		i.r.mu.Unlock()
		return 0, named(i.r.name, fmt.Errorf("call %d is not remembered any more: find it in the store", number))
	}
	args, k, hash := m.copy, m.key, m.hash
	i.r.mu.Unlock()
	if err := i.CanAgain(); err != nil {
		return 0, err
	}
	switch {
	case args != nil:
		return i.again(args, func(h uint64, _ values) error {
			if h != hash {
				return errors.New("an argument, a field of the work, or the content of a file has changed since: it would be another call")
			}
			return nil
		})
	case !k.IsZero():
		return i.AgainKey(ctx, k)
	}
	return 0, named(i.r.name, errNoArguments)
}

// AgainKey is [Inspection.Again] for a call of which the store has the arguments, whoever has made
// it. It is another call, which is an error, if the code of the work, the program's build,
// a field of the work or a file that is an input has changed since.
func (i Inspection) AgainKey(ctx context.Context, k key.Key) (uint64, error) {
	if err := i.CanAgain(); err != nil {
		return 0, err
	}
	if i.r.store == nil {
		return 0, named(i.r.name, errors.New("it uses no store that could have the arguments of the call"))
	}
	args, rec, err := i.stored(ctx, k)
	if err != nil {
		return 0, named(i.r.name, err)
	}
	return i.again(args, func(_ uint64, v values) error {
		if i.r.keyOf(v) == k {
			return nil
		}
		return i.r.whyOther(rec)
	})
}

// CanAgain returns why no call of the runner can be executed again, and what to do about it: an
// argument is secret, or cannot be encoded, the work is executed by workers, the environment lets
// nothing execute or be stored, or the runner is closed. Nil says that it depends on the call.
func (i Inspection) CanAgain() error {
	r := i.r
	r.mu.Lock()
	closed := r.closed
	r.mu.Unlock()
	secret := r.inputs.SecretArgument(r.args)
	var err error
	switch {
	case closed:
		err = ErrClosed
	case secret != "":
		err = fmt.Errorf("argument %s is secret, and is kept nowhere: call the work again", secret)
	case r.workers != nil:
		err = errors.New("its calls are executed by workers: forget the call, and have it made again")
	case r.store != nil && (r.override == readCache || r.override == onlyCache):
		err = fmt.Errorf("%s is set, so that the store would not get the new result: unset it", cacheVariable)
	case r.store != nil:
		_, err = r.argCodec()
	}
	if err != nil {
		return named(r.name, err)
	}
	return nil
}

// Arguments returns the arguments of a call that the runner remembers, and whether it has them, or
// the store: not if one of them is secret. They are a struct, or the only one, which nobody may
// write to.
func (i Inspection) Arguments(ctx context.Context, number uint64) (any, bool) {
	i.r.mu.Lock()
	var args any
	var k key.Key
	if m := i.r.history.Find(number); m != nil {
		args, k = m.copy, m.key
	}
	i.r.mu.Unlock()
	switch {
	case args != nil:
		return reflect.ValueOf(args).Elem().Interface(), true
	case k.IsZero():
		return nil, false
	}
	return i.StoredArguments(ctx, k)
}

// StoredArguments returns the arguments that the store has of a call, and whether it has any that
// this runner can read: not of other types than those of its own.
func (i Inspection) StoredArguments(ctx context.Context, k key.Key) (any, bool) {
	if i.r.store == nil {
		return nil, false
	}
	args, _, err := i.stored(ctx, k)
	if err != nil {
		return nil, false
	}
	return reflect.ValueOf(args).Elem().Interface(), true
}

var errNoArguments = fmt.Errorf("the arguments of the call are not there: they have more than %d KiB, were dropped to make room, "+
	"or were not kept when it was made: call the work with them", store.MaxArguments>>10)

// stored returns a pointer to the arguments that the store has of a call, and a record with them.
func (i Inspection) stored(ctx context.Context, k key.Key) (any, store.Record, error) {
	r := i.r
	if _, err := r.argCodec(); err != nil { // no record is of use
		return nil, store.Record{}, err
	}
	rec, found := store.Record{}, false
	for got, err := range r.backend.History(ctx, store.Filter{Work: r.name, Prefix: k.String(), Arguments: true, Limit: 100}) {
		if err != nil {
			return nil, rec, err
		}
		if rec, found = got, true; rec.Arguments != nil {
			break
		}
	}
	if !found {
		return nil, rec, errors.New("the store has no record of the call")
	}
	args, err := r.decodeArguments(&rec)
	return args, rec, err
}

// decodeArguments returns a pointer to the arguments in a record.
func (r *runner) decodeArguments(rec *store.Record) (any, error) {
	codec, err := r.argCodec()
	switch {
	case err != nil:
		return nil, err
	case rec.Schema != r.schema:
		return nil, errors.New("the types of its inputs or results have changed since: it would be another call")
	case rec.Arguments == nil:
		return nil, errNoArguments
	}
	args := reflect.New(r.args).Interface()
	e := &store.Entry{Ref: rec.Ref, Size: int64(len(rec.Arguments)), Data: rec.Arguments}
	if err := codec.Decode(e, r.schema, args); err != nil {
		return nil, fmt.Errorf("the arguments of the call cannot be read: %w", err)
	}
	return args, nil
}

// whyOther says why a call would have another key than that of a record.
func (r *runner) whyOther(rec store.Record) error {
	what := "a field of the work, or the content of a file,"
	switch {
	case rec.Code != r.scope:
		what = "the code of the work"
	case rec.Build != r.build.Build().Text:
		what = "what the program is built with"
	}
	return fmt.Errorf("%s has changed since: it would be another call", what)
}

// again starts the execution, unless check says why not: it may call methods of the user's.
func (i Inspection) again(args any, check func(hash uint64, v values) error) (number uint64, err error) {
	r := i.r
	defer func() {
		if v := recover(); v != nil {
			number, err = 0, recovered(r.name, v)
		}
	}()
	c, number, err := r.calls.(renews).renew(args, check)
	if err != nil {
		return 0, named(r.name, err)
	}
	if c != nil {
		c.launch(context.Background(), false)
	}
	return number, nil
}

// renews is a *Calls, whatever its types are.
type renews interface {
	// renew makes a call that is Again, with the arguments that args points to. It returns nil and a
	// number if an equal one is under way.
	renew(args any, check func(hash uint64, v values) error) (made *call, number uint64, err error)
}

func (c *Calls[K, A, R]) renew(args any, check func(uint64, values) error) (*call, uint64, error) {
	r := c.runner
	hash, k := c.identify(*args.(*A))
	if err := unkeyed(k); err != nil {
		return nil, 0, err
	}
	e, u := c.newCall(hash, k, *args.(*A))
	if err := check(hash, u.values); err != nil {
		return nil, 0, err
	}
	u.again = true
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := c.table.find(hash, &k)
	if kept != nil && !kept.call.node.status().ended() {
		r.stats.Joined++
		return nil, kept.call.node.number, nil
	}
	if other := r.renewal(hash, k); other != nil {
		r.stats.Joined++
		return nil, other.node.number, nil
	}
	if r.ignoresEqual(u.values, hash) {
		r.stats.Refused++
		return nil, 0, errors.New("a body of the call was stopped, and still runs: wait until it returns")
	}
	if err := r.mayMake(nil); err != nil {
		return nil, 0, errors.Unwrap(err)
	}
	u.addStart(nil) // it is for nobody, and so does not end with anybody
	if kept == nil && r.store == nil && r.cacheCalls {
		u.listed = true // there is no result that anybody could get meanwhile
		c.table.insert(e)
	} else {
		r.beginRenewal(u)
	}
	r.admit(u)
	return u, u.node.number, nil
}

// renewal returns the call that is Again, not in the table, and has an identity; nil: there is none.
// r.mu is held.
func (r *runner) renewal(hash uint64, identity any) *call {
	if c := r.renewals[hash]; c != nil && c.values.identity() == identity {
		return c
	}
	return nil
}

// beginRenewal adds a call to those. r.mu is held.
func (r *runner) beginRenewal(c *call) {
	if r.renewals == nil {
		r.renewals = map[uint64]*call{}
	}
	r.renewals[c.node.hash] = c
}

// endRenewal takes it out. r.mu is held.
func (r *runner) endRenewal(c *call) {
	if r.renewals[c.node.hash] == c {
		delete(r.renewals, c.node.hash)
	}
}

// ignoresEqual reports whether the body of an equal call runs whose context has ended. r.mu is held.
func (r *runner) ignoresEqual(v values, hash uint64) bool {
	for x := range r.ignoring {
		if c := x.call; c.node.hash == hash && c.values.identity() == v.identity() && !x.turn.Over() {
			return true
		}
	}
	return false
}

// supersede puts the call's entry into the table, and returns what was there before; false if that
// has not ended.
func (p *pending[K, A, R]) supersede() (old *node, ok bool) {
	t := &p.calls.table
	was := t.find(p.entry.call.node.hash, &p.entry.key)
	switch {
	case was == nil:
	case !was.call.node.status().ended():
		return nil, false
	default:
		old = &was.call.node
	}
	t.insert(p.entry)
	return old, true
}

func (p *pending[K, A, R]) kept() (any, *node) {
	e := p.calls.table.find(p.entry.call.node.hash, &p.entry.key)
	if e == nil || !e.call.node.status().ended() {
		return nil, nil
	}
	return &e.call, &e.call.node
}

// renewed has a call that is Again and has succeeded take the place of what is kept, and reports
// whether it is kept itself: if it is not to be, nothing is. runner.mu is held.
func (c *call) renewed(keep bool) bool {
	r := c.runner
	if !r.cacheCalls || c.forgotten {
		return false
	}
	old, ok := c.values.supersede()
	if !ok {
		return false // somebody executes it, or has it from the store
	}
	if old != nil { // after the new one is there, so that somebody finds either
		r.drop(old, Replaced)
	}
	if keep && r.keep(c, 0) {
		return true
	}
	r.table.unlink(c.node)
	return false
}

// forgetRenewal has what is under way for a call that is forgotten not count. r.mu is not held.
func (r *runner) forgetRenewal(hash uint64) {
	r.mu.Lock()
	c := r.renewals[hash]
	if c != nil {
		c.forgotten = true
		r.endRenewal(c) // the next result is not its business
		defer c.lease.GiveBack()
	}
	r.mu.Unlock()
}

// rememberArguments remembers a copy of the arguments of a new call, so that it can be executed again.
func (c *call) rememberArguments() {
	r := c.runner
	if c.unkeyed != nil || r.inputs.SecretArgument(r.args) != "" || arguments.Exceeds(c.values.arguments(), store.MaxArguments) {
		return
	}
	args := c.args
	if args == nil {
		defer func() { _ = recover() }() // a method of the user's that copies: there is none then
		args = c.values.copyOfArguments()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.history.Find(c.node.number); m != nil {
		m.copy = args
	}
}

// encodedArguments are the arguments for the record of the store, nil if they are not to be there.
func (c *call) encodedArguments() (data []byte) {
	r := c.runner
	codec, err := r.argCodec()
	if err != nil || arguments.Exceeds(c.values.arguments(), store.MaxArguments) { // before all of it is written in vain
		return nil
	}
	defer func() {
		if recover() != nil { // a method of the user's
			data = nil
		}
	}()
	var b bytes.Buffer
	if codec.Encode(&b, r.schema, c.values.arguments()) != nil || b.Len() > store.MaxArguments {
		return nil
	}
	return b.Bytes()
}

// argumentsCodec returns the codec for arguments in the store, or why they are not kept there.
func (r *runner) argumentsCodec() (store.Codec, error) {
	if name := r.inputs.SecretArgument(r.args); name != "" {
		return nil, fmt.Errorf("argument %s is secret, and is kept nowhere: call the work again", name)
	}
	codec, err := r.backend.Codec().For(r.args, r.argKinds)
	if err != nil {
		return nil, fmt.Errorf("its arguments cannot be stored: %w", err)
	}
	return codec, nil
}

// replacement is a result that this runner has put in place of another.
type replacement struct {
	token uint64
	at    time.Time
}

// replaces notes that the call is going to have its result replace another: the store then says that
// the call was deleted. runner.mu is held.
func (c *call) replaces(token uint64) {
	r := c.runner
	const told = time.Minute // by then
	for k, p := range r.replaced {
		if time.Since(p.at) > told {
			delete(r.replaced, k)
		}
	}
	if r.replaced == nil {
		r.replaced = map[key.Key]replacement{}
	}
	r.replaced[c.key] = replacement{token, time.Now()}
}

// isReplaced reports whether the store says that a call was deleted because this runner has replaced
// its result, which is still there.
func (r *runner) isReplaced(k key.Key) bool {
	r.mu.Lock()
	p, mine := r.replaced[k]
	r.mu.Unlock()
	if !mine {
		return false
	}
	found, err := r.store.Lookup(context.Background(), k)
	if err != nil {
		return false
	}
	defer found.Close()
	e := found.Result()
	return e != nil && e.Token == p.token
}
