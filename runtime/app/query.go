package app

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// This file reads which executions are wanted from an address, and writes such addresses.

// executionQuery says which executions are wanted. Fields are as they were typed; "" is any.
type executionQuery struct {
	Statuses []string // any of these
	Work     string   // its identifier, or its full name
	Machine  string
	Since    string // such as 1h, today or 2006-01-02 15:04
	Until    string
	Text     string // part of an argument or an error, or the start of a key

	after        string // cursor where the page before ended; "" is the first page
	limit        int
	since, until time.Time
	fixed        bool // the work is that of the page
}

const (
	defaultLimit = 50
	maxLimit     = 500

	// How many digits of a key one has to search for. With fewer, a search for the
	// 7th finds a sixteenth of all calls.
	minKeyDigits = 8

	maxWords = 200 // bytes of each field
)

// executionStatuses are those that a query can ask for. What has succeeded has done so whatever
// became of the result, which the last five tell.
var executionStatuses = []string{"running", "succeeded", "failed", "given up", "stopped", "lost", "evicted", "expired", "deleted", "replaced", "unreadable"}

// executionQueryOf reads what a request asks for, of one work if it is not "".
func executionQueryOf(r *http.Request, work string) (*executionQuery, error) {
	return parseQuery(r.URL.Query(), work, formatOf(r).zone())
}

func parseQuery(form url.Values, work string, zone *time.Location) (*executionQuery, error) {
	q := &executionQuery{
		Work: form.Get("work"), Machine: strings.TrimSpace(form.Get("machine")),
		Since: strings.TrimSpace(form.Get("since")), Until: strings.TrimSpace(form.Get("until")),
		Text: form.Get("q"), after: form.Get("after"), limit: defaultLimit,
	}
	if work != "" {
		q.Work, q.fixed = work, true
	}
	for name, value := range map[string]string{"work": q.Work, "machine": q.Machine, "since": q.Since, "until": q.Until, "q": q.Text} {
		if len(value) > maxWords && !q.fixed {
			return nil, queryError("%s has %d bytes at most", name, maxWords)
		}
	}
	for _, s := range form["status"] {
		if s == "" {
			continue
		}
		if !slices.Contains(executionStatuses, s) {
			return nil, queryError("status is one of %s", strings.Join(executionStatuses, ", "))
		}
		if !slices.Contains(q.Statuses, s) {
			q.Statuses = append(q.Statuses, s)
		}
	}
	if s := form.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxLimit {
			return nil, queryError("limit is a number from 1 to %d", maxLimit)
		}
		q.limit = n
	}
	var err error
	now := time.Now().In(zone)
	if q.since, err = parseTime(q.Since, now); err == nil {
		q.until, err = parseTime(q.Until, now)
	}
	return q, err
}

