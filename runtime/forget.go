package runtime

import (
	"context"

	"github.com/workgen/workgen/runtime/internal/durable"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// This file is how calls are forgotten: one, or those whose arguments match.

// KeepArguments has a runner keep a copy of the arguments of each call whose result it keeps in memory,
// so that ForgetFunc of the generated runner can tell which to forget. [MaxBytes] does not count
// them. False, the default, keeps none.
func KeepArguments(keep bool) Option {
	return optionFunc(func(c *config) { c.keepArguments = keep })
}

// ForgetFunc forgets all calls whose arguments match, as Forget does one: those of a customer, say, whose
// data have changed. Where nobody has the arguments of a call, it is forgotten, too. In memory they are
// there under the option [KeepArguments]; a store has those of calls that it has seen execute, unless
// one of them is secret, they have more than 64 KiB, or were dropped to make room. Calls that are made
// meanwhile may be forgotten or not.
//
// match gets arguments that it may not write to. It is called without locks, by the caller's
// goroutine, and may be called several times for a call. What a store has is read as a whole.
func (c *Calls[K, A, R]) ForgetFunc(match func(args A) bool) {
	c.runner.forgetFunc(func(args any) bool { return args == nil || match(*args.(*A)) })
}

// forgetFunc forgets the calls that match by a pointer to their arguments, nil where nobody has them.
func (r *runner) forgetFunc(match func(args any) bool) {
	r.forgetMatching(match)
	if r.store != nil {
		// In between, as in forgetAll.
		r.store.DeleteFunc(context.Background(), func(rec *store.Record) bool { return match(r.argumentsOf(rec)) })
		r.forgetMatching(match)
	}
	forgetFailures(func(id callKey, _ failure) bool { return id.runner == r })
}

// forgetMatching is forgetFunc in memory.
func (r *runner) forgetMatching(match func(args any) bool) {
	type candidate struct {
		node *node
		args any
	}
	var all []candidate
	r.mu.Lock()
	for n := range r.pinned {
		all = append(all, candidate{n, r.attributes[n].args})
	}
	for n := range r.kept.All() {
		all = append(all, candidate{n, r.attributes[n].args})
	}
	for c := range r.unfinished {
		all = append(all, candidate{c.node, c.args})
	}
	r.mu.Unlock()
	matching := all[:0]
	for _, c := range all {
		if match(c.args) {
			matching = append(matching, c)
		}
	}
	r.mu.Lock()
	var leases []*durable.Lease
	for _, m := range matching {
		n := m.node
		listed := r.table.at(n.hash, n.number) == n
		switch {
		case !n.status().ended():
			c := n.call.Load()
			if c.forgotten = true; listed {
				r.table.unlink(n)
			}
			c.listed = false
			r.endRenewal(c)
			leases = append(leases, c.lease)
		case listed:
			r.drop(n, Forgotten)
		}
	}
	r.mu.Unlock()
	for _, l := range leases {
		l.GiveBack()
	}
}

// argumentsOf returns a pointer to the arguments in a record; nil if it has none, or those of other types.
func (r *runner) argumentsOf(rec *store.Record) any {
	args, err := r.decodeArguments(rec)
	if err != nil {
		return nil
	}
	return args
}

// forgetCall forgets a call, here and in the store, and reports whether there was one. k is
// its key in memory; find looks for it in the table.
func (r *runner) forgetCall(hash uint64, k any, find func() *node, v values) bool {
	var stored key.Key
	if r.store != nil && unkeyed(k) == nil {
		stored = r.keyOf(v)
	}
	forget := func() bool {
		r.mu.Lock()
		n := find()
		if n == nil {
			r.mu.Unlock()
			return false
		}
		return r.forget(n)
	}
	return r.forgetAll(hash, forget, stored, func(id callKey, _ failure) bool { return id == callKey{r, k} })
}

// forgetAll forgets a call everywhere: in the table by forget, in the store by its key there,
// in loops those failures that match, and what is executed again. It reports whether there was anything.
func (r *runner) forgetAll(hash uint64, forget func() bool, stored key.Key, match func(callKey, failure) bool) bool {
	// In the store between two looks at the table: whoever was about to put a result
	// there has lost the lease, and who has just read one there is forgotten.
	r.forgetRenewal(hash)
	found := forget()
	found = r.deleteKey(stored) || found
	found = forget() || found
	return forgetFailures(match) || found
}

// forget drops what is kept, or makes an unfinished call one that is not kept. mu is
// held, and free afterwards. A lease that the call has is given back: the next equal
// call must not wait for it.
func (r *runner) forget(n *node) bool {
	if n.status().ended() {
		r.drop(n, Forgotten)
		r.mu.Unlock()
		return true
	}
	c := n.call.Load()
	c.forgotten, c.listed = true, false
	r.table.unlink(n)
	lease := c.lease
	r.mu.Unlock()
	lease.GiveBack()
	return true
}
