package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// This file says in words why an execution was needed: why its call was no hit. What the store
// knows goes further back than what the process does.

// whyView is a reason.
type whyView struct {
	Kind      string   `json:"kind"`                // a stable word
	Text      string   `json:"text"`                // a sentence
	Call      string   `json:"call,omitempty"`      // the address of another call that it names
	Execution string   `json:"execution,omitempty"` // the execution of this call that it names
	Changes   []string `json:"changes,omitempty"`   // all that differs, where the text does not name all

	Parts []whyPart `json:"-"` // the text with its links and times
}

// whyPart is a part of a sentence: a text that may lead somewhere, or a time.
type whyPart struct {
	Text      string
	Call      string // it leads to
	Execution string // likewise, on this page
	At        time.Time
}

// reason makes a reason of parts.
func reason(kind string, parts ...whyPart) whyView {
	v := whyView{Kind: kind, Parts: parts}
	var text strings.Builder
	for _, p := range parts {
		switch {
		case !p.At.IsZero():
			text.WriteString(p.At.Format(time.RFC3339))
		default:
			text.WriteString(p.Text)
		}
		v.Call, v.Execution = v.Call+p.Call, v.Execution+p.Execution
	}
	v.Text = text.String()
	return v
}

func say(text string) whyPart { return whyPart{Text: text} }

// maxEarlier is how many earlier calls are looked at to explain one.
const maxEarlier = 10_000

// explained identifies a record of a call.
type explained struct {
	key key.Key
	seq uint64
}

// explain says of each execution why it was needed, and of the call what is said of the newest.
func (f *found) explain(ctx context.Context, s *site, v *detailView) {
	for i := range v.Executions {
		e := &v.Executions[i]
		var was *executionDetail
		if i+1 < len(v.Executions) {
			was = &v.Executions[i+1]
		}
		switch at := slices.IndexFunc(f.records, func(r store.Record) bool { return r.Seq == e.Seq }); {
		case at >= 0:
			e.Why = s.storedWhy(ctx, f, &f.records[at], was)
		case was != nil && follows(e, was):
			why := reason("failed", whyPart{Text: "The attempt before", Execution: was.ID}, say(" failed"), because(was.Error), say("."))
			e.Why = &why
		case e.number != 0 && e.Again:
			why := reasonOf(&store.Reason{Cause: store.CauseAgain}, was)
			e.Why = &why
		case e.number != 0:
			if at := slices.IndexFunc(f.calls, func(d runtime.CallDetail) bool { return d.Number == e.number }); at >= 0 {
				why := why(f.runner, f.work.ID, f.calls[at])
				e.Why = &why
			}
		}
	}
	switch {
	case len(v.Executions) > 0 && v.Executions[0].Why != nil:
		v.Why = *v.Executions[0].Why
	case f.here != nil && f.here.Stored:
		v.Why = reason("stored", say("It did not execute in this process: the store had its result."))
	case f.here != nil:
		v.Why = why(f.runner, f.work.ID, *f.here)
	default:
		v.Why = reason("unknown", say("Nobody remembers."))
	}
}

// because is the first line of an error.
func because(e *errorView) whyPart {
	if e == nil || e.Message == "" {
		return whyPart{}
	}
	return say(": " + errLine(e.Message))
}

// storedWhy tells what the store knows of an execution, which takes it a while and does not
// change. was is the execution before, nil if it is not listed.
func (s *site) storedWhy(ctx context.Context, f *found, rec *store.Record, was *executionDetail) *whyView {
	id := explained{rec.Key, rec.Seq}
	if v, ok := s.reasons.Get(id); ok {
		return &v
	}
	r, err := store.Explain(ctx, runtime.Inspect(f.runner).Store(), *rec)
	if err != nil {
		v := reason("unknown", say("The store cannot tell: "+err.Error()+"."))
		return &v
	}
	v := reasonOf(&r, was)
	s.reasons.Put(id, v)
	return &v
}

// own are the causes that are about the execution before, and how they go on.
var own = map[store.Cause][2]string{
	store.CauseExpired:    {"The result of ", " expired"},
	store.CauseEvicted:    {"The result of ", " was evicted, to keep the store within its bounds,"},
	store.CauseDeleted:    {"The result of ", " was deleted, as somebody asked for,"},
	store.CauseUnreadable: {"The result of ", " could not be read"},
	store.CauseFailed:     {"", " failed"},
	store.CauseGivenUp:    {"", " was the last attempt, and the call was given up"},
	store.CauseStopped:    {"", " was stopped"},
	store.CauseLost:       {"", " was lost"},
	store.CauseReplaced:   {"The result of ", " was replaced by another one, which has gone,"},
}

