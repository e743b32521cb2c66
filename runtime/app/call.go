package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// This file finds one call by its address.

// address identifies a call in paths, for ever: a call of a work with a store by its durable
// key, in 64 hexadecimal digits, and any other by the work's identifier, its number and this
// process, as work:number@process, for the next process has another call of that number.
func address(work string, durable key.Key, number uint64) string {
	if !durable.IsZero() {
		return durable.String()
	}
	return work + ":" + strconv.FormatUint(number, 10) + "@" + process
}

// process is the name of this process in addresses. It is random: process numbers come again.
var process = strings.ToLower(rand.Text()[:8])

// parseAddress splits an address of the second form. It is an error if it is none, or is of
// another process.
func parseAddress(text string) (work string, number uint64, err error) {
	call, of, _ := strings.Cut(text, "@")
	work, digits, _ := strings.Cut(call, ":")
	number, err = strconv.ParseUint(digits, 10, 64)
	switch {
	case err != nil || of == "":
		return "", 0, errNoCall{fmt.Sprintf("there is no call %q: its address is a key of 64 hexadecimal digits, or a work, a colon, a number, @ and a process", short(text, 100))}
	case of != process:
		return "", 0, errNoCall{fmt.Sprintf("call %d of %s was made by a process that has ended, and the work had no store: give it one (runtime.WithStore) to find its calls after a restart",
			number, short(work, 100))}
	}
	return work, number, nil
}

// errNoCall says that what was asked for is not there.
type errNoCall struct{ message string }

func (e errNoCall) Error() string { return e.message }

// errUnread says that a store does not tell what it has.
type errUnread struct{ error }

func (e errUnread) Error() string {
	return "the store does not answer: " + preview.Error(e.error)
}

// found is a call, as far as it is known: to the runner, to the store, or to both.
type found struct {
	at     uint64 // the number that the address names; 0: it names a key
	work   workRef
	runner *runtime.Runner
	here   *runtime.CallDetail  // the latest; nil: this process does not remember it
	calls  []runtime.CallDetail // of this process with these arguments, the latest first
	stored *store.Record        // the newest; nil: it is not in a store

	// What load finds.
	records []store.Record // the newest first
	more    bool           // there are older ones

	unread error // why a store does not tell what it has; nil: it does
}

// key is the durable key of the call, zero if it has none.
func (f *found) key() key.Key {
	switch {
	case f.stored != nil:
		return f.stored.Key
	case f.here != nil:
		return f.here.Key
	}
	return key.Key{}
}

// find returns the call that a key stands for.
func (s *site) find(ctx context.Context, text string) (found, error) {
	if k, err := key.Parse(text); err == nil {
		return s.findStored(ctx, k)
	}
	id, number, err := parseAddress(text)
	if err != nil {
		return found{}, err
	}
	r := s.runner(id)
	if r == nil {
		return found{}, errNoCall{fmt.Sprintf("there is no work %q", short(id, 100))}
	}
	d, ok := runtime.Inspect(r).Call(number)
	if !ok {
		return found{}, errNoCall{fmt.Sprintf("call %d of %s is not remembered: the runner's option History sets how many are", number, id)}
	}
	f := found{work: workRef{id, r.Name()}, runner: r, at: number}
	f.remember(d.Key, d.Equal)
	if from := runtime.Inspect(r).Store(); from != nil && !d.Key.IsZero() {
		f.stored, f.unread = record(ctx, from, d.Key)
	}
	return f, nil
}

// remember finds the calls of this process: those with a durable key, or with a hash if that is zero.
func (f *found) remember(k key.Key, equal uint64) {
	i := runtime.Inspect(f.runner)
	for d := range i.Calls(0) {
		if k.IsZero() && d.Equal != equal || d.Key != k {
			continue
		}
		if d, ok := i.Call(d.Number); ok {
			f.calls = append(f.calls, d)
		}
	}
	if len(f.calls) > 0 {
		f.here = &f.calls[0]
	}
}

// findStored looks into the stores of all works, and then into what this process remembers:
// a call that has not begun yet is in no store, and a store may not answer.
func (s *site) findStored(ctx context.Context, k key.Key) (found, error) {
	all := s.discover()
	silent := map[*runtime.Runner]error{}
	var unread error
	for _, from := range storesOf(all) {
		rec, err := record(ctx, from, k)
		if err != nil {
			unread = errUnread{err}
			for _, r := range from.runners {
				silent[r] = err
			}
		} else if rec != nil {
			return s.owned(rec, from.runners[rec.Work])
		}
	}
	for _, r := range all {
		f := found{work: workRef{s.id(r), r.Name()}, runner: r, unread: silent[r]}
		if f.remember(k, 0); f.here != nil {
			return f, nil
		}
	}
	if unread != nil {
		return found{}, unread
	}
	return found{}, errNoCall{fmt.Sprintf("no store of this app's has a call with key %s", k)}
}

// owned finds the call of a record in this process. r has its work, and is nil if none has.
func (s *site) owned(rec *store.Record, r *runtime.Runner) (found, error) {
	if r == nil {
		return found{}, errNoCall{fmt.Sprintf("the call is one of %s, which this app has not", rec.Work)}
	}
	f := found{work: workRef{s.id(r), r.Name()}, runner: r, stored: rec}
	f.remember(rec.Key, 0)
	return f, nil
}

// record returns what a store has of a call, nil if it has nothing.
func record(ctx context.Context, from store.Store, k key.Key) (*store.Record, error) {
	f := store.Filter{Prefix: k.String(), Limit: 1}
	for rec, err := range from.History(ctx, f) {
		return &rec, err
	}
	return nil, nil
}

func progressViewOf(p runtime.CallProgress) *progressView {
	if p == (runtime.CallProgress{}) {
		return nil
	}
	return &progressView{p.Done, p.Total, short(p.Note, maxMessage)}
}

// isOurs tells whether a call was executed by this process.
func isOurs(o store.Origin) bool {
	host, err := os.Hostname()
	return o.PID == os.Getpid() && (err != nil || o.Host == host)
}

func argViews(args []store.Arg) []argView {
	out := make([]argView, 0, len(args))
	for _, a := range args {
		v := argView{Name: a.Name, Type: a.Type, Text: a.String(), Secret: a.Secret, Cut: !a.Whole()}
		if a.Secret {
			v.Text = ""
		}
		out = append(out, v)
	}
	return out
}
