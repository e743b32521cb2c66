package app

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/internal/console"
	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/preview"
)

// This file is what an application with Main says to the terminal it runs in, or to a log.

// terminal is that.
type terminal struct {
	*console.Console
	handler slog.Handler // of slog.Default, if it is ours; nil: the program has a logger of its own
}

// opensTerminal has logs go to the console, unless the program has set a logger. close undoes it.
func (a *App) opensTerminal() (close func()) {
	if a.terminal != nil {
		return func() {}
	}
	c := console.New(a.stderr())
	t := &terminal{Console: c}
	a.terminal = t
	if a.Logger != nil || !isUntouched() {
		return func() {}
	}
	if t.handler = c.Handler(); a.JSON {
		t.handler = c.JSONHandler()
	}
	before := slog.Default()
	slog.SetDefault(slog.New(t.handler))
	return func() {
		if t.isDefault() {
			slog.SetDefault(before)
			log.SetOutput(os.Stderr)
			log.SetFlags(log.LstdFlags)
		}
	}
}

// isUntouched reports whether nobody has set where logs go.
func isUntouched() bool {
	return fmt.Sprintf("%T", slog.Default().Handler()) == "*slog.defaultHandler" &&
		log.Writer() == os.Stderr && log.Flags() == log.LstdFlags && log.Prefix() == ""
}

// isDefault reports whether logs go to the console.
func (t *terminal) isDefault() bool { return t.handler != nil && slog.Default().Handler() == t.handler }

// say prints a line of the program's own, however logs look.
func (a *App) say(level slog.Level, text string, attrs ...any) {
	if t := a.terminal; t != nil && t.isDefault() && a.JSON {
		slog.Log(context.Background(), level, text, attrs...)
		return
	}
	fmt.Fprintf(a.stderr(), "%s: %s\n", level, console.Text(text))
}

// fails says an error, without secrets.
func (a *App) fails(err error) { a.say(slog.LevelError, redact.Text(preview.Error(err))) }

