package arguments

import (
	"reflect"

	"github.com/workgen/workgen/runtime/internal/hidden"
)

// Exceeds reports whether a copy of what args points to takes more than most bytes, about. It does not
// look at what is no input, which others may write to meanwhile.
func Exceeds(args any, most int) bool {
	s := sizer{left: most}
	s.add(reflect.ValueOf(args).Elem())
	return s.left < 0
}

// sizer counts down what is left. Everything takes something, so cycles end.
type sizer struct{ left int }

func (s *sizer) add(v reflect.Value) {
	s.left -= max(int(v.Type().Size()), 1)
	s.refers(v)
}

// refers counts what a value refers to.
func (s *sizer) refers(v reflect.Value) {
	if s.left < 0 {
		return
	}
	switch v.Kind() {
	case reflect.String:
		s.left -= v.Len()
	case reflect.Slice:
		if s.left -= v.Len() * int(v.Type().Elem().Size()); !flat(v.Type().Elem()) {
			s.elements(v)
		}
	case reflect.Array:
		if !flat(v.Type().Elem()) {
			s.elements(v)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); !hidden.Ignored(f) && !hidden.Foreign(f) {
				s.refers(v.Field(i))
			}
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			s.add(v.Elem())
		}
	case reflect.Map:
		for at := v.MapRange(); s.left >= 0 && at.Next(); {
			s.add(at.Key())
			s.add(at.Value())
		}
	}
}

func (s *sizer) elements(v reflect.Value) {
	for i := 0; i < v.Len() && s.left >= 0; i++ {
		s.left--
		s.refers(v.Index(i))
	}
}

// flat reports whether values of t refer to nothing.
func flat(t reflect.Type) bool { return t.Kind() <= reflect.Complex128 }

// SecretArgument returns the name of an argument that is secret, "" if none is.
func (in *Inputs) SecretArgument(args reflect.Type) string {
	first := 0
	if args.Kind() == reflect.Struct {
		first = max(len(in.list)-args.NumField(), 0)
	} else {
		first = max(len(in.list)-1, 0)
	}
	for _, one := range in.list[first:] {
		if one.secret {
			return one.name
		}
	}
	return ""
}
