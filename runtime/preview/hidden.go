package preview

import (
	"reflect"
	"sync"

	"github.com/workgen/workgen/runtime/internal/hidden"
)

// shownFields lists the fields of a struct that have a name.
func shownFields(t reflect.Type) (fields []reflect.StructField) {
	for i := range t.NumField() {
		if f := t.Field(i); f.Name != "_" {
			fields = append(fields, f)
		}
	}
	return fields
}

// hiding has what hides has found out, by type.
var hiding sync.Map

// hides reports whether a value of type t may lead to a hidden field. What is in an
// interface is not known from the type, so that it may.
func hides(t reflect.Type) bool {
	if known, ok := hiding.Load(t); ok {
		return known.(bool)
	}
	found := search(t, map[reflect.Type]bool{})
	hiding.Store(t, found)
	return found
}

// search looks into all types that values of type t can consist of, each once.
func search(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] || t == timeType {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Map:
		return search(t.Key(), seen) || search(t.Elem(), seen)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return search(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); hidden.Ignored(f) || hidden.Secret(f) || search(f.Type, seen) {
				return true
			}
		}
	}
	return false
}
