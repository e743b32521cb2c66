package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/app"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// TestEveryViewOfExtremeApplications looks at apps that have nothing, too much, or a store that does not answer.
func TestEveryViewOfExtremeApplications(t *testing.T) {
	for name, make := range map[string]func(*testing.T) (*app.App, []view, func() bool){
		"nothing": nothing, "muchtoomuch": tooMuch, "unreachable": unreachable,
	} {
		t.Run(name, func(t *testing.T) {
			a, views, ready := make(t)
			lookAt(t, serveApp(t, a, ready), name+"-", views)
		})
	}
}

// serveApp runs an app, and returns its address when it is ready.
func serveApp(t *testing.T, a *app.App, ready func() bool) string {
	t.Helper()
	a.NoPage, a.Logger, a.Loop.Grace = true, slog.New(slog.DiscardHandler), -1
	server := httptest.NewServer(a.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { a.Run(ctx); close(done) }()
	t.Cleanup(func() {
		cancel()
		<-done
		server.CloseClientConnections()
		server.Close()
	})
	for end := time.Now().Add(2 * patience); !ready(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it is never as it should be")
		}
	}
	return server.URL
}

// nothing is an app without works, whose flow has not begun.
func nothing(*testing.T) (*app.App, []view, func() bool) {
	a := &app.App{Name: "nothing", Wait: true, Works: []*runtime.Runner{}, Loop: &runtime.Loop{Flow: func(context.Context) error { return nil }}}
	return a, []view{{"now", "/view"}, {"executions", "/view/executions"}, {"flow", "/view/flow"}}, func() bool { return true }
}

// tooMuch is an app of a hundred works with names that are too long, of which one has ten thousand calls, and one a
// call with five hundred executions.
func tooMuch(t *testing.T) (*app.App, []view, func() bool) {
	s := memory.New(0)
	long := strings.Repeat("VeryLong", 12)
	works := []*work{}
	add := func(name string, body func(context.Context, args) (result, error), opts ...runtime.Option) *work {
		w := newWork(name, body, opts...)
		works = append(works, w)
		return w
	}
	echo := func(_ context.Context, a args) (result, error) { return result{Day: a.Day}, nil }
	stubborn := add("stubborn.Work"+long, func(context.Context, args) (result, error) {
		return result{}, errors.New("no\x1b[31m \u202eway\u202c\x00 " + strings.Repeat("unbreakable", 40) + "\nsecond line")
	}, runtime.WithStore(s), runtime.Retry(runtime.RetryPolicy{Attempts: 500, Initial: 1, Max: 1}))
	many := add("many.Calls", echo, runtime.History(10_000))
	evil := add("evil.\u202e<b>\x1b[1m\x00Work", echo)
	for i := range 97 {
		add(fmt.Sprintf("package%03d.%s", i, long), func(ctx context.Context, a args) (result, error) {
			if i%2 == 1 {
				works[3].Start(ctx, a)
			}
			if i%10 == 7 {
				return result{}, errors.New(strings.Repeat("e", 5000))
			}
			return result{Day: a.Day}, nil
		})
	}
	stubborn.Start(context.WithoutCancel(t.Context()), args{Day: "1"})
	a := &app.App{Name: strings.Repeat("LongName", 20), Loop: &runtime.Loop{Name: long, KeepGoing: true, Flow: func(ctx context.Context) error {
		runtime.Cron(ctx, "CRON_TZ=America/Argentina/ComodRivadavia 0,1,2,3,4,5,6,7,8,9,10,12,14,16,18,20,22 1,3,5,7,9,11,13,15,17 * * *")
		for _, w := range works[1:] { // the flow would ask for the stubborn one again and again
			w.Start(ctx, args{Day: strings.Repeat("day", 2000), Source: "\u202e\x1b[31m\x00"})
		}
		for i := range 10_000 {
			many.Start(ctx, args{Day: fmt.Sprint(i)})
		}
		return nil
	}}}
	for _, w := range works {
		a.Works = append(a.Works, w.Runner)
	}
	call, _ := runtime.Inspect(stubborn.Runner).Call(1)
	views := []view{
		{"now", "/view"}, {"executions", "/view/executions"}, {"flow", "/view/flow"}, {"call-500", "/view/calls/" + call.Key.String()},
		{"work-many", "/view/works/many.Calls"}, {"work-long", "/view/works/stubborn.Work" + long},
	}
	ready := func() bool {
		return evil.Stats().Executions > 0 && stubborn.Stats().Errors == 1 && many.Stats().Successes > 10_000
	}
	return a, views, ready
}

// unreachable is an app with a store that answers no more after a while.
func unreachable(t *testing.T) (*app.App, []view, func() bool) {
	s := &failing{Store: memory.New(0)}
	w := newWork("stored.Work", func(_ context.Context, a args) (result, error) { return result{Day: a.Day}, nil }, runtime.WithStore(s))
	if _, err := w.Start(t.Context(), args{Day: "before"}).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.fails.Store(true)
	a := &app.App{Name: "unreachable", Works: []*runtime.Runner{w.Runner}, Loop: &runtime.Loop{KeepGoing: true, Flow: func(ctx context.Context) error {
		w.Start(ctx, args{Day: "after"})
		return nil
	}}}
	return a, []view{{"now", "/view"}, {"flow", "/view/flow"}, {"executions", "/view/executions"}, {"work", "/view/works/stored.Work"}}, func() bool { return w.Stats().Executions > 1 }
}

// failing is a store that may not answer.
type failing struct {
	store.Store
	fails atomic.Bool
}

var errFails = errors.New("dial tcp 10.1.2.3:5432: connect: connection refused")

func (s *failing) err() error {
	if s.fails.Load() {
		return errFails
	}
	return nil
}

func (s *failing) Lookup(ctx context.Context, refs []store.Ref, found []store.Found) error {
	return cmp.Or(s.err(), s.Store.Lookup(ctx, refs, found))
}

func (s *failing) Begin(ctx context.Context, x store.Record) (store.Lease, error) {
	if err := s.err(); err != nil {
		return store.Lease{}, err
	}
	return s.Store.Begin(ctx, x)
}

func (s *failing) End(ctx context.Context, l store.Lease, x store.Record, result io.WriterTo) error {
	return cmp.Or(s.err(), s.Store.End(ctx, l, x, result))
}

func (s *failing) History(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	if err := s.err(); err != nil {
		return func(yield func(store.Record, error) bool) { yield(store.Record{}, err) }
	}
	return s.Store.History(ctx, f)
}
