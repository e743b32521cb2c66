package worktest

import (
	"context"
	"fmt"
	"path"
	"reflect"
	"strings"

	"github.com/workgen/workgen/runtime/internal/arguments"
	"github.com/workgen/workgen/runtime/internal/hidden"
	"github.com/workgen/workgen/runtime/internal/hook"
	"github.com/workgen/workgen/runtime/internal/redact"
)

var (
	contextType = reflect.TypeFor[context.Context]()
	errorType   = reflect.TypeFor[error]()
)

// A signature is what the Run method of a work takes and returns, without context and error.
type signature struct {
	hook.Work
	params   []reflect.Type
	variadic bool
	results  []reflect.Type
}

// signatureOf returns the signature of a work. Where it has no Run method, as a Spec written by
// hand may have none, there is one argument and one result, of the types that the Spec has.
func signatureOf(w hook.Work) *signature {
	s := &signature{Work: w}
	if w.Work != nil {
		if m, ok := reflect.TypeOf(w.Work).MethodByName("Run"); ok {
			s.params, s.results, _, _ = split(m.Type, 1)
			s.variadic = m.Type.IsVariadic()
		}
	}
	if !holds(w.Args, s.params) || !holds(w.Result, s.results) {
		s.params, s.results, s.variadic = []reflect.Type{w.Args}, []reflect.Type{w.Result}, false
	}
	return s
}

// holds reports whether parts makes values of the given types of one of type t.
func holds(t reflect.Type, types []reflect.Type) bool {
	if len(types) == 1 && t == types[0] {
		return true
	}
	if t.Kind() != reflect.Struct || t.NumField() != len(types) {
		return false
	}
	for i, want := range types {
		if f := t.Field(i); f.Type != want || !f.IsExported() {
			return false
		}
	}
	return true
}

// split returns the types of the parameters from the given one on, and of the results, and
// whether there is a context before those, and an error after these.
func split(f reflect.Type, from int) (params, results []reflect.Type, takesContext, returnsError bool) {
	for in := range f.Ins() {
		params = append(params, in)
	}
	params = params[from:]
	for out := range f.Outs() {
		results = append(results, out)
	}
	if takesContext = len(params) > 0 && params[0] == contextType; takesContext {
		params = params[1:]
	}
	if n := len(results); n > 0 && results[n-1] == errorType {
		results, returnsError = results[:n-1], true
	}
	return params, results, takesContext, returnsError
}

// parts returns what a value stands for that has the given types: the fields of a struct that
// was generated for them, or itself.
func parts(v reflect.Value, types []reflect.Type) []reflect.Value {
	if len(types) == 1 && v.Type() == types[0] {
		return []reflect.Value{v}
	}
	out := make([]reflect.Value, len(types))
	for i := range types {
		out[i] = v.Field(i)
	}
	return out
}

// arguments returns the values of what points to arguments.
func (s *signature) arguments(args any) []reflect.Value {
	return parts(reflect.ValueOf(args).Elem(), s.params)
}

// resultsIn returns where the results belong.
func (s *signature) resultsIn(result any) []reflect.Value {
	return parts(reflect.ValueOf(result).Elem(), s.results)
}

// String returns the type of a function with this signature.
func (s *signature) String() string {
	in, out := []string{contextType.String()}, []string{}
	for i, t := range s.params {
		if s.variadic && i == len(s.params)-1 {
			in = append(in, "..."+t.Elem().String())
		} else {
			in = append(in, t.String())
		}
	}
	for _, t := range s.results {
		out = append(out, t.String())
	}
	out = append(out, errorType.String())
	results := strings.Join(out, ", ")
	if len(out) > 1 {
		results = "(" + results + ")"
	}
	return fmt.Sprintf("func(%s) %s", strings.Join(in, ", "), results)
}

// call returns a call as text: the package and name of its work, and the arguments.
func (s *signature) call(args any) string {
	struc := reflect.TypeOf(args).Elem()
	var list []string
	for i, v := range s.arguments(args) {
		if struc.Kind() == reflect.Struct && struc != v.Type() && hidden.Secret(struc.Field(i)) {
			list = append(list, redact.Mark)
		} else {
			list = append(list, arguments.Text(v.Interface()))
		}
	}
	return path.Base(s.Name) + "(" + strings.Join(list, ", ") + ")"
}
