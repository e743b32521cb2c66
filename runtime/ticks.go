package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/internal/recent"
	"github.com/workgen/workgen/runtime/schedule"
	"github.com/workgen/workgen/runtime/store"
)

// Today returns the beginning of the day in the local time zone: midnight, or
// the first moment of the day where a clock change leaves that out. It is a tick of the
// schedule "0 0 * * *", and holds as [Cron] says.
func Today(ctx context.Context, opts ...TickOption) time.Time { return Cron(ctx, daily, opts...) }

var daily = schedule.MustParse("0 0 * * *")

// Cron returns the latest tick, now or before, of a schedule: a cron expression, as
// [schedule.Parse] explains, or what that returned. Between two ticks it is the same value, so
// a work that is given it executes once per tick. In a flow, the loop runs the flow again at
// the next tick. To run it when files change, use [Loop.Files].
//
// Inside of a flow a tick holds: Cron returns it until the flow got through, also when the next
// ones have come meanwhile. Then the newest one comes; those between are skipped, and the log
// says so; a flow that wants each of them asks [MissedTicks]. A tick also ends when the flow has
// failed for good: by an error that is [Permanent], or that of a call which was given up or will not
// execute again; and when [Within] says that it is too late.
//
// The first pass gets the tick before it, unless [SkipFirst] is given. A loop with a Name and a
// Store does not: a tick that the store has as done is over, and a schedule that is new to a
// loop which the store knows begins with its next tick.
//
// As long as all ticks that a pass has asked for are over in one of those ways, or there was
// none yet, the flow rests from there on: calls that have results return them, and others
// suspend the flow until the next tick, also if a file or a Var has changed meanwhile.
//
// Inside of a flow an expression that is wrong is an error of the flow: Cron returns the zero
// time, no call is made, and under KeepGoing the loop goes on. Outside of flows Cron
// panics then. It is better to parse expressions ahead, with [schedule.MustParse].
//
//	runtime.Cron(ctx, "0 3 * * *")                         // every day at three
//	runtime.Cron(ctx, "*/10 * * * * *")                    // every ten seconds
//	runtime.Cron(ctx, "CRON_TZ=Europe/Berlin 30 8 * * 1-5") // on working days at half past eight
//	runtime.Cron(ctx, "@hourly", runtime.SkipFirst())      // every full hour, and not at the start
func Cron[S string | *schedule.Schedule](ctx context.Context, s S, opts ...TickOption) time.Time {
	parsed, err := parsed(s)
	p := passOf(ctx)
	switch {
	case err != nil && p == nil:
		panic("runtime: " + err.Error())
	case err != nil:
		p.breaks(err)
		return time.Time{}
	case p == nil:
		return parsed.Last(time.Now())
	}
	var o tickOptions
	for _, opt := range opts {
		opt.apply(&o)
	}
	return p.engine.ticks.ask(p, parsed, o)
}

// MissedTicks returns the ticks of a schedule between the latest one that the flow has got
// through and the one that Cron returns in this pass, oldest first, and of many the newest
// thousand. It is for flows that do something for each tick, also for those that came
// while the program did not run (if the loop has a Name and a Store) or was busy. Outside of
// flows, and where the flow has not asked Cron for a tick, there are none.
//
//	tick := runtime.Cron(ctx, hourly)
//	for _, at := range append(runtime.MissedTicks(ctx, hourly), tick) {
//		…
//	}
func MissedTicks[S string | *schedule.Schedule](ctx context.Context, s S) []time.Time {
	parsed, err := parsed(s)
	p := passOf(ctx)
	if err != nil || p == nil {
		return nil
	}
	return p.engine.ticks.missed(parsed)
}

// TickOption says when the flow gets a tick of [Cron] or [Today], or what the tick is for.
type TickOption interface{ apply(*tickOptions) }

type tickOptions struct {
	name      string
	within    time.Duration // 0: it is never too late
	skipFirst bool
}

type tickOption func(*tickOptions)

func (o tickOption) apply(t *tickOptions) { o(t) }

// Named says what ticks are for, to people: the application's page, its API, [TickStatus] and the log
// show the name beside the schedule. "" is none.
//
// A name is nothing but that. A flow is at one tick of a schedule, whatever names it asks for it
// by, so a name can be changed at any time: no tick is skipped or done again. A schedule with
// several names is listed once by each. It is listed by them as long as the loop runs, so names
// should be few, and the same in every pass.
//
//	night := runtime.Cron(ctx, "0 3 * * *", runtime.Named("nightly report"))
func Named(name string) TickOption { return tickOption(func(o *tickOptions) { o.name = name }) }

