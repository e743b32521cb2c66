package differential

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"
)

// builder makes random values. The same seed gives the same value, in other
// memory.
type builder struct {
	world *World
	rand  *rand.Rand
	left  int                              // how many more things to make
	sized bool                             // make more, and nothing that sizers cannot see
	made  map[reflect.Type][]reflect.Value // pointers, slices and maps, to be used again
}

// build returns a value of type t.
func (w *World) build(t reflect.Type, seed uint64) reflect.Value {
	b := &builder{world: w, rand: rand.New(rand.NewPCG(seed, 1)), left: 250, made: map[reflect.Type][]reflect.Value{}}
	v := reflect.New(t).Elem()
	b.fill(v, 0)
	return v
}

// zones are where times are.
var zones = []*time.Location{time.UTC, time.FixedZone("X", 3600), time.FixedZone("", -60)}

// numbers are those at which something might go wrong.
var numbers = []uint64{0, 1, 2, 0x7f, 0x80, 0xff, 1 << 15, 1 << 31, 1 << 63, math.MaxUint64}

func (b *builder) fill(v reflect.Value, depth int) {
	t := v.Type()
	switch {
	case isTime(t):
		at := time.Unix(b.rand.Int64N(1<<34), b.rand.Int64N(1e9))
		v.Set(reflect.ValueOf(at.In(zones[b.rand.IntN(3)])).Convert(t))
		return
	case v.CanInt():
		v.SetInt(int64(numbers[b.rand.IntN(len(numbers))]))
		return
	case v.CanUint():
		v.SetUint(numbers[b.rand.IntN(len(numbers))])
		return
	}
	switch t.Kind() {
	case reflect.Bool:
		v.SetBool(b.rand.IntN(2) == 0)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(b.float())
	case reflect.Complex64, reflect.Complex128:
		v.SetComplex(complex(b.float(), b.float()))
	case reflect.String:
		v.SetString(strings.Repeat("ab\x00", b.rand.IntN(3)) + strings.Repeat("x", b.rand.IntN(2)*b.rand.IntN(400)))
	case reflect.Struct:
		if isOpaque(t) {
			opaque(v).Set(b.rand.Uint32N(3), strings.Repeat("\x00é", b.hidden()))
			return
		}
		if b.world.Runners[t].IsValid() {
			b.runner(v, depth)
			return
		}
		for f := range fields(t, !b.sized) {
			b.fill(v.FieldByIndex(f.Index), depth+1)
		}
	case reflect.Array:
		for i := range v.Len() {
			b.fill(v.Index(i), depth+1)
		}
	case reflect.Interface:
		list := b.world.implementers(t)
		if len(list) == 0 || b.spent(depth) {
			return
		}
		x := reflect.New(list[b.rand.IntN(len(list))]).Elem()
		b.fill(x, depth+1)
		v.Set(x)
	default:
		b.reference(v, depth)
	}
}

// elements is how many a slice or map gets.
func (b *builder) elements() int {
	if b.sized {
		return b.rand.IntN(30)
	}
	return b.rand.IntN(4)
}

// hidden is how long a text is that others cannot see.
func (b *builder) hidden() int {
	if b.sized {
		return 0
	}
	return b.rand.IntN(3)
}

func (b *builder) float() float64 {
	return []float64{0, math.Copysign(0, -1), 1, math.NaN(), math.Inf(1), 0.1}[b.rand.IntN(6)]
}

// spent reports whether nothing more is to be made here.
func (b *builder) spent(depth int) bool {
	b.left--
	return b.left < 0 || depth > 12 || b.rand.IntN(5) == 0
}

// runner makes a runner of a random work, or leaves one as it is, which most often
// was never made.
func (b *builder) runner(v reflect.Value, depth int) {
	if b.spent(depth) {
		return
	}
	work := reflect.New(b.world.Runners[v.Type()].Type().In(0).Elem())
	b.fill(work.Elem(), depth+1)
	b.wrap(v, work)
}

// wrap sets v to a new runner of work with random options.
func (b *builder) wrap(v, work reflect.Value) {
	chosen := b.rand.IntN(len(options))
	b.world.options[work.Interface()] = chosen
	v.Set(b.world.Runners[v.Type()].CallSlice([]reflect.Value{work, reflect.ValueOf(options[chosen])})[0].Elem())
}

// reference makes a pointer, slice or map, or takes one that there is.
func (b *builder) reference(v reflect.Value, depth int) {
	t := v.Type()
	if b.spent(depth) {
		return
	}
	if made := b.made[t]; len(made) > 0 && b.rand.IntN(4) == 0 && (!b.sized || b.world.loops(t)) {
		v.Set(made[b.rand.IntN(len(made))])
		return
	}
	n := b.elements()
	switch t.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(t.Elem()).Convert(t))
		b.made[t] = append(b.made[t], v)
		b.fill(v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(t, n, n+1))
		made := reflect.New(t).Elem() // v itself may change
		made.Set(v)
		b.made[t] = append(b.made[t], made)
		for i := range n {
			b.fill(made.Index(i), depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		made := reflect.New(t).Elem()
		made.Set(v)
		b.made[t] = append(b.made[t], made)
		for range n {
			key, elem := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			b.fill(key, depth+1)
			b.fill(elem, depth+1)
			if b.sized && made.MapIndex(key).IsValid() {
				continue // a map of eight entries grows when one of them is assigned to
			}
			made.SetMapIndex(key, elem)
		}
	}
}

// memory adds all that v refers to and that can be written to.
func memory(v reflect.Value, seen map[inside]bool) {
	add := func(n int) bool {
		in := inside{v.Type(), v.Pointer(), n}
		if seen[in] {
			return false
		}
		seen[in] = true
		return true
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && add(-1) {
			memory(v.Elem(), seen)
		}
	case reflect.Slice:
		if v.Len() > 0 && add(v.Len()) {
			for i := range v.Len() {
				memory(v.Index(i), seen)
			}
		}
	case reflect.Map:
		if !v.IsNil() && add(-2) {
			for it := v.MapRange(); it.Next(); {
				memory(it.Key(), seen)
				memory(it.Value(), seen)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			memory(v.Index(i), seen)
		}
	case reflect.Interface:
		if !v.IsNil() {
			memory(v.Elem(), seen)
		}
	case reflect.Struct:
		if isTime(v.Type()) {
			return
		}
		for f := range fields(v.Type(), false) {
			memory(v.FieldByIndex(f.Index), seen)
		}
	}
}

// writable reports whether there is anything to write to at a place: not where
// there is a value without size.
func writable(in inside) bool {
	return in.typ.Kind() == reflect.Map || in.typ.Elem().Size() > 0
}
