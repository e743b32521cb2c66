package app

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/preview"
)

// This file draws how long executions took. Lengths are those of the SVG's own coordinates. What is
// drawn does not depend on the moment: the axes end at ticks, so that points stay where they are
// until one is beyond.

// trend is the durations of executions over the time at which they began.
type trend struct {
	Width, Height            float64
	Left, Right, Top, Bottom float64 // of the area with the points
	X, Y                     []tick
	Points                   []trendPoint // the oldest first
	Failed                   int
	Logarithmic              bool
	Root                     string // the way to the top
}

// LabelX, TickY and LabelY are where the axes have their texts.
func (t trend) LabelX() float64 { return t.Left - 8 }
func (t trend) TickY() float64  { return t.Bottom + 4 }
func (t trend) LabelY() float64 { return t.Bottom + 18 }

// tick is a place on an axis.
type tick struct {
	At   float64
	Text string
}

// trendPoint is one execution.
type trendPoint struct {
	X, Y  float64
	Shape string // dot, cross or square
	Label string
	*listedView
}

const (
	trendWidth, trendHeight                      = 960, 180
	trendLeft, trendRight, trendTop, trendBottom = 56, 920, 10, 156
	fewest                                       = 2 // points that make a trend
	logarithmic                                  = 50
	ticksOfTime                                  = 6
	ticksOfDuration                              = 4
)

// trendOf draws executions, of which those that run have no duration yet.
func trendOf(list []listedView, zone *time.Location, root string) trend {
	t := trend{Width: trendWidth, Height: trendHeight, Left: trendLeft, Right: trendRight, Top: trendTop, Bottom: trendBottom, Root: root}
	for i := range list {
		if v := &list[i]; !v.Running() && !v.Started.IsZero() {
			t.Points = append(t.Points, trendPoint{listedView: v})
		}
	}
	if len(t.Points) < fewest {
		return trend{}
	}
	slices.Reverse(t.Points)
	first, last := t.Points[0].Started, t.Points[0].Started
	low, high := math.Inf(1), 0.0
	for _, p := range t.Points {
		if p.Started.Before(first) {
			first = p.Started
		}
		if p.Started.After(last) {
			last = p.Started
		}
		low, high = min(low, p.Duration), max(high, p.Duration)
	}
	from, to, step := timeAxis(first, last, zone)
	for at := from; !at.After(to); at = at.Add(step) {
		t.X = append(t.X, tick{t.x(at, from, to), timeTick(at, step)})
	}
	y := durationAxis(low, high)
	t.Logarithmic = y.logarithmic
	for _, d := range y.ticks {
		t.Y = append(t.Y, tick{t.y(y, d), tickDuration(d)})
	}
	for i := range t.Points {
		p := &t.Points[i]
		p.X, p.Y, p.Shape = t.x(p.Started, from, to), t.y(y, p.Duration), "dot"
		switch p.Status {
		case "failed", "given up", "lost":
			p.Shape = "cross"
			t.Failed++
		case "stopped":
			p.Shape = "square"
		}
		p.Label = fmt.Sprintf("%s %s: %s in %s, began %s", p.Work.Label(), preview.Cut(argsLine(p.Arguments), maxLabel), p.Status, duration(p.Duration), p.Started.In(zone).Format("2 Jan 15:04:05"))
	}
	return t
}

// Label is the shortest name of a work.
func (w workRef) Label() string {
	if w.ID != "" {
		return w.ID
	}
	return w.Name
}

func (t *trend) x(at, from, to time.Time) float64 {
	return round(t.Left + (t.Right-t.Left)*float64(at.Sub(from))/float64(to.Sub(from)))
}

func (t *trend) y(a axis, d float64) float64 {
	share := (d - a.low) / (a.high - a.low)
	if a.logarithmic {
		share = math.Log(max(d, a.low)/a.low) / math.Log(a.high/a.low)
	}
	return round(t.Bottom - (t.Bottom-t.Top)*share)
}

// steps of time that people count in.
var steps = []time.Duration{
	time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour, 365 * 24 * time.Hour,
}