// Within makes a tick be missed that the flow did not get through within d. It panics unless d
// is positive.
func Within(d time.Duration) TickOption {
	if d <= 0 {
		panic(fmt.Sprintf("runtime: Within(%v): must be positive", d))
	}
	return tickOption(func(o *tickOptions) { o.within = d })
}

// SkipFirst has the first pass of a loop wait for the next tick instead of doing the one before
// its start.
func SkipFirst() TickOption { return tickOption(func(o *tickOptions) { o.skipFirst = true }) }

// parsed returns a schedule.
func parsed(s any) (*schedule.Schedule, error) {
	switch s := s.(type) {
	case *schedule.Schedule:
		if s == nil {
			return nil, errors.New("the schedule is nil: use schedule.MustParse")
		}
		return s, nil
	case string:
		if known, ok := schedules.Get(s); ok {
			return known, nil
		}
		parsed, err := schedule.Parse(s)
		if err == nil {
			schedules.Put(s, parsed)
		}
		return parsed, err
	}
	panic("not reached")
}

// schedules keeps parsed expressions: a flow asks for the same few on every pass.
var schedules recent.Map[string, *schedule.Schedule]

// ticks are the schedules that a flow has asked for, by their texts.
type ticks struct {
	mu      sync.Mutex
	all     map[string]*tick
	stored  storedTicks
	mark    store.Mark // that has them
	known   bool       // the store knew the loop at its start
	changed bool       // they are to be stored
	failing bool       // the store did not take them the last time
}

// storedTicks are the latest ticks that are done, by schedule.
type storedTicks map[string]time.Time

// tick is the one of a schedule that a flow is at.
//
//	holds ──▶ over        the flow got through, or has failed for good
//	  ▲ └───▶ over, rests it was too late
//	  │                   the first is over and rests, if it was done by an earlier run, or is skipped
//	  └── the next one is due
type tick struct {
	schedule *schedule.Schedule
	names    []string  // that the flow has asked by, without ""
	at       time.Time // zero: there was none yet
	done     time.Time // the latest one that the flow got through, or that was before its time; zero: none
	over     bool
	rests    bool // the flow is not to do anything for it
	within   time.Duration
}

// ask returns the tick of a schedule that a pass gets, and logs what is new about it.
func (ts *ticks) ask(p *pass, s *schedule.Schedule, o tickOptions) time.Time {
	at, say := ts.get(p, s, o, time.Now())
	for _, f := range say {
		f(p.engine)
	}
	return at
}

// get is ask without logging, which must not be done under the lock.
func (ts *ticks) get(p *pass, s *schedule.Schedule, o tickOptions, now time.Time) (at time.Time, say []func(*engine)) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	text, newest := s.String(), s.Last(now)
	t := ts.all[text]
	isNew := t == nil
	if isNew {
		t = ts.first(text, newest, o)
		t.schedule = s
		if ts.all == nil {
			ts.all = map[string]*tick{}
		}
		ts.all[text] = t
	}
	if o.name != "" && !slices.Contains(t.names, o.name) {
		t.names, isNew = append(t.names, o.name), true
	}
	if isNew {
		say = append(say, saySchedule(*t, o.name, now))
	}
	t.within = o.within
	if late := t.isLate(now); (t.over || late) && newest.After(t.at) {
		t.at, t.over, t.rests = newest, false, false
		say = append(say, sayMissed(*t, o.name))
	}
	if !t.over && t.isLate(now) {
		t.over, t.rests = true, true
		at := t.at
		say = append(say, func(e *engine) {
			e.log("it is too late for a tick", nameAttr(o.name), slog.String("schedule", text), slog.Time("tick", at))
		})
	}
	p.asksFor(t)
	switch {
	case t.over:
		p.wakeAt(s.Next(now))
	case t.within > 0:
		p.wakeAt(t.at.Add(t.within))
	}
	return t.at, say
}

// first returns the tick of a schedule that the flow asks for for the first time.
func (ts *ticks) first(text string, newest time.Time, o tickOptions) *tick {
	t := &tick{at: newest, done: ts.stored[text]}
	switch known := !t.done.IsZero(); {
	case newest.IsZero(): // there is none
		t.over, t.rests = true, true
	case known:
		t.over = !newest.After(t.done)
		t.rests = t.over
	case o.skipFirst || ts.known:
		t.over, t.rests, t.done = true, true, newest
	default:
		t.done = newest.Add(-1) // later ones are missed, if this run does not get through any
	}
	ts.changed = true
	return t
}

