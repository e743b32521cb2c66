// Package arguments is what is said of the inputs of calls, to stores and to people, in which
// secret ones do not show. Generated code passes the arguments as structs. It uses
// reflection, which is of no matter here: somebody wants to see them.
package arguments

import (
	"reflect"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/internal/hidden"
	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/preview"
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

// longest bounds the text of one argument, in bytes.
const longest = 200

// Text is the text of an argument, cut if it is long. What is secret is taken out before it
// is cut, for a half of it would not be found.
func Text(v any) string {
	if !redact.Any() {
		return preview.Text(v, longest)
	}
	return preview.Cut(redact.Text(preview.Text(v, 20*longest)), longest)
}

// Summary shows what args points to in one line. Somebody may be writing to it: what is
// more than text and numbers is left out.
func Summary(args any) string {
	v := reflect.ValueOf(args).Elem()
	if v.Kind() != reflect.Struct {
		return summary(v)
	}
	var parts []string
	for i := range v.NumField() {
		field := v.Type().Field(i)
		switch {
		case !field.IsExported():
		case hidden.Secret(field):
			parts = append(parts, field.Name+"="+redact.Mark)
		default:
			parts = append(parts, field.Name+"="+summary(v.Field(i)))
		}
	}
	return strings.Join(parts, " ")
}

func summary(v reflect.Value) string {
	if !plain(v.Type()) {
		return "…"
	}
	return Text(v.Interface())
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
