// Package arguments shows the arguments of calls, which generated code passes as structs,
// to people. It uses reflection, which is of no matter here: somebody wants to see them.
package arguments

import (
	"reflect"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/internal/hidden"
	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/store"
)

// Fields lists the fields of what args points to, each as text makes it. What is no struct is
// one argument without a name.
func Fields(args any, text func(v any) string) []store.Arg {
	v := reflect.ValueOf(args).Elem()
	if v.Kind() != reflect.Struct {
		return []store.Arg{{Type: v.Type().String(), Text: text(v.Interface())}}
	}
	out := make([]store.Arg, 0, v.NumField())
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || hidden.Ignored(field) {
			continue
		}
		out = append(out, store.Arg{
			Name: field.Name, Type: field.Type.String(), Text: text(v.Field(i).Interface()),
		})
	}
	return out
}

// Summary shows what args points to in one line. Somebody may be writing to it: what is
// more than text and numbers is left out.
func Summary(args any, text func(v any) string) string {
	v := reflect.ValueOf(args).Elem()
	if v.Kind() != reflect.Struct {
		return summary(v, text)
	}
	var parts []string
	for i := range v.NumField() {
		field := v.Type().Field(i)
		switch {
		case !field.IsExported():
		case hidden.Secret(field):
			parts = append(parts, field.Name+"="+redact.Mark)
		default:
			parts = append(parts, field.Name+"="+summary(v.Field(i), text))
		}
	}
	return strings.Join(parts, " ")
}

func summary(v reflect.Value, text func(v any) string) string {
	if !plain(v.Type()) {
		return "…"
	}
	return text(v.Interface())
}

// plain reports whether nobody can write to what a value of t refers to.
func plain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); !hidden.Ignored(f) && !plain(f.Type) {
				return t == reflect.TypeFor[time.Time]()
			}
		}
		return true
	case reflect.Array:
		return plain(t.Elem())
	}
	return t.Kind() <= reflect.Complex128 && t.Kind() != reflect.Invalid || t.Kind() == reflect.String
}
