package app

import (
	"fmt"
	"math"
	"time"
)

// This file draws the executions of a call on time lines: one for each time that the call was asked for
// and executed, with all its attempts.

// timeline is when a call waited and its body ran, on one axis.
type timeline struct {
	From   time.Time
	Height int
	Rows   []timelineRow // the first attempt first
	Ticks  []timelineTick
	Label  string // all of it in a sentence
}

// timelineRow is one attempt, or the wait for the next one.
type timelineRow struct {
	Y, BarY, TextY int
	Spans          []timelineSpan
	Execution      *executionDetail // nil: it has not begun
	Text           string
	X              float64 // where the text begins, in percent, or ends
	Anchor         string
}

// timelineSpan is a bar. X and Width are in percent, so that the texts keep their size.
type timelineSpan struct {
	X, Width float64
	Class    string // wait, backoff, or a status
	Title    string
}

// timelineTick is a mark on the axis.
type timelineTick struct {
	X      float64 // percent
	Text   string
	Anchor string
	Minor  bool // left out where there is little room
}

const (
	rowHeight  = 34
	axisHeight = 22
)

// apart tells for each execution which part of the time before it was backoff, and which a wait.
// The list has the newest first.
func apart(list []executionDetail) {
	for i := range list {
		e := &list[i]
		from := e.Requested
		if i+1 < len(list) && follows(e, &list[i+1]) {
			was := &list[i+1]
			e.Backoff = between(was.Finished, earliestOf(was.Retry, e.Started), was.Finished)
			from = latestOf(from, was.Finished, earliestOf(was.Retry, e.Started))
		}
		e.Waited = between(from, e.Started, from)
	}
}

// follows tells whether e is an attempt after was, at the same call that was asked for once.
func follows(e, was *executionDetail) bool {
	return e.Attempt > 1 && e.Attempt > was.Attempt && !was.Finished.IsZero()
}

// earliestOf returns the earlier of two times, zero if one is.
func earliestOf(a, b time.Time) time.Time {
	if a.IsZero() || a.Before(b) {
		return a
	}
	return b
}

