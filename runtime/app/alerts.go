package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/queue"
)

// alertView is something that is wrong with the app as a whole. Every page says it at the top, and
// /healthz its title, which strangers may see.
type alertView struct {
	Level string    `json:"level"` // error, warning
	Title string    `json:"title"` // a few words, without names
	Text  string    `json:"text,omitempty"`
	Since time.Time `json:"since,omitzero"`
	Stack string    `json:"stack,omitempty"`
}

const (
	levelError   = "error"
	levelWarning = "warning"
)

// alerts says what is wrong, the worst first.
func (s *site) alerts(all []*runtime.Runner) []alertView {
	list := append([]alertView{}, loopAlerts(s.app.Loop.Status())...)
	list = append(list, workAlerts(all)...)
	list = append(list, storeAlerts(all, s.glance.last().failures)...)
	status, err := s.machines.now(all, s.ring)
	list = append(list, queueAlerts(status, err)...)
	slices.SortStableFunc(list, func(a, b alertView) int { return strings.Compare(a.Level, b.Level) })
	return list
}

// loopAlerts says what is wrong with the flow.
func loopAlerts(l runtime.LoopStatus) (list []alertView) {
	add := func(level, title, text string, since time.Time) {
		list = append(list, alertView{Level: level, Title: title, Text: text, Since: local(since)})
	}
	fails := func(title string) {
		e := errorViewOf(l.Err)
		add(levelError, title, e.Message, l.Ended)
		list[len(list)-1].Stack = e.Stack
	}
	failed := l.Err != nil && !errors.Is(l.Err, context.Canceled)
	switch l.State {
	case runtime.LoopEnded:
		if failed {
			fails("the flow has ended with an error")
		} else {
			add(levelWarning, "the flow has ended", "nothing runs any more", l.Ended)
		}
	case runtime.LoopStopping:
		if failed {
			fails("the flow is ending with an error")
		}
		add(levelWarning, "draining", "what runs goes on for a while, and nothing else begins: "+numbered(l.Unfinished, "call has", "calls have")+" not ended", l.Ended)
	case runtime.LoopBlocked:
		add(levelError, "the flow blocks", "it has neither returned nor does it wait for a call", l.Blocked)
		list[0].Stack = short(l.Stack, 4*maxMessage)
	default:
		if failed {
			fails("the flow has failed")
		}
		if l.Paused && l.Pass > 0 {
			add(levelWarning, "the flow is paused", "no pass begins before somebody clicks Go on", time.Time{})
		}
	}
	for _, warning := range l.Warnings {
		title, text, _ := strings.Cut(warning, ": ")
		add(levelWarning, title, text, time.Time{})
	}
	return list
}

// workAlerts says which works are paused, and of which bodies run that nobody can end.
func workAlerts(all []*runtime.Runner) (list []alertView) {
	var paused []string
	for _, r := range all {
		s := r.Stats()
		if s.Paused {
			paused = append(paused, r.Name())
		}
		if s.Ignoring > 0 {
			bodies := runtime.Inspect(r).Ignoring()
			if len(bodies) == 0 {
				continue
			}
			text := r.Name() + " " + bodies[0].Arguments
			if len(bodies) > 1 {
				text += fmt.Sprintf(", and %d more", len(bodies)-1)
			}
			list = append(list, alertView{
				Level: levelWarning, Title: "a body ignores that its context has ended", Text: text, Since: local(bodies[0].Since), Stack: bodies[0].Stack,
			})
		}
	}
	if len(paused) > 0 {
		list = append(list, alertView{Level: levelWarning, Title: "works are paused", Text: listed(paused)})
	}
	return list
}

// storeAlerts says which stores do not answer: to calls, or to who looks for this page.
func storeAlerts(all []*runtime.Runner, failures []storeFailure) (list []alertView) {
	silent := map[string]bool{} // works
	add := func(since time.Time, err error) {
		text := preview.Cut(preview.Error(err), maxMessage)
		i := slices.IndexFunc(list, func(a alertView) bool { return a.Text == text })
		if i < 0 {
			i = len(list)
			list = append(list, alertView{Level: levelError, Title: "the store does not answer", Text: text, Since: since})
		}
		if since.Before(list[i].Since) {
			list[i].Since = since
		}
	}
	for _, r := range all {
		if since, err := runtime.Inspect(r).StoreSilent(); !since.IsZero() {
			silent[r.Name()] = true
			add(local(since), err)
		}
	}
	for _, f := range failures {
		if !slices.ContainsFunc(f.works, func(name string) bool { return silent[name] }) {
			add(f.since, f.err)
		}
	}
	return list
}

// queueAlerts says which calls wait for workers that there are not.
func queueAlerts(st queue.Status, err error) (list []alertView) {
	for _, l := range st.Lengths {
		if l.Queued > 0 && time.Since(l.Oldest) >= unserved && !st.Serves(l.Pool, l.Route) {
			list = append(list, alertView{
				Level: levelError, Title: "calls wait for a worker, and none serves them",
				Text: l.Work + " " + l.Route.Short() + inPool(l.Pool), Since: local(l.Oldest),
			})
		}
	}
	if err != nil {
		list = append(list, alertView{Level: levelError, Title: "the queue for workers does not answer", Text: preview.Cut(preview.Error(err), maxMessage)})
	}
	return list
}

// numbered is a number with one of two words.
func numbered(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// listed names some of many.
func listed(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(", and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
