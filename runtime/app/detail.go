package app

import (
	"context"
	"slices"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

const (
	maxResult  = 4000    // bytes of the text of a result
	maxDecoded = 1 << 20 // bytes of a stored result that is read to show it
)

// The actions on a call.
const (
	again  = "again"
	forget = "forget"
	stop   = "stop"
)

// call returns all about the call with a key.
func (s *site) call(ctx context.Context, text string) (detailView, error) {
	f, err := s.find(ctx, text)
	if err != nil {
		return detailView{}, err
	}
	v := detailView{callView: f.view(), Why: s.why(ctx, &f), Executions: f.executions(), Actions: f.actions()}
	v.Result = f.result(ctx)
	return v, nil
}

// view puts together what the process and the store know.
func (f *found) view() callView {
	if f.here == nil {
		return recordView(f.work, f.stored)
	}
	v := callViewOf(f.work, *f.here, time.Now())
	if f.stored == nil {
		return v
	}
	rec := recordView(f.work, f.stored)
	v.Size, v.Kept = rec.Size, v.Kept || rec.Kept
	if len(v.Arguments) == 0 {
		v.Arguments = rec.Arguments
	}
	if f.here.Stored { // executed before, or elsewhere
		v.Place, v.Started, v.Attempts, v.Duration = rec.Place, rec.Started, rec.Attempts, rec.Duration
		v.Progress = rec.Progress
	}
	return v
}

func (f *found) executions() []executionView {
	out := []executionView{}
	if f.here == nil {
		if !f.stored.Started.IsZero() {
			out = append(out, executionView{Began: f.stored.Started, Ended: f.stored.Finished, Error: short(f.stored.Error, maxMessage)})
		}
		return out
	}
	for _, e := range f.here.Executions {
		out = append(out, executionView{Began: e.Began, Ended: e.Ended, Error: message(e.Err)})
	}
	return out
}

// hidden tells whether the result is not to be shown, for it may tell of inputs: one
// of them is secret, or nobody knows them.
func (f *found) hidden() bool {
	var args []store.Arg
	switch {
	case f.here != nil && f.here.Args != nil:
		args = f.here.Args
	case f.stored != nil:
		args = f.stored.Args
	default:
		return true
	}
	return slices.ContainsFunc(args, func(a store.Arg) bool { return a.Secret })
}

// result shows the result of a call that is kept, nil if there is nothing to show.
func (f *found) result(ctx context.Context) *string {
	if f.hidden() {
		return nil
	}
	var value any
	ok := false
	i := runtime.Inspect(f.runner)
	if f.here != nil {
		value, ok = i.Result(f.here.Number)
	}
	if !ok && f.stored != nil && f.stored.Status == store.Succeeded && f.stored.Size <= maxDecoded {
		value, ok = i.StoredResult(ctx, *f.stored)
	}
	if _, nothing := value.(struct{}); !ok || nothing {
		return nil
	}
	text := redact.Text(preview.Lines(value, maxResult))
	return &text
}

// actions returns what makes sense for a call.
func (f *found) actions() []string {
	d := f.here
	switch {
	case d != nil && (d.Status == runtime.Pending || d.Status == runtime.Running):
		return []string{stop}
	case d != nil && d.Kept, f.stored != nil && f.stored.Status == store.Succeeded:
		return []string{again, forget}
	case d != nil && (d.Status == runtime.Failed || d.Status == runtime.Stopped):
		return []string{again}
	}
	return []string{}
}

// act does something to a call, and says what came of it.
func (s *site) act(ctx context.Context, text, action string) (doneView, error) {
	f, err := s.find(ctx, text)
	if err != nil {
		return doneView{}, err
	}
	if !slices.Contains(f.actions(), action) {
		return doneView{Message: "The call is " + f.view().Status + " by now; nothing was done."}, nil
	}
	s.app.logger().Info("somebody acted on a call", "action", action, "call", text)
	switch action {
	case stop:
		if runtime.Inspect(f.runner).Stop(f.here.Number) {
			return doneView{true, "The call was stopped."}, nil
		}
		return doneView{Message: "The call has ended by itself."}, nil
	case forget:
		if f.forget() {
			return doneView{true, "The result was forgotten. The call executes when it is made again."}, nil
		}
		return doneView{Message: "There was nothing left to forget."}, nil
	}
	// That makes loops do a pass, in which the flow makes the call again, if it still
	// needs it.
	f.forget()
	return doneView{true, "The call executes again as soon as the flow makes it."}, nil
}

// forget drops the result wherever it is.
func (f *found) forget() bool {
	i := runtime.Inspect(f.runner)
	if f.here != nil {
		return i.Forget(f.here.Number)
	}
	return i.ForgetKey(f.stored.Key)
}

// run starts or resumes the flow.
func (s *site) run() doneView {
	s.app.Loop.Resume()
	return doneView{true, "The flow runs."}
}

// pause keeps the flow from running again.
func (s *site) pause() doneView {
	s.app.Loop.Pause()
	return doneView{true, "The flow is paused. What executes goes on."}
}
