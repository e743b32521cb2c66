package codec

import (
	"encoding"
	"fmt"
	"math/big"
	"net/url"
	"reflect"
	"slices"
	"sync"
	"time"
)

// plan is how values of one type are written and read.
type plan struct {
	encode func(e *encoder, v reflect.Value) error
	decode func(d *decoder, v reflect.Value) error // v is settable and zero
}

// plans has the plans of all types that were asked for, by reflect.Type. Those in
// it are complete and never change.
var plans sync.Map

// planOf returns the plan of a type, or why there can be none.
func planOf(t reflect.Type) (*plan, error) {
	if p, ok := plans.Load(t); ok {
		return p.(*plan), nil
	}
	b := builder{}
	p, err := b.plan(t)
	if err != nil {
		return nil, err
	}
	for t, p := range b {
		plans.LoadOrStore(t, p)
	}
	return p, nil
}

// builder makes the plans of a type and of all that it consists of. A type that
// refers to itself finds its own plan, still empty, in it.
type builder map[reflect.Type]*plan

var (
	timeType     = reflect.TypeFor[time.Time]()
	intType      = reflect.TypeFor[big.Int]()
	floatType    = reflect.TypeFor[big.Float]()
	userinfoType = reflect.TypeFor[url.Userinfo]()

	binaryMarshaler   = reflect.TypeFor[encoding.BinaryMarshaler]()
	binaryUnmarshaler = reflect.TypeFor[encoding.BinaryUnmarshaler]()
	textMarshaler     = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler   = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (b builder) plan(t reflect.Type) (*plan, error) {
	if p, ok := plans.Load(t); ok {
		return p.(*plan), nil
	}
	if p, ok := b[t]; ok {
		return p, nil
	}
	p := &plan{}
	b[t] = p
	made, err := b.make(t)
	if err != nil {
		return nil, err
	}
	*p = *made
	return p, nil
}

// make makes the plan of a type by its kind.
func (b builder) make(t reflect.Type) (*plan, error) {
	switch t {
	case timeType:
		return timePlan, nil
	case intType:
		return bigIntPlan, nil
	case floatType:
		return bigFloatPlan, nil
	case userinfoType:
		return userinfoPlan, nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return boolPlan, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intPlan, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return uintPlan, nil
	case reflect.Float32:
		return float32Plan, nil
	case reflect.Float64:
		return float64Plan, nil
	case reflect.Complex64, reflect.Complex128:
		return complexPlan(t), nil
	case reflect.String:
		return stringPlan, nil
	case reflect.Slice:
		return b.slice(t)
	case reflect.Array:
		return b.array(t)
	case reflect.Pointer:
		return b.pointer(t)
	case reflect.Map:
		return b.mapping(t)
	case reflect.Struct:
		return b.structure(t)
	}
	return nil, fmt.Errorf("a %s (%s) cannot be stored", t.Kind(), t)
}

// nillable tells whether null is among the encodings of a type.
func nillable(t reflect.Type) bool {
	k := t.Kind()
	return k == reflect.Pointer || k == reflect.Slice || k == reflect.Map
}

// field is one of a struct's.
type field struct {
	name  []byte // encoded
	index int
	plan  *plan
	text  string
}

func (b builder) structure(t reflect.Type) (*plan, error) {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" {
			continue
		}
		if f.Tag.Get("workgen") == "-" {
			return nil, fmt.Errorf("field %s of %s is tagged `workgen:\"-\"`, and is not stored", f.Name, t)
		}
		if !f.IsExported() {
			return marshalled(t, f.Name)
		}
		p, err := b.plan(f.Type)
		if err != nil {
			return nil, fmt.Errorf("field %s of %s: %w", f.Name, t, err)
		}
		e := encoder{}
		e.text(f.Name)
		fields = append(fields, field{name: e.buf, index: i, plan: p, text: f.Name})
	}
	slices.SortFunc(fields, func(a, b field) int { return slices.Compare(a.name, b.name) })
	return structPlan(fields), nil
}

// marshalled is the plan of a struct that has an unexported field.
func marshalled(t reflect.Type, name string) (*plan, error) {
	ptr := reflect.PointerTo(t)
	switch {
	case ptr.Implements(binaryMarshaler) && ptr.Implements(binaryUnmarshaler):
		return marshalPlan(
			func(v any) ([]byte, error) { return v.(encoding.BinaryMarshaler).MarshalBinary() },
			func(v any, b []byte) error { return v.(encoding.BinaryUnmarshaler).UnmarshalBinary(b) }), nil
	case ptr.Implements(textMarshaler) && ptr.Implements(textUnmarshaler):
		return marshalPlan(
			func(v any) ([]byte, error) { return v.(encoding.TextMarshaler).MarshalText() },
			func(v any, b []byte) error { return v.(encoding.TextUnmarshaler).UnmarshalText(b) }), nil
	}
	return nil, fmt.Errorf("%s has the unexported field %s, and no methods MarshalBinary and UnmarshalBinary, or MarshalText and UnmarshalText", t, name)
}