// timeAxis returns an axis whose ends are ticks, with ticksOfTime steps or somewhat more.
func timeAxis(first, last time.Time, zone *time.Location) (from, to time.Time, step time.Duration) {
	step = steps[len(steps)-1]
	for _, s := range steps {
		if last.Sub(first) <= ticksOfTime*s {
			step = s
			break
		}
	}
	_, offset := first.In(zone).Zone()
	east := time.Duration(offset) * time.Second // so that days begin at midnight
	from = first.Add(east).Truncate(step).Add(-east).In(zone)
	for to = from.Add(step); to.Before(last); {
		to = to.Add(step)
	}
	return from, to, step
}

func timeTick(at time.Time, step time.Duration) string {
	switch {
	case step < time.Second:
		return at.Format("15:04:05.000")
	case step < time.Minute:
		return at.Format(time.TimeOnly)
	case step < 24*time.Hour && at.Hour() == 0 && at.Minute() == 0, step >= 24*time.Hour:
		return at.Format("2 Jan")
	}
	return at.Format("15:04")
}

// axis of durations in seconds.
type axis struct {
	low, high   float64
	logarithmic bool
	ticks       []float64
}

// nice are durations that people count in; decades are fewer.
var (
	nice    = append(powers(1, 2, 5), 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 2*3600, 6*3600, 12*3600, 24*3600, 2*24*3600, 7*24*3600, 30*24*3600, 365*24*3600)
	decades = append(powers(1), 10, 60, 600, 3600, 10*3600, 4*24*3600, 30*24*3600, 365*24*3600)
)

// powers are multiples of the units from a nanosecond to a second.
func powers(of ...float64) (list []float64) {
	for exponent := -9; exponent <= 0; exponent++ {
		for _, f := range of {
			list = append(list, f*math.Pow(10, float64(exponent)))
		}
	}
	return list
}

// durationAxis is linear from zero, or logarithmic where the longest took much longer than the
// shortest.
func durationAxis(low, high float64) axis {
	high = max(high, 1e-6)
	if low = max(low, 1e-6); high/low > logarithmic {
		from := max(0, sort.Search(len(decades), func(i int) bool { return decades[i] > low })-1)
		to := min(len(decades)-1, sort.SearchFloat64s(decades, high))
		a := axis{logarithmic: true, low: decades[from], high: decades[to]}
		for i := from; i <= to; i += 1 + (to-from)/(ticksOfDuration+2) {
			a.ticks = append(a.ticks, decades[i])
		}
		return a
	}
	step := nice[len(nice)-1]
	for _, s := range nice {
		if high <= ticksOfDuration*s {
			step = s
			break
		}
	}
	a := axis{}
	for n := 0.0; n == 0 || a.high < high; n++ {
		a.high = step * n
		a.ticks = append(a.ticks, a.high)
	}
	return a
}

// tickDuration is a duration on an axis, without needless digits.
func tickDuration(seconds float64) string {
	if seconds == 0 {
		return "0"
	}
	unit, name := 1.0, "s"
	switch {
	case seconds < 0.9999e-3:
		unit, name = 1e-6, "µs"
	case seconds < 0.9999:
		unit, name = 1e-3, "ms"
	case seconds >= 24*3600:
		unit, name = 24*3600, "d"
	case seconds >= 3600:
		unit, name = 3600, "h"
	case seconds >= 60:
		unit, name = 60, "min"
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", seconds/unit), ".0") + " " + name
}

// argsLine shows arguments in one line.
func argsLine(args []argView) string {
	var b strings.Builder
	for i, a := range args {
		if i > 0 {
			b.WriteString(", ")
		}
		if a.Name != "" {
			b.WriteString(a.Name + "=")
		}
		if a.Secret {
			b.WriteString("(secret)")
			continue
		}
		b.WriteString(preview.Cut(preview.Line(a.Text), maxArgLine))
		if b.Len() > 4*maxArgLine {
			b.WriteString(" …")
			break
		}
	}
	return b.String()
}

// maxLabel bounds the arguments in the label of a point, of which there are many.
const maxLabel = 80

// maxArgLine bounds an argument in a line, in bytes.
const maxArgLine = 120
