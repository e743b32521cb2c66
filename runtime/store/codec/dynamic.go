package codec

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/workgen/workgen/runtime/store/kind"
)

// dynamic is the plan of an interface: which of its types a value has, and the value.
func (b builder) dynamic(k kind.Kind) (*plan, error) {
	type impl struct {
		name string
		typ  reflect.Type
		plan *plan
	}
	byType, byName := map[reflect.Type]impl{}, map[string]impl{}
	for _, i := range k.Impls {
		p, err := b.plan(i.Type)
		if err != nil {
			return nil, within(".("+i.Type.String()+")", err)
		}
		x := impl{i.Name, i.Type, p}
		byType[i.Type], byName[i.Name] = x, x
	}
	return &plan{
		encode: func(e *encoder, v reflect.Value) error {
			if v.IsNil() {
				e.buf = append(e.buf, simpleNull)
				return e.spill()
			}
			i, ok := byType[v.Elem().Type()]
			if !ok {
				return fmt.Errorf("has a %s in the interface %s, which is not among the types that it can have", v.Elem().Type(), k.Type)
			}
			if err := e.enter(); err != nil {
				return err
			}
			defer e.leave()
			e.head(majorArray, 2)
			e.text(i.name)
			return i.plan.encode(e, v.Elem())
		},
		decode: func(d *decoder, v reflect.Value) error {
			if null, err := d.null(); null || err != nil {
				return err
			}
			if err := d.enter(); err != nil {
				return err
			}
			defer d.leave()
			if err := d.exactly(majorArray, 2); err != nil {
				return err
			}
			name, err := d.string()
			if err != nil {
				return err
			}
			i, ok := byName[name]
			if !ok {
				return errors.New("has a type that the interface " + k.Type.String() + " cannot have")
			}
			x := reflect.New(i.typ).Elem()
			if err := i.plan.decode(d, x); err != nil {
				return err
			}
			v.Set(x)
			return nil
		},
	}, nil
}

// handle is the plan of a unique.Handle: an array of what it refers to, which is empty
// for the zero handle.
func (b builder) handle(k kind.Kind) (*plan, error) {
	elem, err := b.plan(k.Elem)
	if err != nil {
		return nil, within(".Value()", err)
	}
	if b.byAddress(k.Elem, nil) {
		return nil, refuse("", byIdentity)
	}
	return &plan{
		encode: func(e *encoder, v reflect.Value) error {
			x := k.Value(v.Interface())
			if x == nil {
				e.head(majorArray, 0)
				return e.spill()
			}
			e.head(majorArray, 1)
			return elem.encode(e, reflect.ValueOf(x).Elem())
		},
		decode: func(d *decoder, v reflect.Value) error {
			n, err := d.expect(majorArray)
			if n == 0 || err != nil {
				return err
			}
			if n > 1 {
				return errors.New("has several values for a handle")
			}
			x := reflect.New(k.Elem)
			if err := elem.decode(d, x.Elem()); err != nil {
				return err
			}
			v.Set(reflect.ValueOf(k.Make(x.Interface())))
			return nil
		},
	}, nil
}

// byAddress reports whether the operator == looks at addresses in values of a type,
// such as that of the location of a time, or at what only methods know.
func (b builder) byAddress(t reflect.Type, inside []reflect.Type) bool {
	for _, outer := range inside {
		if t == outer {
			return false
		}
	}
	inside = append(inside, t)
	if k, ok := b.kinds[t]; ok {
		for _, impl := range k.Impls {
			if b.byAddress(impl.Type, inside) {
				return true
			}
		}
		return k.Marshal != nil
	}
	if base := baseOf(t); base != nil {
		t = base
	}
	if _, ok := known[t]; ok {
		return !comparable[t]
	}
	switch t.Kind() {
	case reflect.Pointer:
		return true
	case reflect.Array:
		return t.Len() > 0 && b.byAddress(t.Elem(), inside)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.Name != "_" && b.byAddress(f.Type, inside) {
				return true
			}
		}
	}
	return false
}
