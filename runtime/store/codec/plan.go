package codec

import (
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/workgen/workgen/runtime/store/kind"
)

// plan is how values of one type are written and read.
type plan struct {
	encode func(e *encoder, v reflect.Value) error
	decode func(d *decoder, v reflect.Value) error // v is settable and zero
}

// refusal says why values of a type would not come back equal, and of which part of a
// result.
type refusal struct{ path, reason string }

func (r *refusal) Error() string { return "result" + r.path + ": " + r.reason }

func refuse(path, reason string) error { return &refusal{path, reason} }

// within adds the way to the type that err is about.
func within(step string, err error) error {
	if r, ok := err.(*refusal); ok {
		return &refusal{step + r.path, r.reason}
	}
	return err
}

// Why values are not stored. The generator says the same where it can see it.
const (
	noValue    = "%s has no value"
	isAddress  = "%s is an address and has no value"
	isOpen     = "an interface can hold a value of any type"
	isLocked   = "a lock is not stored"
	isHidden   = "a field that is not exported would not come back"
	isIgnored  = "a field tagged `workgen:\"-\"` would not come back"
	byAddress  = "the keys of a map are found by addresses in them, which do not come back"
	byIdentity = "what a unique.Handle refers to is found by addresses in it, which do not come back"
)

// planOf returns the plan of a type, or a refusal.
func planOf(t reflect.Type, kinds []kind.Kind) (*plan, error) {
	b := builder{plans: map[reflect.Type]*plan{}, kinds: map[reflect.Type]kind.Kind{}}
	for _, k := range kinds {
		if other, ok := b.kinds[k.Type]; ok {
			// Two places of an interface, each with a list of its own.
			k.Impls = append(slices.Clone(other.Impls), k.Impls...)
		}
		b.kinds[k.Type] = k
	}
	return b.plan(t)
}

// builder makes the plans of a type and of all that it consists of.
type builder struct {
	// plans has an entry for each type that was met. A type that refers to itself
	// finds its own plan, still empty, in it.
	plans map[reflect.Type]*plan
	kinds map[reflect.Type]kind.Kind
}

func (b builder) plan(t reflect.Type) (*plan, error) {
	if p, ok := b.plans[t]; ok {
		return p, nil
	}
	p := &plan{}
	b.plans[t] = p
	made, err := b.make(t)
	if err != nil {
		return nil, err
	}
	*p = *made
	return p, nil
}

// make makes the plan of a type: as the generator says, as is known of it, or by its
// kind.
func (b builder) make(t reflect.Type) (*plan, error) {
	if k, ok := b.kinds[t]; ok {
		switch {
		case k.Marshal != nil:
			return marshalPlan(k), nil
		case k.Make != nil:
			return b.handle(k)
		}
		return b.dynamic(k)
	}
	if p, ok := known[t]; ok {
		return p, nil
	}
	if isLock(t) {
		return nil, refuse("", isLocked)
	}
	if base := baseOf(t); base != nil {
		return convertedPlan(base), nil
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
	case reflect.Chan:
		return nil, refuse("", fmt.Sprintf(noValue, "a channel"))
	case reflect.Func:
		return nil, refuse("", fmt.Sprintf(noValue, "a function"))
	case reflect.Uintptr:
		return nil, refuse("", fmt.Sprintf(isAddress, "a uintptr"))
	case reflect.UnsafePointer:
		return nil, refuse("", fmt.Sprintf(isAddress, "an unsafe.Pointer"))
	}
	return nil, refuse("", isOpen)
}

// nillable tells whether null is among the encodings of a type.
func nillable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return true
	}
	return false
}

var locker = reflect.TypeFor[sync.Locker]()

// isLock reports whether pointers to a type, and not the type itself, have the methods
// Lock and Unlock.
func isLock(t reflect.Type) bool {
	return t.Name() != "" && t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(locker) && !t.Implements(locker)
}

// holdsLock reports whether a copy of a value of a type has a copy of a lock.
func holdsLock(t reflect.Type) bool {
	if isLock(t) {
		return true
	}
	switch t.Kind() {
	case reflect.Array:
		return holdsLock(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if holdsLock(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
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
		p, err := b.field(f)
		if err != nil {
			return nil, within("."+f.Name, err)
		}
		if p == nil {
			continue
		}
		e := encoder{}
		e.text(f.Name)
		fields = append(fields, field{name: e.buf, index: i, plan: p, text: f.Name})
	}
	slices.SortFunc(fields, func(a, b field) int { return slices.Compare(a.name, b.name) })
	return structPlan(fields), nil
}

// embeds reports whether a field is an embedded struct that is walked: if only the name
// of its type is not exported, its fields can be read and set all the same.
func (b builder) embeds(f reflect.StructField) bool {
	_, told := b.kinds[f.Type]
	return f.Anonymous && f.Type.Kind() == reflect.Struct && !told && known[f.Type] == nil && baseOf(f.Type) == nil
}

// field returns the plan of a field, nil for one that holds nothing: it is blank, or
// takes no memory and cannot be reached.
func (b builder) field(f reflect.StructField) (*plan, error) {
	nothing := f.Name == "_" || !f.IsExported() && f.Type.Size() == 0
	switch {
	case nothing && holdsLock(f.Type):
		return nil, refuse("", isLocked)
	case nothing:
		return nil, nil
	case f.Tag.Get("workgen") == "-":
		return nil, refuse("", isIgnored)
	case !f.IsExported() && !b.embeds(f):
		return nil, refuse("", isHidden)
	}
	return b.plan(f.Type)
}