func latestOf(times ...time.Time) (last time.Time) {
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// episodes splits executions where the call was asked for anew. All have the newest first.
func episodes(list []executionDetail) (all [][]executionDetail) {
	from := 0
	for i := range list {
		if i+1 == len(list) || !follows(&list[i], &list[i+1]) {
			all = append(all, list[from:i+1])
			from = i + 1
		}
	}
	return all
}

// drawEpisode draws one episode in a zone; nil is a zone of its own, that begins with it. waits is what the call
// waits for, nil if it does not.
func drawEpisode(list []executionDetail, waits *waitView, zone *time.Location, now time.Time) timeline {
	first := &list[len(list)-1]
	t := timeline{From: first.Requested}
	if t.From.IsZero() || t.From.After(first.Started) {
		t.From = first.Started
	}
	end := latestOf(list[0].Finished, list[0].Started)
	if list[0].Finished.IsZero() || waits != nil {
		end = latestOf(end, now)
		if waits != nil {
			end = latestOf(end, waits.Until)
		}
	}
	total := max(end.Sub(t.From), time.Millisecond)
	step := stepOf(total)
	if list[0].Finished.IsZero() { // the axis stays as it is for a while
		total = (total/step + 1) * step
	}
	at := func(when time.Time) float64 {
		return math.Round(1000*min(max(float64(when.Sub(t.From))/float64(total), 0), 1)) / 10
	}
	row := func() *timelineRow {
		t.Rows = append(t.Rows, timelineRow{Y: len(t.Rows) * rowHeight, Anchor: "start"})
		r := &t.Rows[len(t.Rows)-1]
		r.TextY, r.BarY = r.Y+13, r.Y+18
		return r
	}
	for i := len(list) - 1; i >= 0; i-- {
		e, r := &list[i], row()
		r.Execution = e
		asked, due := latestOf(e.Requested, t.From), time.Time{}
		if i+1 < len(list) {
			was := &list[i+1]
			due = earliestOf(was.Retry, e.Started)
			r.span(at, was.Finished, due, "backoff", "backoff")
			asked = latestOf(asked, was.Finished, due)
		}
		r.span(at, asked, e.Started, "wait", "wait")
		ended := e.Finished
		if ended.IsZero() {
			ended = latestOf(e.Started, now)
		}
		r.span(at, e.Started, ended, statusClass(e.Status), e.Status)
		r.Text = fmt.Sprintf("attempt %d: %s", e.Attempt, e.Status)
		if !e.Finished.IsZero() {
			r.Text += " after " + duration(e.Took)
		}
		if r.X = at(e.Started); r.X > 60 {
			r.X, r.Anchor = min(at(ended)+.5, 100), "end"
		}
	}
	if waits != nil {
		r := row()
		from := latestOf(waits.Since, list[0].Finished)
		r.span(at, from, earliestOf(waits.Until, end), "backoff", "backoff")
		r.span(at, latestOf(from, waits.Until), now, "wait", "wait")
		r.Text = "waits for " + waits.For
		if r.X = at(from); r.X > 60 {
			r.X, r.Anchor = 100, "end"
		}
	}
	t.Height = len(t.Rows)*rowHeight + axisHeight
	t.axis(total, step, zone)
	t.Label = fmt.Sprintf("%d of its executions, within %s", len(list), duration(seconds(end.Sub(t.From))))
	if len(list) == 1 {
		t.Label = fmt.Sprintf("one execution, %s, within %s", list[0].Status, duration(seconds(end.Sub(t.From))))
	}
	return t
}

// span adds a bar, if it has any length.
func (r *timelineRow) span(at func(time.Time) float64, from, to time.Time, class, name string) {
	if from.IsZero() || to.Before(from) || to.Equal(from) && (class == "wait" || class == "backoff") {
		return
	}
	x, end := at(from), at(to)
	if end-x < .1 && (class == "wait" || class == "backoff") {
		return // nobody would see it
	}
	r.Spans = append(r.Spans, timelineSpan{x, math.Round(10*max(end-x, .3)) / 10, class, name + ", " + duration(seconds(to.Sub(from)))})
}

// axisSteps are distances of ticks that people count in.
var axisSteps = []time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second,
	15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour,
}

// mostTicks is how many ticks an axis has at most.
const mostTicks = 6

// stepOf returns the distance of ticks for an axis.
func stepOf(total time.Duration) time.Duration {
	for _, step := range axisSteps {
		if total/step < mostTicks {
			return step
		}
	}
	return (total/mostTicks + 24*time.Hour).Round(24 * time.Hour)
}

// axis adds the ticks: times of the zone, or what has passed since the beginning if there is none.
func (t *timeline) axis(total, step time.Duration, zone *time.Location) {
	layout := "15:04:05"
	switch {
	case step < time.Second:
		layout = "15:04:05.000"
	case step >= 24*time.Hour:
		layout = "Jan 2"
	case step >= time.Minute:
		layout = "15:04"
	}
	from := t.From
	if zone != nil { // on the clock's own ticks
		_, offset := from.In(zone).Zone()
		shift := time.Duration(offset) * time.Second
		if from = from.Add(shift).Truncate(step).Add(-shift); from.Before(t.From) {
			from = from.Add(step)
		}
	}
	for n, when := 0, from; when.Sub(t.From) <= total; n, when = n+1, when.Add(step) {
		k := timelineTick{X: math.Round(1000*float64(when.Sub(t.From))/float64(total)) / 10, Anchor: "middle", Minor: n%2 == 1}
		if k.Text = "+" + duration(seconds(when.Sub(t.From))); zone != nil {
			k.Text = when.In(zone).Format(layout)
		} else if n == 0 {
			k.Text = "0"
		}
		if k.X < 12 {
			k.Anchor = "start"
		} else if k.X > 88 {
			k.Anchor = "end"
		}
		t.Ticks = append(t.Ticks, k)
	}
}
