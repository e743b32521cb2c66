package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"time"

	"github.com/workgen/workgen/runtime/internal/backoff"
	"github.com/workgen/workgen/runtime/store"
)

// This file is how a loop with a name remembers in its store which ticks are done.

// markOf is the name of the mark that has the ticks of a loop.
func (l *Loop) markOf() string { return "ticks of the loop " + l.Name }

// remembers reports whether ticks are remembered.
func (l *Loop) remembers() bool { return l.Name != "" && l.Store != nil }

// askedForTicks is how long a store is waited for, and storeRetries how long until it is asked
// again.
const askedForTicks = 10 * time.Second

var storeRetries = backoff.Policy{First: 100 * time.Millisecond, Most: 10 * time.Second}

// load reads which ticks are done. It waits for a store that does not answer: a tick must
// not be done twice. The error is that of the loop's context.
func (ts *ticks) load(e *engine) error {
	if !e.loop.remembers() {
		return nil
	}
	for n := 1; ; n++ {
		err := ts.read(e)
		if err == nil || e.ctx.Err() != nil {
			ts.known = ts.mark.Version != 0
			return e.ctx.Err()
		}
		if n == 1 {
			e.log("the store does not say which ticks are done: the loop waits for it", slog.Any("error", err))
		}
		if !backoff.Sleep(e.ctx, storeRetries.Wait(n)) {
			return e.ctx.Err()
		}
	}
}

func (ts *ticks) read(e *engine) error {
	ctx, cancel := context.WithTimeout(e.ctx, askedForTicks)
	defer cancel()
	m, err := e.loop.Store.Mark(ctx, e.loop.markOf())
	if err != nil {
		return err
	}
	stored := storedTicks{}
	if m.Version != 0 {
		if err := json.Unmarshal([]byte(m.Value), &stored); err != nil {
			e.log("what the store says of done ticks cannot be read, and counts as nothing", slog.Any("error", err))
			stored = nil
		}
	}
	if stored == nil { // also where it says null
		stored = storedTicks{}
	}
	ts.mu.Lock()
	ts.mark, ts.stored = m, stored
	ts.mu.Unlock()
	return nil
}

// save stores which ticks are done. What cannot be stored is tried again after the next pass.
func (ts *ticks) save(e *engine) {
	if !e.loop.remembers() {
		return
	}
	err := ts.write(e)
	if errors.Is(err, store.ErrConflict) { // another process runs the same loop
		if err = ts.read(e); err == nil {
			err = ts.write(e)
		}
	}
	ts.mu.Lock()
	say := err != nil && !ts.failing
	ts.changed, ts.failing = err != nil, err != nil
	ts.mu.Unlock()
	if say {
		e.log("a tick that is done could not be stored: it is tried again after each pass, and done again if the loop ends before",
			slog.Any("error", err))
	}
}

func (ts *ticks) write(e *engine) error {
	ts.mu.Lock()
	stored := maps.Clone(ts.stored)
	for name, t := range ts.all {
		if t.done.After(stored[name]) {
			stored[name] = t.done
		}
	}
	m := ts.mark
	ts.mu.Unlock()
	value, err := json.Marshal(stored)
	if err != nil {
		return err
	}
	m.Value = string(value)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), askedForTicks)
	defer cancel()
	m, err = e.loop.Store.SetMark(ctx, e.loop.markOf(), m)
	if err != nil {
		return err
	}
	ts.mu.Lock()
	ts.mark, ts.stored = m, stored
	ts.mu.Unlock()
	return nil
}