// narrates tells what happens while the app runs, until end is called.
func (a *App) narrates() (end func()) {
	t := a.terminal
	if a.Loop == nil {
		return func() {}
	}
	n := &narrator{app: a, paused: a.Wait, ticks: map[ticking]runtime.TickStatus{}, retries: map[string]int64{}, said: map[string]retry{}}
	every := time.Second
	if t.IsTerminal() {
		every = 250 * time.Millisecond
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				t.Live()
				return
			case now := <-tick.C:
				n.look(now)
				if t.isDefault() && !a.JSON && a.Logger == nil {
					t.Live(a.live(now)...)
				}
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}

// narrator logs what nobody else does: ticks that are done, attempts that failed and are
// repeated, and pauses. It has what it saw last.
type narrator struct {
	app     *App
	paused  bool
	ticks   map[ticking]runtime.TickStatus
	retries map[string]int64 // by work
	said    map[string]retry // by work
}

// ticking is a schedule, by one of its names.
type ticking struct{ name, schedule string }

// retry is what was last said of attempts of a work.
type retry struct {
	text string
	at   time.Time
}

// retrySaidEvery is how often the log says that attempts of a work fail for one reason.
const retrySaidEvery = time.Minute

func (n *narrator) look(now time.Time) {
	l := n.app.Loop.Status()
	if l.Paused != n.paused {
		if n.paused = l.Paused; l.Paused {
			n.app.logger().Info("the flow is paused")
		} else {
			n.app.logger().Info("the flow goes on")
		}
	}
	for _, t := range l.Ticks {
		is := ticking{t.Name, t.Schedule}
		last, known := n.ticks[is]
		n.ticks[is] = t
		if known && t.Done && (!last.Done || !last.Tick.Equal(t.Tick)) {
			attrs := []any{slog.String("schedule", t.Schedule), slog.Time("tick", t.Tick), slog.Time("next", t.Next)}
			if t.Name != "" {
				attrs = append([]any{slog.String("name", t.Name)}, attrs...)
			}
			n.app.logger().Info("a tick is done", attrs...)
		}
	}
	retries := map[string]int64{}
	for _, r := range n.app.runners() {
		if retries[r.Name()] += r.Stats().Retries; retries[r.Name()] > n.retries[r.Name()] {
			n.sayRetry(r, now)
		}
	}
	n.retries = retries
}

// sayRetry says of the latest call of a work that waits for its next attempt why it does.
func (n *narrator) sayRetry(r *runtime.Runner, now time.Time) {
	d, ok := latest(r, func(d runtime.CallDetail) bool { return d.Waits.For == runtime.WaitRetry && d.Reason != nil })
	if !ok {
		return
	}
	text, last := message(d.Reason), n.said[r.Name()]
	if text == last.text && now.Sub(last.at) < retrySaidEvery {
		return
	}
	n.said[r.Name()] = retry{text, now}
	attrs := []any{slog.String("work", r.Name()), slog.Uint64("call", d.Number), slog.Int("attempt", d.Attempts), slog.String("error", text)}
	if len(d.Args) > 0 {
		attrs = append(attrs, slog.String("arguments", argumentsLine(d)))
	}
	if !d.Waits.Until.IsZero() {
		attrs = append(attrs, slog.Time("again", d.Waits.Until))
	}
	n.app.logger().Warn("an attempt has failed and is repeated", attrs...)
}

// looked bounds how many calls of a work are looked at.
const looked = 100

// latest returns the latest call of a runner for which something holds.
func latest(r *runtime.Runner, holds func(runtime.CallDetail) bool) (d runtime.CallDetail, ok bool) {
	n := 0
	for d := range runtime.Inspect(r).Calls(0) {
		if n++; holds(d) {
			return d, true
		} else if n == looked {
			break
		}
	}
	return d, false
}

// live is what the live line says: how many calls run, wait and have failed, when the next tick
// is due, and the calls that have run for the longest time.
func (a *App) live(now time.Time) (parts []console.Part) {
	add := func(style console.Style, format string, args ...any) {
		if len(parts) > 0 {
			parts = append(parts, console.Part{Style: console.Quiet, Text: " · "})
		}
		parts = append(parts, console.Part{Style: style, Text: fmt.Sprintf(format, args...)})
	}
	var running, pending int
	var failed int64
	var calls []runningCall
	for _, r := range a.runners() {
		s := r.Stats()
		running, pending, failed = running+s.InFlight, pending+s.Pending, failed+s.Errors
		if s.InFlight > 0 {
			calls = append(calls, runningCalls(r)...)
		}
	}
	l := a.Loop.Status()
	switch {
	case running > 0:
		add(console.Good, "%d running", running)
	case l.Paused:
		add(console.Warns, "paused")
	case l.State == runtime.LoopBlocked:
		add(console.Bad, "the flow blocks")
	default:
		add(console.Quiet, "%s", l.State)
	}
	if pending > 0 {
		add(console.Plain, "%d waiting", pending)
	}
	if failed > 0 {
		add(console.Bad, "%d failed", failed)
	}
	slices.SortFunc(calls, func(a, b runningCall) int { return cmp.Compare(b.took, a.took) })
	for i, c := range calls {
		if i == mostLive {
			break
		}
		add(console.Strong, "%s", c.work)
		parts = append(parts, console.Part{Text: c.far + " " + runs(c.took)})
	}
	if len(l.Ticks) > 0 {
		t := l.Ticks[0]
		add(console.Plain, "next %s %s, in %s", cmp.Or(t.Name, "tick"), t.Next.Local().Format(time.TimeOnly), runs(t.Next.Sub(now)))
	}
	return parts
}

// mostLive is how many calls the live line names.
const mostLive = 3

// runningCall is one as the live line has it.
type runningCall struct {
	work, far string
	took      time.Duration
}

func runningCalls(r *runtime.Runner) (list []runningCall) {
	n := 0
	for d := range runtime.Inspect(r).Calls(0) {
		if d.Status == runtime.Running {
			far := ""
			switch p := d.Progress; {
			case p.Total > 0:
				far = fmt.Sprintf(" %d/%d", p.Done, p.Total)
			case p.Done > 0:
				far = fmt.Sprintf(" %d", p.Done)
			}
			if d.Progress.Note != "" {
				far += " " + d.Progress.Note
			}
			list = append(list, runningCall{path.Base(r.Name()), far, d.Took})
		}
		if n++; n == looked {
			break
		}
	}
	return list
}

// argumentsLine are the inputs of a call in one line.
func argumentsLine(d runtime.CallDetail) string {
	var all []string
	for _, a := range d.Args {
		all = append(all, a.Name+"="+a.String())
	}
	return short(strings.Join(all, " "), 200)
}
