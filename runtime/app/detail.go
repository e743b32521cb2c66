package app

import (
	"slices"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/preview"
)

// maxResult bounds the text of a result, in bytes.
const maxResult = 4000

// The actions on a call.
const (
	again  = "again"
	forget = "forget"
	stop   = "stop"
)

// call returns all about the call with a key.
func (s *site) call(key string) (detailView, error) {
	r, d, err := s.find(key)
	if err != nil {
		return detailView{}, err
	}
	v := detailView{
		callView:   callViewOf(workRef{ID: s.id(r), Name: r.Name()}, d, time.Now()),
		Why:        why(r, d),
		Executions: make([]executionView, 0, len(d.Executions)),
		Actions:    actions(d),
	}
	for _, e := range d.Executions {
		v.Executions = append(v.Executions, executionView{Began: e.Began, Ended: e.Ended, Error: message(e.Err)})
	}
	v.Result = result(r, d)
	return v, nil
}

// result shows the result of a call that is kept: nothing when one of its
// arguments is secret, for results tell of arguments.
func result(r *runtime.Runner, d runtime.CallDetail) *string {
	for _, a := range d.Args {
		if a.Secret {
			return nil
		}
	}
	value, ok := runtime.Inspect(r).Result(d.Number)
	if !ok {
		return nil
	}
	if _, nothing := value.(struct{}); nothing {
		return nil
	}
	text := preview.Lines(value, maxResult)
	return &text
}

// actions returns what makes sense for a call.
func actions(d runtime.CallDetail) []string {
	switch {
	case d.Status == runtime.Pending || d.Status == runtime.Running:
		return []string{stop}
	case d.Kept:
		return []string{again, forget}
	case d.Status == runtime.Failed || d.Status == runtime.Stopped:
		return []string{again}
	}
	return []string{}
}

// act does something to a call, and says what came of it.
func (s *site) act(key, action string) (doneView, error) {
	r, d, err := s.find(key)
	if err != nil {
		return doneView{}, err
	}
	if !slices.Contains(actions(d), action) {
		return doneView{Message: "The call is " + d.Status.String() + " by now; nothing was done."}, nil
	}
	i := runtime.Inspect(r)
	s.app.logger().Info("somebody asked for it on the page", "action", action, "call", key)
	switch action {
	case stop:
		if i.Stop(d.Number) {
			return doneView{true, "The call was stopped."}, nil
		}
		return doneView{Message: "The call has ended by itself."}, nil
	case forget:
		if i.Forget(d.Number) {
			return doneView{true, "The result was forgotten. The call executes when it is made again."}, nil
		}
		return doneView{Message: "There was nothing left to forget."}, nil
	}
	// The flow makes the call again, if it still needs it.
	i.Forget(d.Number)
	s.app.Loop.Wake()
	return doneView{true, "The call executes again as soon as the flow makes it."}, nil
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
