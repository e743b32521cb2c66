package app

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// query is which calls of a work are wanted: those with a status, of which the
// newest come first, or all, of which those that failed do.
type query struct {
	status string // "" is any
	search string // part of an argument or an error, or the start of a key; "" is any
	after  string // cursor where the page before ended; "" is the first page
	limit  int
}

const (
	defaultLimit = 50
	maxLimit     = 500

	// How many calls one request looks at for what is searched.
	maxScanned       = 20_000
	maxScannedStored = 3_900 // which take longer

	// How many digits of a key one has to search for. With fewer, a search for the
	// 7th finds a sixteenth of all calls.
	minKeyDigits = 8
)

// statuses are those that a query can ask for.
var statuses = []string{"pending", "running", "succeeded", "failed", "given up", "stopped"}

// cursor is where a page ended: in one of several lists, below a number.
type cursor struct {
	list  int
	below uint64 // 0: from the newest on
}

func (c cursor) String() string { return strconv.Itoa(c.list) + "." + strconv.FormatUint(c.below, 10) }

var errCursor = errors.New("after is not what next said on the page before")

func parseCursor(s string, lists int) (c cursor, err error) {
	if s == "" {
		return c, nil
	}
	list, below, _ := strings.Cut(s, ".")
	if c.list, err = strconv.Atoi(list); err != nil || c.list < 0 || c.list >= lists {
		return c, errCursor
	}
	if c.below, err = strconv.ParseUint(below, 10, 64); err != nil {
		return c, errCursor
	}
	return c, nil
}

// calls lists one page of the calls of a work. Those that ended are in the store,
// if the work has one, and the others in the memory of the runner.
func (s *site) calls(ctx context.Context, r *runtime.Runner, q query) (callsView, error) {
	l := lister{site: s, query: q, inspection: runtime.Inspect(r), now: time.Now(), work: workRef{s.id(r), r.Name()}}
	lists := l.lists()
	c, err := parseCursor(q.after, len(lists))
	if err != nil {
		return callsView{}, err
	}
	l.view = callsView{Work: l.work, Calls: []callView{}}
	for l.at = c; l.at.list < len(lists); l.at = (cursor{list: l.at.list + 1}) {
		if err := lists[l.at.list](ctx); err != nil || l.full {
			return l.view, err
		}
	}
	return l.view, nil
}

// lister makes one page.
type lister struct {
	query
	site       *site
	inspection runtime.Inspection
	work       workRef
	now        time.Time

	at      cursor
	scanned int
	full    bool // there are more
	view    callsView
}

// lists returns what there is to go through, in order.
func (l *lister) lists() []func(context.Context) error {
	stored := l.inspection.Store() != nil
	failed := func(s string) bool { return s == "failed" }
	others := func(s string) bool { return s != "failed" }
	if l.status != "" {
		failed = func(s string) bool { return s == l.status }
		others = nil
	}
	var lists []func(context.Context) error
	remembered := func(want func(string) bool) {
		lists = append(lists, func(context.Context) error { l.remembered(want, stored); return nil })
	}
	inStore := func(any ...store.Status) {
		if l.status != "" {
			any = slices.DeleteFunc(any, func(s store.Status) bool { return s.String() != l.status })
		}
		if stored && len(any) > 0 {
			lists = append(lists, func(ctx context.Context) error { return l.stored(ctx, any) })
		}
	}
	inStore(store.Failed, store.GivenUp)
	remembered(failed)
	if others != nil {
		remembered(others)
	}
	inStore(store.Succeeded)
	return lists
}

// remembered goes through the calls that the runner remembers, but for those that
// the store has.
func (l *lister) remembered(want func(status string) bool, stored bool) {
	for d := range l.inspection.Calls(l.at.below) {
		if l.scan(maxScanned); l.full {
			return
		}
		if !want(d.Status.String()) || stored && isStored(d) || !matches(d, l.work.ID, l.search) {
			l.at.below = d.Number
			continue
		}
		if !l.add(callViewOf(l.work, d, l.now)) {
			return
		}
		l.at.below = d.Number
	}
}

// isStored tells whether a call of a runner with a store is in the store's list.
func isStored(d runtime.CallDetail) bool {
	return d.Key != key.Key{} && (d.Status == runtime.Succeeded || d.Status == runtime.Failed)
}

// stored goes through the calls that the store has.
func (l *lister) stored(ctx context.Context, status []store.Status) error {
	f := store.Filter{Work: l.work.Name, Status: status, Newest: true, Before: l.at.below}
	if l.search == "" {
		f.Limit = l.limit - len(l.view.Calls) + 1
	}
	for rec, err := range l.inspection.Store().History(ctx, f) {
		if err != nil {
			return err
		}
		if l.scan(maxScannedStored); l.full {
			return nil
		}
		if matchesRecord(&rec, l.search) && !l.add(recordView(l.work, &rec)) {
			return nil
		}
		l.at.below = rec.Seq
	}
	return nil
}

// scan counts a call that is looked at, and ends a search that takes long.
func (l *lister) scan(most int) {
	if l.scanned++; l.search != "" && l.scanned > most {
		l.full, l.view.Partial, l.view.Next = true, true, l.at.String()
	}
}

// add adds a call to the page, and reports false when there is no room for it.
func (l *lister) add(v callView) bool {
	if len(l.view.Calls) == l.limit {
		l.full, l.view.Next = true, l.at.String()
		return false
	}
	l.view.Calls = append(l.view.Calls, v)
	return true
}

// matches tells whether what is searched for is part of what is shown of a call.
func matches(d runtime.CallDetail, id, search string) bool {
	if search == "" || matchesArgs(d.Args, search) {
		return true
	}
	return d.Reason != nil && contains(preview.Error(d.Reason), search) || address(id, d.Key, d.Number) == search
}

func matchesRecord(r *store.Record, search string) bool {
	return search == "" || matchesArgs(r.Args, search) || contains(r.Error, search) ||
		len(search) >= minKeyDigits && strings.HasPrefix(r.Key.String(), strings.ToLower(search))
}

func matchesArgs(args []store.Arg, search string) bool {
	return slices.ContainsFunc(args, func(a store.Arg) bool { return !a.Secret && contains(a.Text, search) })
}

// contains ignores the case of letters.
func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}