// next returns when the one after a tick that is over is due. It may have come long ago.
func (t *tick) next(now time.Time) time.Time {
	if t.at.IsZero() {
		return t.schedule.Next(now)
	}
	return t.schedule.Next(t.at)
}

func (t *tick) isLate(now time.Time) bool {
	return t.within > 0 && !now.Before(t.at.Add(t.within))
}

// between returns the ticks after the latest one that is done, and before the one the flow is at.
func (t *tick) between() (missed []time.Time) {
	if t.done.IsZero() || t.rests {
		return nil
	}
	for at := range t.schedule.Between(t.done, t.at.Add(-1)) {
		if len(missed) == mostMissed {
			missed = missed[1:]
		}
		missed = append(missed, at)
	}
	return missed
}

// mostMissed bounds how many ticks are listed.
const mostMissed = 1000

// nameAttr is a name in the log, nothing where it is "".
func nameAttr(name string) slog.Attr {
	if name == "" {
		return slog.Attr{}
	}
	return slog.String("name", name)
}

// saySchedule logs a schedule that the flow asks for for the first time, or by a new name.
func saySchedule(t tick, name string, now time.Time) func(*engine) {
	return func(e *engine) {
		e.logger().Info("a schedule", nameAttr(name), slog.String("schedule", t.schedule.String()), slog.Time("tick", t.at), slog.Bool("done", t.over),
			slog.String("next", texts(t.schedule.NextN(now, 3))))
	}
}

// texts lists times as a log has one.
func texts(times []time.Time) string {
	var list []string
	for _, t := range times {
		list = append(list, t.Format(time.RFC3339))
	}
	return strings.Join(list, " ")
}

// sayMissed logs that ticks were skipped, if some were.
func sayMissed(t tick, name string) func(*engine) {
	missed := t.between()
	return func(e *engine) {
		if len(missed) > 0 {
			e.log("ticks were missed", nameAttr(name), slog.String("schedule", t.schedule.String()), slog.Int("missed", len(missed)),
				slog.Time("first", missed[0]), slog.Time("last", missed[len(missed)-1]), slog.Time("tick", t.at))
		}
	}
}

func (ts *ticks) missed(s *schedule.Schedule) []time.Time {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t := ts.all[s.String()]; t != nil {
		return t.between()
	}
	return nil
}

// ends has the ticks that a pass has asked for be over, if the flow got through or has failed
// for good, and returns when the first of the next is due.
func (ts *ticks) ends(e *engine, p *pass, over bool) (due time.Time) {
	now := time.Now()
	ts.mu.Lock()
	for _, t := range p.ticks {
		if over && !t.over {
			t.over = true
			if p.broken == nil { // otherwise the flow could do nothing, and has missed it
				t.done, ts.changed = t.at, true
			}
		}
		if t.over {
			due = earlier(due, t.next(now))
		}
	}
	changed := ts.changed
	ts.mu.Unlock()
	if changed {
		ts.save(e)
	}
	return due
}

// breaks makes the pass one that makes no further call.
func (p *pass) breaks(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken == nil && !p.over.Load() {
		p.broken = err
	}
}

func (p *pass) asksFor(t *tick) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.ticks, t) && !p.over.Load() {
		p.ticks = append(p.ticks, t)
	}
}

// rests reports whether the flow has nothing to do until its next tick.
func (p *pass) rests() bool {
	p.mu.Lock()
	asked := p.ticks
	p.mu.Unlock()
	if len(asked) == 0 {
		return false
	}
	ts := &p.engine.ticks
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return !slices.ContainsFunc(asked, func(t *tick) bool { return !t.rests })
}

// TickStatus is what a flow does with a schedule.
type TickStatus struct {
	Name     string    // see Named; "": it has none
	Schedule string    // its text, as Schedule.String has it
	Tick     time.Time // that the flow is at; zero: there was none yet
	Done     bool      // the flow is done with it, or was not to do anything for it
	Missed   int       // ticks that were skipped before it
	Next     time.Time // the next tick
}

// status lists the schedules, one by each of its names, ordered by the next tick and the name.
func (ts *ticks) status() (list []TickStatus) {
	now := time.Now()
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for text, t := range ts.all {
		names := t.names
		if len(names) == 0 {
			names = []string{""}
		}
		for _, name := range names {
			list = append(list, TickStatus{name, text, t.at, t.over, len(t.between()), t.schedule.Next(now)})
		}
	}
	slices.SortFunc(list, func(a, b TickStatus) int {
		return cmp.Or(a.Next.Compare(b.Next), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Schedule, b.Schedule))
	})
	return list
}
