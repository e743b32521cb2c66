package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
)

// This file is what people do to calls, works and the flow: before it they are told what it will do
// to how many, and afterwards what it did, and to which not and why.

// The actions on a call.
const (
	again  = "again"
	forget = "forget"
	stop   = "stop"
)

// maxActed is how many calls one action is for at most.
const maxActed = 1000

// outcome is what an action came to.
type outcome struct {
	ID      string    `json:"-"`
	Action  string    `json:"action"`
	At      time.Time `json:"at"`
	Done    bool      `json:"done"`           // it did something
	Count   int       `json:"count"`          // to how many calls, works or flows
	Message string    `json:"message"`        // all of it, for people
	Refused []refusal `json:"refused"`        // those to which it did nothing
	Running []string  `json:"running"`        // calls that were stopped, whose bodies run on
	Left    bool      `json:"left,omitempty"` // the filter finds more, to which nothing was done
}

// refusal is a call to which nothing was done.
type refusal struct {
	Call   string `json:"call"`
	Reason string `json:"reason"`
}

// actions returns what makes sense for a call.
func (f *found) actions() (list []string) {
	list = []string{}
	for _, action := range []string{again, forget, stop} {
		if f.refuses(action) == "" {
			list = append(list, action)
		}
	}
	return list
}

// refuses says why an action makes no sense for a call; "" if it does.
func (f *found) refuses(action string) string {
	d, s := f.here, f.stored
	unfinished := f.unfinished() != nil
	elsewhere := s != nil && s.Status == store.Running && !unfinished
	switch {
	case action == stop && unfinished:
		return ""
	case action == stop && elsewhere:
		return "it executes in " + s.Origin.String() + ": stop it there"
	case action == stop:
		return "it has ended"
	case unfinished || elsewhere:
		return "it has not ended: stop it first"
	case slices.ContainsFunc(f.calls, func(d runtime.CallDetail) bool { return !d.Stopping.IsZero() }):
		return "it was stopped, and its body still runs"
	case action == again:
		if err := runtime.Inspect(f.runner).CanAgain(); err != nil {
			return err.Error()
		}
		return ""
	case f.kept() != nil, d != nil && d.Status == runtime.Failed, s != nil && (s.Status == store.Succeeded || s.Status.Failure()):
		return ""
	}
	return "there is no result to forget"
}

// unfinished is the call that has not ended, nil if all have.
func (f *found) unfinished() *runtime.CallDetail {
	for i := range f.calls {
		if d := &f.calls[i]; d.Status == runtime.Pending || d.Status == runtime.Running {
			return d
		}
	}
	return nil
}

// act does something to calls, and says what came of it. left says that there are more than were chosen.
func (s *site) act(ctx context.Context, action string, calls []string, left bool, from string) outcome {
	o := outcome{Action: action, Left: left}
	var stopped []found
	for _, at := range calls {
		f, err := s.find(ctx, at)
		why := ""
		if err != nil {
			why = err.Error()
		} else {
			why = f.actOn(ctx, action)
		}
		work := f.work.Name
		if why != "" {
			o.Refused = append(o.Refused, refusal{at, why})
		} else {
			o.Count++
			if action == stop {
				stopped = append(stopped, f)
			}
		}
		s.app.logger().Info("somebody acted on a call", "action", action, "call", at, "work", work, "from", from, "refused", why)
	}
	o.Running = stillRunning(stopped)
	o.Message = o.text()
	return s.done(o)
}

// actOn does something to one call. It returns why it did not, "" if it did.
func (f *found) actOn(ctx context.Context, action string) string {
	if why := f.refuses(action); why != "" {
		return why
	}
	switch action {
	case stop:
		if !runtime.Inspect(f.runner).Stop(f.unfinished().Number) {
			return "it has ended by itself"
		}
	case forget:
		if !f.forget() {
			return "there was nothing left to forget"
		}
	case again:
		if err := f.again(ctx); err != nil {
			return err.Error()
		}
	}
	return ""
}

// forget drops the result wherever it is.
func (f *found) forget() bool {
	i := runtime.Inspect(f.runner)
	if f.here != nil {
		return i.Forget(f.here.Number)
	}
	return i.ForgetKey(f.stored.Key)
}

// again has the call executed again, in the background.
func (f *found) again(ctx context.Context) (err error) {
	i := runtime.Inspect(f.runner)
	if f.here != nil {
		_, err = i.Again(ctx, f.here.Number)
	} else {
		_, err = i.AgainKey(ctx, f.stored.Key)
	}
	return err
}

// heeding is how long bodies have to return before they are said to run on.
const heeding = 250 * time.Millisecond

