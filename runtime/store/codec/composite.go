package codec

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// enter notes that something is one level deeper; leave undoes it.
func (e *encoder) enter() error {
	if e.depth++; e.depth > maxDepth {
		return errDepth
	}
	return nil
}

// enterRef is enter for a pointer or map.
func (e *encoder) enterRef(v reflect.Value) error {
	if err := e.sharing.enters(v.UnsafePointer(), 0); err != nil {
		return err
	}
	return e.enter()
}

func (e *encoder) leave() { e.depth-- }

func (d *decoder) enter() error {
	if d.deep++; d.deep > maxDepth {
		return errDepth
	}
	return nil
}

func (d *decoder) leave() { d.deep-- }

func (b builder) slice(t reflect.Type) (*plan, error) {
	if t.Elem().Kind() == reflect.Uint8 {
		return bytesPlan, nil
	}
	if tag, ok := typedArrays[t.Elem().Kind()]; ok {
		return typedSlice(t, tag), nil
	}
	elem, err := b.plan(t.Elem())
	if err != nil {
		return nil, within("[]", err)
	}
	return &plan{
		encode: func(e *encoder, v reflect.Value) error {
			if v.IsNil() {
				e.buf = append(e.buf, simpleNull)
				return e.spill()
			}
			if err := e.sharing.enters(v.UnsafePointer(), v.Len()); err != nil {
				return err
			}
			return e.elements(v, elem)
		},
		decode: func(d *decoder, v reflect.Value) error {
			if null, err := d.null(); null || err != nil {
				return err
			}
			n, err := d.length(majorArray)
			if err != nil {
				return err
			}
			return d.slice(v, n, elem)
		},
	}, nil
}

// elements writes a slice or array that is not nil.
func (e *encoder) elements(v reflect.Value, elem *plan) error {
	if err := e.enter(); err != nil {
		return err
	}
	defer e.leave()
	e.head(majorArray, uint64(v.Len()))
	for i := range v.Len() {
		if err := elem.encode(e, v.Index(i)); err != nil {
			return err
		}
	}
	return e.spill()
}

