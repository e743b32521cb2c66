package runtime

import (
	"context"

	"github.com/workgen/workgen/runtime/internal/durable"
	"github.com/workgen/workgen/runtime/store"
)

// This file is how calls are forgotten whose arguments match.

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
