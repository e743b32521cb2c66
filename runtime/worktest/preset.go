package worktest

import (
	"context"
	"fmt"
	"reflect"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/internal/arguments"
	"github.com/workgen/workgen/runtime/internal/hook"
)

// Preset stands for the calls with given arguments, until Returns or Fails says what they come
// to.
type Preset struct{ args []any }

// Call names the calls of a work with these arguments, which are those of its Run method without
// the context. Constants may be given as they are written in Go: 1 fits an int64 or a float64.
//
//	fetch := NewFetchRunner(&Fetch{}, worktest.Call("2026-05-01").Returns([]int{1, 2}))
//
// Arguments are equal if the runner takes them for equal, which is what it keeps results by.
func Call(args ...any) Preset { return Preset{args} }

// Returns is an option for a runner whose executions of these calls return results, without
// calling the body. There are as many results as Run returns, without the error. Of several
// presets of one call the last one holds, and all of them win over [Body].
//
// Such an execution counts as one, and takes no time. The durable keys of the runner are others
// then: see Body. The constructor that is given the option panics if arguments or results
// do not fit the work.
func (p Preset) Returns(results ...any) runtime.Option {
	return p.option(func(s *signature) (reflect.Value, error) {
		values, err := converted("result", results, s.results)
		if err != nil {
			return reflect.Value{}, err
		}
		result := reflect.New(s.Result)
		for i, place := range s.resultsIn(result.Interface()) {
			place.Set(values[i])
		}
		return result.Elem(), nil
	}, nil)
}

// Fails is an option for a runner whose executions of these calls fail with err; otherwise it is
// as Returns. It panics if err is nil.
func (p Preset) Fails(err error) runtime.Option {
	if err == nil {
		panic("worktest: Fails(nil): use Returns for calls that succeed")
	}
	return p.option(func(s *signature) (reflect.Value, error) { return reflect.Zero(s.Result), nil }, err)
}

// option is the option of a preset whose calls come to a result and an error.
func (p Preset) option(result func(*signature) (reflect.Value, error), err error) runtime.Option {
	return replacement(presets, func(w hook.Work) hook.Execute {
		s := signatureOf(w)
		args := p.argsFor(s)
		value, wrong := result(s)
		if wrong != nil {
			panic(fmt.Sprintf("worktest: the preset of %s does not fit: %v; its Run is %v", s.call(args), wrong, s))
		}
		return func(ctx context.Context, x hook.Execution, next func(context.Context) error) error {
			if id, unkeyed := s.Identify(args); unkeyed != nil || id != x.Identity { // files may have changed
				return next(ctx)
			}
			reflect.ValueOf(x.Result).Elem().Set(value)
			return err
		}
	})
}

// argsFor returns a pointer to the arguments, as the work takes them.
func (p Preset) argsFor(s *signature) any {
	given, types := p.args, s.params
	if n := len(types); s.variadic && len(given) >= n-1 { // the rest is one slice
		fixed := len(given[:n-1])
		types = types[:fixed:fixed]
		for range given[fixed:] {
			types = append(types, s.params[fixed].Elem())
		}
	}
	values, err := converted("argument", given, types)
	if err != nil {
		panic(fmt.Sprintf("worktest: Call%s does not fit work %s: %v; its Run is %v", list(given), s.Name, err, s))
	}
	args := reflect.New(s.Args)
	for i, place := range s.arguments(args.Interface()) {
		switch {
		case !s.variadic || i < len(s.params)-1:
			place.Set(values[i])
		default:
			place.Set(reflect.Append(place, values[i:]...))
		}
	}
	if _, err := s.Identify(args.Interface()); err != nil {
		panic(fmt.Sprintf("worktest: %s cannot have a preset result, for it equals no other call: %v", s.call(args.Interface()), err))
	}
	return args.Interface()
}

// textOf returns a value that a test gives as text.
func textOf(v any) string {
	if v == nil {
		return "nil"
	}
	return arguments.Text(v)
}

// list returns values as they may be written between parentheses.
func list(values []any) string {
	text := ""
	for i, v := range values {
		if i > 0 {
			text += ", "
		}
		text += textOf(v)
	}
	return "(" + text + ")"
}

// converted returns values of the given types. what is what they are called in the error.
func converted(what string, given []any, types []reflect.Type) ([]reflect.Value, error) {
	if len(given) != len(types) {
		return nil, fmt.Errorf("%s, not %d%s", count(len(types), what), len(given), hint(given))
	}
	values := make([]reflect.Value, len(types))
	for i, v := range given {
		var ok bool
		if values[i], ok = convert(v, types[i]); !ok {
			return nil, fmt.Errorf("%s %d is %s (%T), and has to be %v", what, i+1, textOf(v), v, types[i])
		}
	}
	return values, nil
}

// hint says what is too much among arguments, or results; "" if that is not known.
func hint(given []any) string {
	if len(given) == 0 {
		return ""
	}
	if _, ok := given[0].(context.Context); ok {
		return ": leave the context out"
	}
	switch last := given[len(given)-1]; last.(type) {
	case nil, error:
		return ": leave the error out, or use Fails for one"
	}
	return ""
}

// count returns how many there have to be of something.
func count(n int, what string) string {
	if n == 1 {
		return "there has to be 1 " + what
	}
	return fmt.Sprintf("there have to be %d %ss", n, what)
}

// convert returns a value of type t, as the compiler would accept it: nil where t has it, what
// is assignable, and constants that t can hold. These come here with the type that a constant
// has by itself.
func convert(given any, t reflect.Type) (reflect.Value, bool) {
	v := reflect.ValueOf(given)
	if !v.IsValid() {
		switch t.Kind() {
		case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice:
			return reflect.Zero(t), true
		}
		return v, false
	}
	if v.Type().AssignableTo(t) {
		out := reflect.New(t).Elem()
		out.Set(v)
		return out, true
	}
	switch kind := t.Kind(); given.(type) {
	case string, bool:
		if kind == v.Kind() {
			return v.Convert(t), true
		}
	case int, rune, float64:
		unsigned := reflect.Uint <= kind && kind <= reflect.Uint64
		switch {
		case kind < reflect.Int || kind > reflect.Float64 || kind == reflect.Uintptr:
		case unsigned && v.CanInt() && v.Int() < 0:
		default:
			out := v.Convert(t)
			return out, out.Convert(v.Type()).Equal(v)
		}
	}
	return v, false
}