// slice reads n elements. Memory is asked for as they come, so that a length that
// is a lie does not cost more than a small multiple of what is there to be read.
func (d *decoder) slice(v reflect.Value, n int, elem *plan) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	size := int64(max(v.Type().Elem().Size(), 1))
	room := int(min(int64(n), max(4*d.left/size, 16)))
	v.Set(reflect.MakeSlice(v.Type(), room, room))
	for i := range n {
		if i == v.Len() {
			v.Grow(1)
			v.SetLen(min(v.Cap(), n))
		}
		if err := elem.decode(d, v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (b builder) array(t reflect.Type) (*plan, error) {
	if t.Elem().Kind() == reflect.Uint8 {
		return byteArrayPlan, nil
	}
	elem, err := b.plan(t.Elem())
	if err != nil {
		return nil, within("[]", err)
	}
	return &plan{
		encode: func(e *encoder, v reflect.Value) error { return e.elements(v, elem) },
		decode: func(d *decoder, v reflect.Value) error {
			if err := d.enter(); err != nil {
				return err
			}
			defer d.leave()
			if err := d.exactly(majorArray, uint64(v.Len())); err != nil {
				return err
			}
			for i := range v.Len() {
				if err := elem.decode(d, v.Index(i)); err != nil {
					return err
				}
			}
			return nil
		},
	}, nil
}

func (b builder) pointer(t reflect.Type) (*plan, error) {
	elem, err := b.plan(t.Elem())
	if err != nil {
		return nil, err
	}
	wrapped := nillable(t.Elem())
	return &plan{
		encode: func(e *encoder, v reflect.Value) error {
			if v.IsNil() {
				e.buf = append(e.buf, simpleNull)
				return e.spill()
			}
			if err := e.enterRef(v); err != nil {
				return err
			}
			defer e.leave()
			if wrapped {
				e.head(majorArray, 1)
			}
			return elem.encode(e, v.Elem())
		},
		decode: func(d *decoder, v reflect.Value) error {
			if null, err := d.null(); null || err != nil {
				return err
			}
			if err := d.enter(); err != nil {
				return err
			}
			defer d.leave()
			if wrapped {
				if err := d.exactly(majorArray, 1); err != nil {
					return err
				}
			}
			v.Set(reflect.New(t.Elem()))
			return elem.decode(d, v.Elem())
		},
	}, nil
}

func (b builder) mapping(t reflect.Type) (*plan, error) {
	if b.byAddress(t.Key(), nil) {
		return nil, refuse("", byAddress)
	}
	k, err := b.plan(t.Key())
	if err != nil {
		return nil, within("[key]", err)
	}
	elem, err := b.plan(t.Elem())
	if err != nil {
		return nil, within("[]", err)
	}
	return &plan{
		encode: func(e *encoder, v reflect.Value) error {
			if v.IsNil() {
				e.buf = append(e.buf, simpleNull)
				return e.spill()
			}
			return e.mapping(v, k, elem)
		},
		decode: func(d *decoder, v reflect.Value) error {
			if null, err := d.null(); null || err != nil {
				return err
			}
			return d.mapping(v, k, elem)
		},
	}, nil
}

// pair is an entry of a map whose key is encoded.
type pair struct {
	key   []byte
	value reflect.Value
}

// mapping writes a map that is not nil. Entries whose keys are equal NaNs come in
// the order of their encoded values, so that the bytes do not depend on chance.
func (e *encoder) mapping(v reflect.Value, k, elem *plan) error {
	if err := e.enterRef(v); err != nil {
		return err
	}
	defer e.leave()
	pairs := make([]pair, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		sub := encoder{depth: e.depth, sharing: e.sharing}
		if err := k.encode(&sub, it.Key()); err != nil {
			return err
		}
		pairs = append(pairs, pair{sub.buf, it.Value()})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return bytes.Compare(a.key, b.key) })
	if err := e.orderTwins(pairs, elem); err != nil {
		return err
	}
	e.head(majorMap, uint64(len(pairs)))
	for _, p := range pairs {
		e.buf = append(e.buf, p.key...)
		if err := elem.encode(e, p.value); err != nil {
			return err
		}
	}
	return e.spill()
}

// orderTwins orders runs of pairs with equal keys by their values.
func (e *encoder) orderTwins(pairs []pair, elem *plan) error {
	for i := 0; i < len(pairs); {
		j := i + 1
		for j < len(pairs) && bytes.Equal(pairs[i].key, pairs[j].key) {
			j++
		}
		if j-i > 1 {
			values := make([]pair, 0, j-i)
			for _, p := range pairs[i:j] {
				sub := encoder{depth: e.depth, sharing: e.sharing}
				if err := elem.encode(&sub, p.value); err != nil {
					return err
				}
				values = append(values, pair{sub.buf, p.value})
			}
			slices.SortFunc(values, func(a, b pair) int { return bytes.Compare(a.key, b.key) })
			for n, p := range values {
				pairs[i+n].value = p.value
			}
		}
		i = j
	}
	return nil
}

func (d *decoder) mapping(v reflect.Value, k, elem *plan) error {
	if err := d.enter(); err != nil {
		return err
	}
	defer d.leave()
	n, err := d.length(majorMap)
	if err != nil {
		return err
	}
	t := v.Type()
	v.Set(reflect.MakeMapWithSize(t, min(n, 1<<16)))
	for range n {
		x, y := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		if err := k.decode(d, x); err != nil {
			return err
		}
		if err := elem.decode(d, y); err != nil {
			return err
		}
		before := v.Len()
		v.SetMapIndex(x, y)
		if v.Len() == before {
			return errors.New("has a map with a key twice")
		}
	}
	return nil
}

func structPlan(fields []field) *plan {
	return &plan{
		encode: func(e *encoder, v reflect.Value) error {
			if err := e.enter(); err != nil {
				return err
			}
			defer e.leave()
			e.head(majorMap, uint64(len(fields)))
			for _, f := range fields {
				e.buf = append(e.buf, f.name...)
				if err := f.plan.encode(e, v.Field(f.index)); err != nil {
					return inField(f.text, err, e.depth)
				}
			}
			return e.spill()
		},
		decode: func(d *decoder, v reflect.Value) error {
			if err := d.enter(); err != nil {
				return err
			}
			defer d.leave()
			if err := d.exactly(majorMap, uint64(len(fields))); err != nil {
				return err
			}
			for _, f := range fields {
				name, err := d.take(len(f.name))
				if err != nil {
					return err
				}
				if !bytes.Equal(name, f.name) {
					return errors.New("has no field " + f.text + " where it belongs")
				}
				if err := f.plan.decode(d, v.Field(f.index)); err != nil {
					return inField(f.text, err, d.deep)
				}
			}
			return nil
		},
	}
}

// inField says where an error is, but for the fields far down: of what is nested
// without end the way to it is no help, and long.
func inField(name string, err error, depth int) error {
	if depth > 10 {
		return err
	}
	return fmt.Errorf("field %s: %w", name, err)
}
