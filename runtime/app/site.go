package app

import (
	"context"
	"fmt"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/internal/recent"
	"github.com/workgen/workgen/runtime/store"
)

// site is what an application's pages share while it runs.
type site struct {
	app      *App
	started  time.Time
	rang     chan struct{} // gets a value when a loop or runner has changed
	hub      hub
	passes   passes
	machines machines
	glance   glance
	reasons  recent.Map[explained, whyView]
	guesses  guesses
	sessions sessions
	outcomes recent.Map[string, *outcome]
	measures recent.Map[string, measures]
	store    store.Store     // that OpenStore has opened
	ctx      context.Context // ends the streams
	cancel   context.CancelFunc

	mounted atomic.Bool // in a server of the program's own

	mu   sync.Mutex
	ids  map[weak.Pointer[runtime.Runner]]shown
	byID map[string]weak.Pointer[runtime.Runner]
	end  func() // of listening to the loop
}

// shown is what the site knows of a runner. It does not keep that alive.
type shown struct {
	id  string
	end func() // of listening
}

// start makes the site ready; the second time it does nothing.
func (s *site) start(a *App) error {
	s.mu.Lock()
	if s.app != nil {
		s.mu.Unlock()
		return nil
	}
	if err := a.check(); err != nil {
		s.mu.Unlock()
		return err
	}
	s.app, s.started = a, time.Now().Round(0)
	s.rang = make(chan struct{}, 1)
	s.ids = map[weak.Pointer[runtime.Runner]]shown{}
	s.byID = map[string]weak.Pointer[runtime.Runner]{}
	s.outcomes.Half = 50
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.end = a.Loop.Notify(s.rang)
	s.mu.Unlock()

	if a.Wait {
		a.Loop.Pause() // before anybody can click
	}
	a.Loop.Flow = a.counting(a.Loop.Flow)
	if a.Loop.Logger == nil {
		a.Loop.Logger = a.Logger
	}
	s.discover()
	go s.hub.run(s.ctx, s.rang)
	return nil
}

// stop ends the streams and the goroutine of the hub, and stops listening: listening
// makes runners record arguments, which nobody needs once nobody watches.
func (s *site) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel == nil {
		return
	}
	s.cancel()
	s.end()
	for _, known := range s.ids {
		known.end()
	}
}

// ring has those who watch look again.
func (s *site) ring() {
	select {
	case s.rang <- struct{}{}:
	default:
	}
}

// runners returns the works that the page shows.
func (a *App) runners() []*runtime.Runner {
	if a.Works != nil {
		return a.Works
	}
	return runtime.Runners()
}

// discover returns the works, too, and gives those that are new an identifier and
// a listener. It keeps none of them alive.
func (s *site) discover() []*runtime.Runner {
	all := s.app.runners()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range all {
		w := weak.Make(r)
		if _, known := s.ids[w]; known {
			continue
		}
		s.tidy(len(all))
		id := s.newID(r.Name())
		end := func() {}
		if s.ctx.Err() == nil {
			end = runtime.Inspect(r).Notify(s.rang)
		}
		s.ids[w], s.byID[id] = shown{id, end}, w
	}
	return all
}

// tidy forgets runners that were collected, when they are many.
func (s *site) tidy(inUse int) {
	if len(s.ids) < 2*inUse+64 {
		return
	}
	for w, known := range s.ids {
		if w.Value() == nil {
			delete(s.ids, w)
			delete(s.byID, known.id)
		}
	}
}

// newID makes an identifier that is short, fit for a path, and not in use: the
// name without the directory of its package, and a number if need be.
func (s *site) newID(name string) string {
	short := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, path.Base(name))
	if strings.Trim(short, ".") == "" {
		short = "work"
	}
	id := short
	for n := 2; ; n++ {
		if _, taken := s.byID[id]; !taken {
			return id
		}
		id = fmt.Sprintf("%s-%d", short, n)
	}
}

// id returns the identifier of a runner.
func (s *site) id(r *runtime.Runner) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids[weak.Make(r)].id
}

// runner returns the runner with an identifier, nil if there is none.
func (s *site) runner(id string) *runtime.Runner {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[id].Value()
}