// reasonOf says what store.Explain has found, with links.
func reasonOf(r *store.Reason, was *executionDetail) whyView {
	kind := string(r.Cause)
	if how, known := own[r.Cause]; known {
		before := whyPart{Text: "its execution before"}
		if how[0] == "" {
			before.Text = "Its execution before"
		}
		if was != nil {
			before.Execution = was.ID
		}
		parts := []whyPart{say(how[0]), before, say(how[1])}
		if !r.At.IsZero() {
			parts = append(parts, say(" at "), whyPart{At: r.At})
		}
		if r.Error != "" {
			parts = append(parts, say(": "+errLine(r.Error)))
		}
		return reason(kind, append(parts, say("."))...)
	}
	text := r.String()
	text = strings.ToUpper(text[:1]) + text[1:] + "."
	if r.Nearest.IsZero() {
		return reason(kind, say(text))
	}
	nearest := r.Nearest.String()
	before, after, found := strings.Cut(text, nearest[:12])
	if !found {
		return reason(kind, say(text))
	}
	parts := []whyPart{say(before), {Text: nearest[:12], Call: nearest}}
	if rest, timed := strings.CutPrefix(after, " of "+r.Finished.Format(time.RFC3339)); timed && !r.Finished.IsZero() {
		parts, after = append(parts, say(" of "), whyPart{At: r.Finished}), rest
	}
	v := reason(kind, append(parts, say(after))...)
	v.Changes = changesOf(r)
	return v
}

// fewChanges is how many changes the text names.
const fewChanges = 8

// changesOf lists all that differs, if that is more than the text names.
func changesOf(r *store.Reason) (all []string) {
	if max(len(r.Args), len(r.Symbols), len(r.Build)) <= fewChanges {
		return nil
	}
	for _, c := range r.Args {
		all = append(all, c.String())
	}
	for _, c := range r.Symbols {
		all = append(all, c.String())
	}
	for _, c := range r.Build {
		all = append(all, c.String())
	}
	return all
}

// why explains a call by what the runner remembers. id is that of the work.
func why(r *runtime.Runner, id string, d runtime.CallDetail) whyView {
	var nearest, equal *runtime.CallDetail
	distance, seen := 0, 0
	for earlier := range runtime.Inspect(r).Calls(d.Number) {
		if earlier.Equal == d.Equal {
			equal = &earlier
			break
		}
		if n := len(different(earlier, d)); d.Args != nil && earlier.Args != nil && (nearest == nil || n < distance) {
			nearest, distance = &earlier, n
		}
		if seen++; seen == maxEarlier {
			break
		}
	}
	switch {
	case equal != nil:
		return whyAgain(id, *equal)
	case nearest != nil:
		return whyDifferent(id, *nearest, d)
	case d.Number == 1:
		return reason("new", say("It was the first call of this work in this process."))
	}
	return reason("unknown", say("No earlier call that is remembered had the same arguments."))
}

// callNamed is a call with its number.
func callNamed(text, id string, d runtime.CallDetail) whyPart {
	return whyPart{Text: fmt.Sprint(text, d.Number), Call: address(id, d.Key, d.Number)}
}

// whyAgain explains a miss after an equal call.
func whyAgain(id string, equal runtime.CallDetail) whyView {
	kind, what := "off", "its result was not kept: caching is off, or it was forgotten meanwhile."
	switch {
	case equal.Removed != 0:
		kind, what = equal.Removed.String(), map[runtime.Removal]string{
			runtime.Evicted:   "its result was evicted to make room for others.",
			runtime.Expired:   "its result has expired.",
			runtime.Forgotten: "its result was forgotten.",
		}[equal.Removed]
	case equal.Status == runtime.Failed:
		kind, what = "failed", "failed, and errors are not kept."
	case equal.Status == runtime.Stopped:
		kind, what = "stopped", "was stopped before it had a result."
	}
	return reason(kind, callNamed("Call ", id, equal), say(" had the same arguments, but "+what))
}

// whyDifferent explains a miss by what is different in the nearest earlier call.
func whyDifferent(id string, nearest, d runtime.CallDetail) whyView {
	names := different(nearest, d)
	if len(names) == 0 {
		return reason("arguments", say("Its arguments look like those of "), callNamed("call ", id, nearest), say(", but differ in what is not shown of them."))
	}
	var parts []string
	for _, name := range names {
		is, was := argNamed(d, name), argNamed(nearest, name)
		if is.Secret || was.Secret {
			parts = append(parts, name+" has changed")
			continue
		}
		if is.Text == was.Text && is.Files() {
			parts = append(parts, fmt.Sprintf("the content of %s %s has changed", name, short(is.Text, 60)))
			continue
		}
		parts = append(parts, fmt.Sprintf("%s is %s and was %s", name, short(is.Text, 60), short(was.Text, 60)))
	}
	return reason("arguments", say("No earlier call had the same arguments. The nearest is "), callNamed("call ", id, nearest),
		say(": "+strings.Join(parts, ", ")+"."))
}

// different returns the names of arguments that differ as far as one can see.
func different(a, b runtime.CallDetail) (names []string) {
	for i, arg := range b.Args {
		if i >= len(a.Args) || a.Args[i].Text != arg.Text || a.Args[i].Digest != arg.Digest {
			names = append(names, arg.Name)
		}
	}
	return names
}

// argNamed returns the argument of some name, and the zero one if there is none.
func argNamed(d runtime.CallDetail, name string) (a store.Arg) {
	if i := slices.IndexFunc(d.Args, func(a store.Arg) bool { return a.Name == name }); i >= 0 {
		return d.Args[i]
	}
	return a
}
