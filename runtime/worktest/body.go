package worktest

import (
	"context"
	"crypto/rand"
	"fmt"
	"reflect"
	"slices"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/internal/hook"
)

// The hooks of a runner are asked in this order.
const (
	records = iota
	presets
	bodies
)

// Body is an option for a runner that calls fn instead of the Run method of its work. Everything
// else of the runner is as it was: it keeps results, retries, and ends bodies at their timeouts.
//
// fn takes and returns what Run does. It may take a context first, and return an error last,
// whether Run does or not. It panics if fn is no function, and the constructor that is given the
// option panics if fn does not fit the work.
//
// The durable keys of the runner are others then, and so are those of works that have the runner
// as an input: what fn returns is stored, and never taken for a result of the work. Runners that
// are given the same Option, as before and after a restart, find what the others have stored.
//
// fn is called by the goroutine of the execution, so it must not call FailNow, Fatal or Skip of a
// test. It may be called several times at once.
func Body(fn any) runtime.Option {
	v := reflect.ValueOf(fn)
	switch {
	case v.Kind() != reflect.Func:
		panic(fmt.Sprintf("worktest: Body(%T): give it a function, such as func(ctx context.Context, day string) (int, error)", fn))
	case v.IsNil():
		panic(fmt.Sprintf("worktest: Body(%T): the function is nil: use OnlyPresets for a work that must not execute", fn))
	}
	return replacement(bodies, func(w hook.Work) hook.Execute { return bodyOf(v, signatureOf(w)) })
}

// OnlyPresets is an option for a runner whose executions all fail but those that have a preset
// result: see [Call]. The error names the call.
func OnlyPresets() runtime.Option {
	return replacement(bodies, func(w hook.Work) hook.Execute {
		s := signatureOf(w)
		return func(_ context.Context, x hook.Execution, _ func(context.Context) error) error {
			return fmt.Errorf("worktest: %s has no preset result: add worktest.Call(…).Returns(…)", s.call(x.Args()))
		}
	})
}

// replacement is the option of a hook that does what the body would.
func replacement(place int, made func(hook.Work) hook.Execute) runtime.Option {
	return hook.Option(hook.Hook{Place: place, ID: rand.Text(), Made: made}).(runtime.Option)
}

// bodyOf returns what calls a function, which must fit the signature.
func bodyOf(fn reflect.Value, s *signature) hook.Execute {
	params, results, takesContext, returnsError := split(fn.Type(), 0)
	if !slices.Equal(params, s.params) || !slices.Equal(results, s.results) || fn.Type().IsVariadic() != s.variadic {
		panic(fmt.Sprintf("worktest: the body does not fit work %s: it is %v, but should be %v; "+
			"the context and the error may be left out", s.Name, fn.Type(), s))
	}
	call := fn.Call
	if s.variadic {
		call = fn.CallSlice
	}
	return func(ctx context.Context, x hook.Execution, _ func(context.Context) error) error {
		in := s.arguments(x.Args())
		if takesContext {
			in = append([]reflect.Value{reflect.ValueOf(ctx)}, in...)
		}
		out := call(in)
		for i, place := range s.resultsIn(x.Result) {
			place.Set(out[i])
		}
		if !returnsError {
			return nil
		}
		err, _ := out[len(out)-1].Interface().(error)
		return err
	}
}