// parseTime reads a time in the zone of now. "" is the zero time.
func parseTime(text string, now time.Time) (time.Time, error) {
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch text {
	case "":
		return time.Time{}, nil
	case "now":
		return now, nil
	case "today":
		return midnight, nil
	case "yesterday":
		return midnight.AddDate(0, 0, -1), nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n < 100_000 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, queryError("%q is no time: give how long ago it was, such as 36h or 7d, or today, yesterday, 2022-05-25, 2022-05-25 13:00 or 2022-05-25T13:00:00Z", short(text, 60))
}

// filters returns what a store is asked for: first what has the words as text, and then, if they may
// be the start of a key, the calls with such keys. work is the full name, "" is any.
func (q *executionQuery) filters(work string) []store.Filter {
	f := store.Filter{Work: work, Status: q.stored(), Host: q.Machine, Since: q.since, Until: q.until, Text: q.Text}
	if q.prefix() == "" {
		return []store.Filter{f}
	}
	keys := f
	keys.Text, keys.Prefix = "", q.prefix()
	return []store.Filter{f, keys}
}

// prefix is the start of a key that the text may be, "" if it is none.
func (q *executionQuery) prefix() string {
	text := strings.ToLower(q.Text)
	if len(text) < minKeyDigits || len(text) > 64 || strings.Trim(text, "0123456789abcdef") != "" {
		return ""
	}
	return text
}

// stored returns the statuses that records have, nil for all.
func (q *executionQuery) stored() (list []store.Status) {
	if len(q.Statuses) == 0 {
		return nil
	}
	for _, s := range store.Statuses() {
		if slices.Contains(q.Statuses, s.String()) || s.Gone() && slices.Contains(q.Statuses, store.Succeeded.String()) {
			list = append(list, s)
		}
	}
	return list
}

// matches tells whether an execution that is in no store is wanted, but for its work.
func (q *executionQuery) matches(v *listedView, args []store.Arg) bool {
	return (len(q.Statuses) == 0 || slices.Contains(q.Statuses, v.Status) || v.Gone != "" && slices.Contains(q.Statuses, v.Gone)) &&
		(q.Machine == "" || q.Machine == v.Machine) &&
		(q.since.IsZero() || !v.Started.Before(q.since)) &&
		(q.until.IsZero() || v.Started.Before(q.until)) &&
		(q.Text == "" || matchesArgs(args, q.Text) || contains(v.Error, q.Text) || v.Call == q.Text)
}

func matchesArgs(args []store.Arg, search string) bool {
	return slices.ContainsFunc(args, func(a store.Arg) bool { return !a.Secret && contains(a.Text, search) })
}

// contains ignores the case of letters.
func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// values are the filters in an address, without where the list goes on.
func (q *executionQuery) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"machine": q.Machine, "since": q.Since, "until": q.Until, "q": q.Text} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.Work != "" && !q.fixed {
		v.Set("work", q.Work)
	}
	if len(q.Statuses) > 0 {
		v["status"] = q.Statuses
	}
	if q.limit != defaultLimit {
		v.Set("limit", strconv.Itoa(q.limit))
	}
	return v
}

// Any tells whether anything is filtered, but for the work of the page.
func (q *executionQuery) Any() bool {
	v := q.values()
	v.Del("limit")
	return len(v) > 0
}

// First leads to the first page, "" from there.
func (q *executionQuery) First() string {
	if q.after == "" {
		return ""
	}
	return "?" + q.values().Encode()
}

// Page leads to the page that begins at a cursor.
func (q *executionQuery) Page(after string) string {
	v := q.values()
	v.Set("after", after)
	return "?" + v.Encode()
}

// All is a query string that finds the same, for actions on all of it.
func (q *executionQuery) All() string {
	v := q.values()
	v.Del("limit")
	if q.Work != "" {
		v.Set("work", q.Work)
	}
	return v.Encode()
}

// chip is a filter that a link adds or removes.
type chip struct {
	Name, Query string
	On          bool
}

// StatusChips adds or removes each status.
func (q *executionQuery) StatusChips() (chips []chip) {
	for _, s := range executionStatuses {
		other := *q
		on := slices.Contains(q.Statuses, s)
		if on {
			other.Statuses = slices.DeleteFunc(slices.Clone(q.Statuses), func(t string) bool { return s == t })
		} else {
			other.Statuses = append(slices.Clone(q.Statuses), s)
		}
		chips = append(chips, chip{Name: s, On: on, Query: "?" + other.values().Encode()})
	}
	return chips
}

// Chips removes each of the other filters.
func (q *executionQuery) Chips() (chips []chip) {
	for _, f := range []struct{ name, field, value string }{
		{"work", "work", q.Work}, {"machine", "machine", q.Machine}, {"since", "since", q.Since}, {"until", "until", q.Until}, {"with", "q", q.Text},
	} {
		if f.value == "" || f.field == "work" && q.fixed {
			continue
		}
		v := q.values()
		v.Del(f.field)
		chips = append(chips, chip{Name: fmt.Sprintf("%s %s", f.name, f.value), On: true, Query: "?" + v.Encode()})
	}
	return chips
}
