package app

import (
	"context"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// This file finds the failures of a store that were not superseded, and puts those together that are
// alike.

// storeLook is what is known of the failures in one store. To find them all takes long where many
// have been superseded, so that looks do not wait for it, and between two times they look only at
// what began since.
type storeLook struct {
	failed []store.Record // the newest execution of a call, those that began last first
	partly bool           // there may be more
	seen   time.Time      // what began before, and did not run then, is as it was
	full   time.Time      // when all were looked for, zero: they have not been found yet
	took   time.Duration  // that
	all    chan allFailed // gets all when they are found; nil: nobody looks for them
}

// allFailed is all that has failed in a store.
type allFailed struct {
	storeLook
	err error
}

// clocksDiffer is by how much the clock of a store may differ from that of this machine.
const clocksDiffer = 2 * time.Minute

// update finds what has failed. first is when the first of what runs has begun. waited is how much of
// the time went by while all were looked for.
func (k *storeLook) update(ctx context.Context, of usedStore, first time.Time) (waited time.Duration, err error) {
	began := time.Now()
	next := first
	if limit := began.Add(-clocksDiffer); next.After(limit) {
		next = limit
	}
	begins := k.all == nil && (k.full.IsZero() || began.Sub(k.full) >= 20*k.took)
	if begins {
		k.all = make(chan allFailed, 1)
		go func(all chan<- allFailed) { all <- findAll(ctx, of, next) }(k.all)
	}
	if begins && k.took < glanceWithin || len(k.all) > 0 {
		select {
		case all := <-k.all:
			if k.all = nil; all.err != nil {
				return time.Since(began), all.err
			}
			*k = all.storeLook
		case <-time.After(glanceWithin):
		}
		waited = time.Since(began)
	}
	quick, cancel := context.WithTimeout(ctx, glanceWithin)
	defer cancel()
	return waited, k.recent(quick, of, next)
}

// findAll finds all that has failed in a store, however long it takes: what was found in a part of
// the time would have to be found again. seen is for what began since.
func findAll(ctx context.Context, of usedStore, seen time.Time) (all allFailed) {
	all.full, all.seen = time.Now(), seen
	f := store.Filter{Status: []store.Status{store.Failed, store.GivenUp, store.Lost}, Newest: true, Limit: mostFailed}
	for rec, err := range of.History(ctx, f) {
		if err != nil {
			return allFailed{err: err}
		}
		all.failed = append(all.failed, rec)
	}
	all.partly, all.took = len(all.failed) == mostFailed, time.Since(all.full)
	return all
}

// recent brings the failures up to date by what began since they were. If that is too much, there may
// be more.
func (k *storeLook) recent(ctx context.Context, of usedStore, next time.Time) error {
	newer := map[key.Key]bool{}
	var failed []store.Record
	n := 0
	for rec, err := range of.History(ctx, store.Filter{Since: k.seen, Limit: mostRecent}) {
		if err != nil {
			return err
		}
		if n++; !newer[rec.Key] && (rec.Status.Failure() || rec.Status == store.Lost) {
			failed = append(failed, rec)
		}
		newer[rec.Key] = true
	}
	for _, rec := range k.failed {
		if !newer[rec.Key] {
			failed = append(failed, rec)
		}
	}
	k.failed = failed[:min(len(failed), mostFailed)]
	if n == mostRecent || len(failed) > mostFailed {
		k.partly = true
	} else {
		k.seen = next
	}
	return nil
}

// shapeOf is what errors have in common that differ in what they tell of: digits and what is quoted.
func shapeOf(text string) string {
	var shape []rune
	quoted := false
	for _, c := range errLine(text) {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
			continue
		case c >= '0' && c <= '9':
			c = '0'
		}
		if c != '0' || len(shape) == 0 || shape[len(shape)-1] != '0' {
			shape = append(shape, c)
		}
	}
	return preview.Cut(string(shape), 80)
}

// commonOf is the longest text that all errors of the shape of one have, "" if they have none.
func commonOf(text string) (longest string) {
	for part := range strings.FieldsFuncSeq(shapeOf(text), func(c rune) bool { return strings.ContainsRune(`0"…\`, c) }) {
		if part = strings.TrimSpace(part); len(part) > len(longest) && strings.Contains(text, part) {
			longest = part
		}
	}
	return longest
}

// group puts failures together of which there are many alike: of one work, with one status, and
// errors that differ in digits and quotations only. The newest of each group stands for it.
func group(failed []failedView) (groups []failedView) {
	type kind struct{ work, status, shape string }
	at := map[kind]int{}
	for _, f := range failed {
		k := kind{f.Work.ID, f.Status, shapeOf(f.Error)}
		i, known := at[k]
		if !known {
			i = len(groups)
			at[k] = i
			groups = append(groups, f)
		}
		groups[i].Calls++
		groups[i].Again = earliest(groups[i].Again, f.Again)
	}
	return groups
}

// earliest returns the earlier of two times, of which zero is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
