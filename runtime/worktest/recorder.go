package worktest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/internal/arguments"
	"github.com/workgen/workgen/runtime/internal/hook"
	"github.com/workgen/workgen/runtime/preview"
)

// Recorder records the executions of the runners that are given its Option, in the order in
// which they began. What was kept, or is in a store, does not execute. The zero Recorder is
// ready. It must not be copied after its first use. All methods may be called concurrently.
//
// Executions that begin at the same time, as those of a fan-out do, begin in any order: sort what
// Calls returns.
type Recorder struct {
	mu   sync.Mutex
	list []*Execution
}

// Execution is one time that the body of a call ran, or what stands for it: see [Body] and
// [Call]. It is a plain value, to be compared with go-cmp, for example.
type Execution struct {
	Work    string // full name of the work
	Call    string // the call as text: pipeline.Fetch("2026-05-01"); secret arguments do not show
	Attempt int    // from 1; more than 1 under runtime.Retry, and after restarts with a store

	Args    []any // as Run takes them, without the context; they are copied where the runner can
	Results []any // as the body returned them, without the error; nil while it runs and when Err is not

	// Err is the error that the body returned, a *runtime.PanicError, or why its context ended
	// before it returned: runtime.ErrStopped or a *runtime.TimeoutError. Nil: it succeeded, or
	// runs.
	Err error

	Began, Ended time.Time // when the body began, and returned; Ended is zero while it runs
}

// String returns the execution as one line without times, such as
//
//	pipeline.Fetch("2026-05-01") = [10 3]
//	pipeline.Fetch("2026-05-01"), attempt 2: no such host
func (x Execution) String() string {
	text := x.Call
	if x.Attempt > 1 {
		text += fmt.Sprintf(", attempt %d", x.Attempt)
	}
	switch {
	case x.Ended.IsZero():
		return text + " runs"
	case x.Err != nil:
		return text + ": " + preview.Error(x.Err)
	}
	for i, v := range x.Results {
		if text += " = "; i > 0 {
			text = strings.TrimSuffix(text, " = ") + ", "
		}
		text += arguments.Text(v)
	}
	return text
}

// Option is an option for runners whose executions are to be recorded. It changes neither what
// they do nor their durable keys.
func (r *Recorder) Option() runtime.Option {
	return hook.Option(hook.Hook{Place: records, Made: r.of}).(runtime.Option)
}

// Executions returns what was recorded, as it is now.
func (r *Recorder) Executions() []Execution {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Execution, len(r.list))
	for i, x := range r.list {
		out[i] = *x
	}
	return out
}

// Calls returns the calls that executed as text, as in Execution.Call: each as often as it did.
func (r *Recorder) Calls() []string {
	out := []string{}
	for _, x := range r.Executions() {
		out = append(out, x.Call)
	}
	return out
}

// String returns a line for each execution: when it began, in UTC, how long it took, and what
// Execution.String says.
func (r *Recorder) String() string {
	var b strings.Builder
	for _, x := range r.Executions() {
		took := "-"
		if !x.Ended.IsZero() {
			took = x.Ended.Sub(x.Began).String()
		}
		fmt.Fprintf(&b, "%s %s %v\n", x.Began.UTC().Format(time.RFC3339), took, x)
	}
	return b.String()
}

// Reset forgets what was recorded. What runs is recorded no more.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = nil
}

// of returns what records the executions of a work.
func (r *Recorder) of(w hook.Work) hook.Execute {
	s := signatureOf(w)
	return func(ctx context.Context, about hook.Execution, next func(context.Context) error) error {
		args := about.Args()
		x := &Execution{Work: s.Name, Call: s.call(args), Attempt: about.Attempt, Args: interfaces(s.arguments(args)), Began: time.Now().Round(0)}
		r.mu.Lock()
		r.list = append(r.list, x)
		r.mu.Unlock()
		return r.record(x, ctx, func() ([]any, error) {
			err := next(ctx)
			return interfaces(s.resultsIn(about.Result)), err
		})
	}
}

// record runs a body and records what it came to, also if that is a panic.
func (r *Recorder) record(x *Execution, ctx context.Context, body func() ([]any, error)) (err error) {
	var results []any
	returned := false
	defer func() {
		var panicked any
		if !returned {
			if panicked = recover(); panicked != nil {
				err = &runtime.PanicError{Work: x.Work, Value: panicked}
			} else {
				err = runtime.ErrGoexit
			}
		}
		told := err
		if cause := context.Cause(ctx); cause != nil {
			told = cause
		}
		if told != nil {
			results = nil
		}
		r.mu.Lock()
		x.Results, x.Err, x.Ended = results, told, time.Now().Round(0)
		r.mu.Unlock()
		if panicked != nil {
			panic(panicked) // the stack is still that of the body
		}
	}()
	results, err = body()
	returned = true
	return err
}

// interfaces returns the values, which a slice of no elements has none of.
func interfaces(values []reflect.Value) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v.Interface()
	}
	return out
}