// stillRunning returns those of the calls that were stopped of which the body runs on.
func stillRunning(stopped []found) []string {
	running := []string{}
	end := time.Now().Add(heeding)
	for _, f := range stopped {
		for {
			d, ok := runtime.Inspect(f.runner).Call(f.unfinished().Number)
			if !ok || d.Stopping.IsZero() {
				break
			}
			if time.Now().After(end) {
				running = append(running, address(f.work.ID, d.Key, d.Number))
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	return running
}

// text says what an action on calls did.
func (o *outcome) text() string {
	var parts []string
	if o.Count > 0 {
		parts = append(parts, calls(o.Count)+map[string]string{
			stop: stoppedText(o.Count), forget: forgottenText(o.Count), again: againText(o.Count),
		}[o.Action])
	}
	if n := len(o.Running); n > 0 {
		parts = append(parts, fmt.Sprintf("%s ignored that, and still %s: see below which.", calls(n), plural(n, "runs", "run")))
	}
	if n := len(o.Refused); n == 1 {
		parts = append(parts, "Nothing was done to 1 call: "+o.Refused[0].Reason+".")
	} else if n > 1 {
		parts = append(parts, fmt.Sprintf("Nothing was done to %d calls.", n))
	}
	if len(parts) == 0 {
		parts = append(parts, "Nothing was done: no call was chosen.")
	}
	if o.Left {
		parts = append(parts, fmt.Sprintf("The filter finds more than %d: do it again for those.", maxActed))
	}
	return strings.Join(parts, " ")
}

func calls(n int) string       { return fmt.Sprintf("%d %s", n, plural(n, "call", "calls")) }
func stoppedText(n int) string { return plural(n, " was", " were") + " stopped." }
func forgottenText(n int) string {
	return plural(n, " was", " were") + " forgotten: " + plural(n, "it executes", "they execute") + " when " + plural(n, "it is", "they are") + " made again."
}
func againText(n int) string {
	return plural(n, " executes", " execute") + " again: everybody gets the old " + plural(n, "result until there is a new one.", "results until there are new ones.")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// done remembers an outcome for the page that follows.
func (s *site) done(o outcome) outcome {
	o.At, o.Done, o.ID = time.Now(), o.Count > 0, rand.Text()
	if o.Refused == nil {
		o.Refused = []refusal{}
	}
	if o.Running == nil {
		o.Running = []string{}
	}
	s.outcomes.Put(o.ID, &o)
	return o
}

// noticeFor is how long an outcome is shown to who asks for the page again.
const noticeFor = 10 * time.Minute

// notice returns the outcome that an address names, nil if there is none. So nobody can make a
// link that has the page say something that was not so.
func (s *site) notice(id string) *outcome {
	o, ok := s.outcomes.Get(id)
	if !ok || time.Since(o.At) > noticeFor {
		return nil
	}
	return o
}

// postCall acts on one call.
func (h *handler) postCall(w http.ResponseWriter, r *http.Request) {
	at, action := r.PathValue("key"), r.PathValue("action")
	if !isAction(action) {
		h.fail(w, r, http.StatusNotFound, "a call has the actions again, forget and stop")
		return
	}
	if _, err := h.site.find(r.Context(), at); err != nil {
		h.failed(w, r, err)
		return
	}
	h.done(w, r, h.site.act(r.Context(), action, []string{at}, false, r.RemoteAddr), "view/calls/"+at)
}

func isAction(action string) bool { return action == again || action == forget || action == stop }

// postCalls acts on a selection of calls, or on all that a filter finds.
func (h *handler) postCalls(w http.ResponseWriter, r *http.Request) {
	action := r.PathValue("action")
	if !isAction(action) {
		h.fail(w, r, http.StatusNotFound, "calls have the actions again, forget and stop")
		return
	}
	chosen, left, err := h.chosen(r)
	if err != nil {
		h.failed(w, r, err)
		return
	}
	o := h.site.act(r.Context(), action, chosen, left, r.RemoteAddr)
	h.done(w, r, o, backOf(r))
}

// chosen returns the calls that a form has chosen: each key, or what its filter finds. left says that
// the filter finds more.
func (h *handler) chosen(r *http.Request) (calls []string, left bool, err error) {
	if err := r.ParseForm(); err != nil {
		return nil, false, fmt.Errorf("%w: the form cannot be read", errQuery)
	}
	if r.PostForm.Has("filter") && !r.PostForm.Has("key") {
		q, err := url.ParseQuery(r.PostForm.Get("filter"))
		if err != nil {
			return nil, false, fmt.Errorf("%w: filter is the query string of a list", errQuery)
		}
		return h.site.filtered(r.Context(), q, formatOf(r).zone(), maxActed)
	}
	for _, at := range r.PostForm["key"] {
		if !slices.Contains(calls, at) {
			calls = append(calls, at)
		}
	}
	if len(calls) > maxActed {
		return nil, false, fmt.Errorf("%w: %d calls are too many: %d at a time", errQuery, len(calls), maxActed)
	}
	return calls, false, nil
}

// confirmPage says what an action will do before it does it.
type confirmPage struct {
	Action  string
	Calls   []string // all that were chosen
	Count   int      // to which it will be done
	Shown   []confirmRow
	Refused []refusal
	Filter  string
	Left    bool
	Back    string
}

// confirmRow is one call that an action is for.
type confirmRow struct {
	Key       string
	Work      workRef
	Arguments []argView
}

// maxConfirmed is how many of the calls are named.
const maxConfirmed = 20

// postConfirm asks whether to act on calls, for browsers. It changes nothing.
func (h *handler) postConfirm(w http.ResponseWriter, r *http.Request) {
	chosen, left, err := h.chosen(r)
	if err != nil {
		h.failed(w, r, err)
		return
	}
	action := r.PostForm.Get("action")
	if !isAction(action) {
		h.fail(w, r, http.StatusBadRequest, "calls have the actions again, forget and stop")
		return
	}
	p := confirmPage{Action: action, Calls: chosen, Filter: r.PostForm.Get("filter"), Left: left, Back: backOf(r)}
	for _, at := range chosen {
		f, err := h.site.find(r.Context(), at)
		why := ""
		if err != nil {
			why = err.Error()
		} else {
			why = f.refuses(action)
		}
		if why != "" {
			p.Refused = append(p.Refused, refusal{at, why})
			continue
		}
		if p.Count++; len(p.Shown) < maxConfirmed {
			p.Shown = append(p.Shown, confirmRow{at, f.work, f.arguments()})
		}
	}
	h.page(w, r, http.StatusOK, "confirm", "Are you sure?", p)
}

// Verb is what the button says.
func (p confirmPage) Verb() string {
	return map[string]string{again: "Execute again", forget: "Forget", stop: "Stop"}[p.Action]
}

// Will says what the action will do.
func (p confirmPage) Will() string { return will(p.Action, p.Count) }

// will says what an action will do to a number of calls.
func will(action string, n int) string {
	switch action {
	case stop:
		return calls(n) + " will be stopped. All who wait for " + plural(n, "it", "them") + " get an error. A body that ignores its context runs on."
	case forget:
		return plural(n, "Its result", fmt.Sprintf("The results of %d calls", n)) + " will be dropped for good, in memory and in the store."
	}
	return calls(n) + " will execute again, in the background. Everybody gets the old " + plural(n, "result until there is a new one.", "results until there are new ones.")
}

// backOf is where a form leads back to: a page of this app.
func backOf(r *http.Request) string {
	u, err := url.Parse(r.PostFormValue("back"))
	if err != nil || u.IsAbs() || u.Host != "" || path.Clean("/"+u.Path) != "/"+strings.TrimPrefix(u.Path, "/") ||
		u.Path != "view" && !strings.HasPrefix(u.Path, "view/") {
		return "view"
	}
	query := u.Query()
	query.Del("did")
	u.RawQuery, u.Fragment = query.Encode(), ""
	return u.String()
}

// postWork pauses or resumes a work.
func (h *handler) postWork(w http.ResponseWriter, r *http.Request) {
	id, action := r.PathValue("work"), r.PathValue("action")
	runner := h.site.runner(id)
	if runner == nil {
		h.fail(w, r, http.StatusNotFound, "there is no work "+short(id, 100))
		return
	}
	o := outcome{Action: action, Count: 1}
	switch action {
	case "pause":
		runner.Pause()
		o.Message = "Work " + id + " is paused. What executes goes on; calls that are no hit wait."
	case "resume":
		runner.Resume()
		o.Message = "Work " + id + " goes on."
	default:
		h.fail(w, r, http.StatusNotFound, "a work has the actions pause and resume")
		return
	}
	h.site.app.logger().Info("somebody acted on a work", "action", action, "work", runner.Name(), "from", r.RemoteAddr)
	h.done(w, r, h.site.done(o), "view/works/"+id)
}

// postLoop runs or pauses the flow.
func (h *handler) postLoop(w http.ResponseWriter, r *http.Request) {
	o := outcome{Action: r.PathValue("action"), Count: 1}
	switch o.Action {
	case "run":
		h.site.app.Loop.Resume()
		o.Message = "The flow runs."
	case "pause":
		h.site.app.Loop.Pause()
		o.Message = "The flow is paused. What executes goes on."
	default:
		h.fail(w, r, http.StatusNotFound, "a loop has the actions run and pause")
		return
	}
	h.site.app.logger().Info("somebody acted on the flow", "action", o.Action, "from", r.RemoteAddr)
	h.done(w, r, h.site.done(o), backOf(r))
}

// done answers after an action: a browser goes back to the page, which says what was done.
func (h *handler) done(w http.ResponseWriter, r *http.Request, o outcome, page string) {
	if isAPI(r) {
		h.json(w, http.StatusOK, o)
		return
	}
	separator := "?"
	if strings.Contains(page, "?") {
		separator = "&"
	}
	h.see(w, r, page+separator+"did="+o.ID)
}
