package check

import (
	"reflect"
	"unsafe"
)

// shared returns where y has memory that x has, too: "" when there is none.
func (b *Builder) shared(x, y any) string {
	type place struct {
		at  unsafe.Pointer
		typ reflect.Type
	}
	seen := map[place]bool{}
	b.visit("", reflect.ValueOf(x), func(_ string, t reflect.Type, p unsafe.Pointer) { seen[place{p, t}] = true })
	found := ""
	b.visit("", reflect.ValueOf(y), func(path string, t reflect.Type, p unsafe.Pointer) {
		if seen[place{p, t}] {
			found = path + " (" + t.String() + ")"
		}
	})
	return found
}

// visit calls see with every address that v refers to.
func (b *Builder) visit(path string, v reflect.Value, see func(path string, t reflect.Type, p unsafe.Pointer)) {
	if b.shares[v.Type()] {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || v.Type().Elem().PkgPath() == "google.golang.org/protobuf/internal/impl" {
			return // what describes a message's type is there once
		}
		if v.Type().Elem().Size() > 0 {
			see(path, v.Type(), v.UnsafePointer())
		}
		b.visit("*"+path, v.Elem(), see)
	case reflect.Interface:
		if !v.IsNil() {
			b.visit(path, v.Elem(), see)
		}
	case reflect.Slice:
		if v.Cap() > 0 {
			see(path, v.Type(), v.UnsafePointer())
		}
		for i := range v.Len() {
			b.visit(path+"[]", v.Index(i), see)
		}
	case reflect.Array:
		for i := range v.Len() {
			b.visit(path+"[]", v.Index(i), see)
		}
	case reflect.Map:
		if !v.IsNil() {
			see(path, v.Type(), v.UnsafePointer())
		}
		for it := v.MapRange(); it.Next(); {
			b.visit(path+"[]", it.Value(), see)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			b.visit(path+"."+v.Type().Field(i).Name, v.Field(i), see)
		}
	}
}
