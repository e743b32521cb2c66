package differential

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
)

const (
	kept      = 1 << 10 // bytes from which on sizes are compared
	tolerance = 25      // percent
	weighed   = 1 << 16 // bytes that are on the heap when it is looked at, about
)

// Sized are the runners of a package of works that return structs of more than one result.
type Sized struct {
	Name    string
	World   *World
	Runners []any
}

// Size compares what sizers say of results with what copies of them take on the heap, for n
// values of each type that is a result. It ends the program with status 1 when one of them
// is far off.
func Size(packages []Sized, n int) {
	debug.SetGCPercent(-1)
	failed := false
	for _, p := range packages {
		s := &sizing{World: p.World}
		for _, runner := range p.Runners {
			s.runner(runner, n)
		}
		fmt.Printf("%s: %d values, %d of them of 1 KB and more: %+d%% (%s) to %+d%% (%s)\n", p.Name, s.all, s.compared, s.least, s.low, s.most, s.high)
		failed = failed || -s.least > tolerance || s.most > tolerance
	}
	if failed {
		os.Exit(1)
	}
}

// runner compares n values of each type that the calls of a runner return.
func (s *sizing) runner(runner any, n int) {
	spec := reflect.ValueOf(runner).Elem().FieldByName("calls").Elem().FieldByName("spec")
	s.size, s.clone = function(spec.FieldByName("Size")), function(spec.FieldByName("CloneResult"))
	for i := range s.size.Type().In(0).NumField() {
		for seed := range uint64(n) {
			s.value(i, seed)
		}
	}
}

// function is a function that a field which is not exported has.
func function(field reflect.Value) reflect.Value {
	return reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Elem()
}

// sizing is the state of the comparisons of a package.
type sizing struct {
	*World
	size, clone   reflect.Value
	all, compared int
	least, most   int // percent
	low, high     string
}

// value compares the sizes of one value of the type of a field.
func (s *sizing) value(field int, seed uint64) {
	said := int(s.size.Call([]reflect.Value{s.result(field, seed)})[0].Int())
	held := reflect.MakeSlice(reflect.SliceOf(s.size.Type().In(0)), 8+weighed/(said+256), 8+weighed/(said+256))
	before := heap()
	for i := range held.Len() {
		held.Index(i).Set(s.result(field, seed))
	}
	took := (heap() - before) / held.Len()
	runtime.KeepAlive(held)
	s.all++
	if took < kept && said < kept {
		return
	}
	s.compared++
	off := (said - took) * 100 / max(took, 1)
	what := fmt.Sprintf("%v, seed %d: %d, took %d", held.Type().Elem().Field(field).Type, seed, said, took)
	if off < -tolerance || off > tolerance {
		fmt.Println(what)
	}
	if off < s.least {
		s.least, s.low = off, what
	}
	if off > s.most {
		s.most, s.high = off, what
	}
}

// result is a copy of a result, of which only one field refers to anything.
func (s *sizing) result(field int, seed uint64) reflect.Value {
	b := &builder{
		world: s.World, rand: rand.New(rand.NewPCG(seed, 4)), made: map[reflect.Type][]reflect.Value{},
		left: 500, sized: true,
	}
	v := reflect.New(s.size.Type().In(0)).Elem()
	b.fill(v.Field(field), 0)
	if s.clone.IsNil() {
		return v
	}
	return s.clone.Call([]reflect.Value{v})[0]
}

// loops reports whether values of type t may contain themselves. Of others, which share
// something in many places, copies may be larger than the memory.
func (w *World) loops(t reflect.Type) bool {
	known, ok := w.looping[t]
	if !ok {
		if w.looping == nil {
			w.looping = map[reflect.Type]bool{}
		}
		known = w.leads(t, t, func(reflect.Type) bool { return false })
		w.looping[t] = known
	}
	return known
}

// heap returns how many bytes there are on the heap that something refers to.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
