package app

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
)

// query is which calls of a work are wanted, and in which order: those that
// failed come first unless a status is given, and else the newest.
type query struct {
	status string // "" is any
	search string // part of an argument, an error or a key; "" is any
	after  string // cursor where the page before ended; "" is the first page
	limit  int
}

const (
	defaultLimit = 50
	maxLimit     = 500
)

// cursor is where a page ended: behind a number, among those that failed or
// behind them.
type cursor struct {
	rest  bool   // those that failed are through
	below uint64 // 0: from the newest on
}

func (c cursor) String() string {
	kind := "f"
	if c.rest {
		kind = "r"
	}
	return kind + strconv.FormatUint(c.below, 10)
}

var errCursor = errors.New("after is not what next said on the page before")

func parseCursor(s string) (c cursor, err error) {
	if s == "" {
		return c, nil
	}
	if s[0] != 'f' && s[0] != 'r' {
		return c, errCursor
	}
	c.rest = s[0] == 'r'
	if c.below, err = strconv.ParseUint(s[1:], 10, 64); err != nil {
		return c, errCursor
	}
	return c, nil
}

// statuses are those that a query can ask for.
var statuses = []string{"pending", "running", "succeeded", "failed", "stopped"}

// calls lists one page of the calls that a runner remembers.
func (s *site) calls(r *runtime.Runner, q query) (callsView, error) {
	c, err := parseCursor(q.after)
	if err != nil {
		return callsView{}, err
	}
	ref := workRef{ID: s.id(r), Name: r.Name()}
	v := callsView{Work: ref, Calls: []callView{}}
	if q.status != "" {
		c.rest = true
	}
	now := time.Now()
	for {
		for d := range runtime.Inspect(r).Calls(c.below) {
			if !c.wants(d, q) || !matches(d, ref.ID, q.search) {
				continue
			}
			if len(v.Calls) == q.limit {
				v.Next = c.String()
				return v, nil
			}
			v.Calls = append(v.Calls, callViewOf(ref, d, now))
			c.below = d.Number
		}
		if c.rest {
			return v, nil
		}
		c = cursor{rest: true}
	}
}

// wants tells whether a call is among those that the cursor is at.
func (c cursor) wants(d runtime.CallDetail, q query) bool {
	if q.status != "" {
		return d.Status.String() == q.status
	}
	return (d.Status == runtime.Failed) != c.rest
}

// matches tells whether what is searched for is part of what is shown of a call.
func matches(d runtime.CallDetail, id, search string) bool {
	if search == "" {
		return true
	}
	for _, a := range d.Args {
		if !a.Secret && contains(a.Text, search) {
			return true
		}
	}
	return d.Reason != nil && contains(d.Reason.Error(), search) || callKey(id, d.Number) == search
}

// contains ignores the case of letters.
func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// callKey identifies a call of this process in paths.
func callKey(id string, number uint64) string { return id + ":" + strconv.FormatUint(number, 10) }

// find returns the runner and number that a key stands for.
func (s *site) find(key string) (r *runtime.Runner, d runtime.CallDetail, err error) {
	id, digits, _ := strings.Cut(key, ":")
	number, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return nil, d, errNoCall{fmt.Sprintf("there is no call %q: its key is a work, a colon and a number", short(key, 100))}
	}
	if r = s.runner(id); r == nil {
		return nil, d, errNoCall{fmt.Sprintf("there is no work %q", short(id, 100))}
	}
	d, ok := runtime.Inspect(r).Call(number)
	if !ok {
		return nil, d, errNoCall{fmt.Sprintf("call %d of %s is not remembered: the runner's option History sets how many are", number, id)}
	}
	return r, d, nil
}

// errNoCall says that what was asked for is not there.
type errNoCall struct{ message string }

func (e errNoCall) Error() string { return e.message }

func callViewOf(ref workRef, d runtime.CallDetail, now time.Time) callView {
	v := callView{
		Key: callKey(ref.ID, d.Number), Work: ref, Number: d.Number,
		Status: d.Status.String(), Origin: "this process", Arguments: argViews(d.Args),
		Requested: d.Requested, Started: d.Started, Finished: d.Finished,
		Duration: between(d.Started, d.Finished, now), Attempts: d.Attempts,
		Kept: d.Kept, Error: errorViewOf(d.Reason),
	}
	if d.Removed != 0 {
		v.Removed = d.Removed.String()
	}
	return v
}

func argViews(args []store.Arg) []argView {
	out := make([]argView, 0, len(args))
	for _, a := range args {
		v := argView{Name: a.Name, Type: a.Type, Text: a.Text, Secret: a.Secret}
		if a.Secret {
			v.Text = ""
		}
		out = append(out, v)
	}
	return out
}
