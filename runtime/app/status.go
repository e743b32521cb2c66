package app

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// status looks at everything.
func (s *site) status() statusView {
	all := s.discover()
	v := statusView{App: s.appView(), Loop: s.loopView(all), Works: make([]workView, 0, len(all))}
	for _, r := range all {
		v.Works = append(v.Works, s.workView(r))
	}
	v.Alerts = s.alerts(all)
	v.Workers, v.Queues = s.machinesView(all)
	return v
}

func (s *site) appView() appView {
	host, _ := os.Hostname()
	return appView{
		Name: s.app.name(), Started: s.started, PID: os.Getpid(), Program: filepath.Base(os.Args[0]),
		Version: version(), Host: host, Stores: s.storeNames(),
	}
}

// version is that of the program's module, or else the revision that it was built from.
var version = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	var revision, modified string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "+"
		}
	}
	return revision + modified
})

// storeNames says which stores the works use, in a few words: where the app has opened one its name,
// of others the kind.
func (s *site) storeNames() string {
	var names []string
	for _, st := range storesOf(s.app.runners()) {
		if name := s.storeName(st.Store); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func (s *site) storeName(st store.Store) string {
	if s.app.StoreName != "" && s.store != nil && st == s.store {
		return s.app.StoreName
	}
	return path.Base(reflect.Indirect(reflect.ValueOf(st)).Type().PkgPath())
}

func (s *site) loopView(all []*runtime.Runner) loopView {
	l := s.app.Loop.Status()
	v := loopView{
		State: l.State.String(), Paused: l.Paused, Pass: l.Pass, Began: l.Began, Ended: l.Ended,
		Waiting: []workRef{}, Unfinished: l.Unfinished, Due: l.Due,
		Heartbeat: seconds(s.heartbeat()), Error: message(l.Err), Passes: []passView{},
		Stack: short(l.Stack, 4*maxMessage), Ticks: []tickView{},
	}
	for _, t := range l.Ticks {
		v.Ticks = append(v.Ticks, tickView{t.Name, t.Schedule, local(t.Tick), t.Done, t.Missed, local(t.Next)})
	}
	for _, name := range l.Waiting {
		ref := workRef{Name: name}
		for _, r := range all {
			if r.Name() == name {
				ref.ID = s.id(r)
			}
		}
		v.Waiting = append(v.Waiting, ref)
	}
	for _, p := range s.passes.list(total(all)) {
		v.Passes = append(v.Passes, passView{
			Number: p.number, Began: p.began, Took: seconds(p.took), Executions: p.executions, Hits: p.hits,
		})
	}
	return v
}

// local is a time as the others on the page.
func local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Local()
}

// heartbeat is that of the loop, 0 when it is off.
func (s *site) heartbeat() time.Duration {
	return max(s.app.Loop.Heartbeat, 0)
}

func (s *site) workView(r *runtime.Runner) workView {
	v := workView{ID: s.id(r), Name: r.Name(), Status: runtime.NotStarted.String(), countsView: countsOf(r.Stats())}
	for d := range runtime.Inspect(r).Calls(0) {
		if v.Status == runtime.NotStarted.String() {
			v.Status, v.Reason = d.Status.String(), message(d.Reason)
		}
		if !d.Finished.IsZero() {
			v.LastFinished, v.LastDuration = d.Finished, seconds(d.Took)
			break
		}
	}
	return v
}

// maxMessage bounds the text of an error.
const maxMessage = 4000

// message is the text of an error, "" for none.
func message(err error) string {
	if err == nil {
		return ""
	}
	return short(preview.Error(err), maxMessage)
}

// short cuts a text.
func short(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && text[limit]&0xC0 == 0x80 {
		limit--
	}
	return text[:limit] + "…"
}

// errorViewOf shows an error, with the stack of a panic.
func errorViewOf(err error) *errorView {
	if err == nil {
		return nil
	}
	v := &errorView{Message: message(err)}
	var panicked *runtime.PanicError
	if errors.As(err, &panicked) {
		v.Panic, v.Stack = true, short(string(panicked.Stack), 4*maxMessage)
	}
	return v
}
