package differential

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
)

// changes is how often the fields of each work that holds runners are changed.
const changes = 4

// options are those that inner runners are made with. Each counts in keys.
var options = [][]runtime.Option{nil, {runtime.TTL(time.Hour)}, {runtime.CacheCalls(false)}, {runtime.Retry(runtime.RetryPolicy{Attempts: 2})}}

// Hold makes n runners of each work whose keyed fields hold runners, given the
// functions that make them. Two calls must have one key exactly when the reference
// encodes the fields of both works, inner ones included, the same. Then it changes
// fields anywhere inside: a call must execute unless one with equal fields did.
func Hold(w *World, makers []reflect.Value, n int) {
	w.options = map[any]int{}
	failed := false
	for _, maker := range makers {
		c := &holding{World: w, maker: maker, keys: map[string]key.Key{}, seen: map[key.Key]string{}}
		for seed := range uint64(n) {
			if err := c.value(seed); err != nil {
				fmt.Printf("%v, seed %d: %v\n", maker.Type().Out(0), seed, err)
				failed = true
				break
			}
		}
		fmt.Printf("%v: %d values, %d changes, %d of all too large, %d distinct\n", maker.Type().Out(0), n, c.changed, c.large, len(c.seen))
	}
	if failed {
		os.Exit(1)
	}
}

// holding is the state of the checks of one work that holds runners.
type holding struct {
	*World
	maker          reflect.Value
	keys           map[string]key.Key // by encoding
	seen           map[key.Key]string
	changed, large int
}

// runner is what generated runners of these works have in common.
type runner interface {
	Run(ctx context.Context, n int) (int, error)
	Key(n int) key.Key
	Stats() runtime.Stats
}

// value checks two equal runners, and changes the fields of one.
func (c *holding) value(seed uint64) error {
	work := c.build(c.maker.Type().In(0).Elem(), seed)
	made := c.maker.Call([]reflect.Value{work.Addr()})[0].Interface().(runner)
	again := c.build(work.Type(), seed)
	if other := c.maker.Call([]reflect.Value{again.Addr()})[0].Interface().(runner); made.Key(1) != other.Key(1) {
		return fmt.Errorf("equal runners have different keys")
	}
	b := &builder{world: c.World, rand: rand.New(rand.NewPCG(seed, 3)), made: map[reflect.Type][]reflect.Value{}}
	executed := map[string]bool{}
	for i := range 1 + changes {
		if i > 0 {
			b.left = 50
			b.change(work, 0)
			c.changed++
		}
		encoding, _, ok := c.Encode(work, false)
		if !ok {
			c.large++
			return nil
		}
		executed[string(encoding)] = true
		if err := c.call(made, string(encoding), len(executed)); err != nil {
			return err
		}
	}
	return nil
}

// call compares the key of a call with all others, and how many have executed with
// how many should have.
func (c *holding) call(r runner, encoding string, executions int) error {
	k := r.Key(1)
	if other, ok := c.seen[k]; ok && other != encoding {
		return fmt.Errorf("two works have one key: %x and %x", other, encoding)
	}
	if other, ok := c.keys[encoding]; ok && other != k {
		return fmt.Errorf("equal works have different keys: %x", encoding)
	}
	c.seen[k], c.keys[encoding] = encoding, k
	if got, err := r.Run(context.Background(), 1); got != 1 || err != nil {
		return fmt.Errorf("run: %d, %v", got, err)
	}
	if got := r.Stats().Executions; got != int64(executions) {
		return fmt.Errorf("%d executions, want %d: %x", got, executions, encoding)
	}
	return nil
}

// change fills a place inside v anew, in a runner one in its work, or makes a runner
// of an equal work anew, most often with other options.
func (b *builder) change(v reflect.Value, depth int) {
	if v.Kind() == reflect.Interface && v.Elem().Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if b.world.Runners[v.Type()].IsValid() && !held(v).IsNil() && b.rand.IntN(4) == 0 {
		work := reflect.New(held(v).Type().Elem())
		work.Elem().Set(held(v).Elem())
		b.wrap(v, work)
		return
	}
	if inner := b.inside(v); len(inner) > 0 && (!v.CanSet() || b.rand.IntN(8) > 0) {
		b.change(inner[b.rand.IntN(len(inner))], depth+1)
	} else if v.CanSet() {
		b.fill(v, depth)
	}
}

// inside lists the places that v is directly made of and that can be set.
func (b *builder) inside(v reflect.Value) (list []reflect.Value) {
	switch {
	case b.world.Runners[v.Type()].IsValid():
		if work := held(v); !work.IsNil() {
			list = append(list, work.Elem())
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		list = append(list, v.Elem())
	case v.Kind() == reflect.Struct && !isOpaque(v.Type()) && v.Type() != reflect.TypeFor[time.Time]():
		for f := range fields(v.Type(), true) {
			list = append(list, v.FieldByIndex(f.Index))
		}
	case v.Kind() == reflect.Slice, v.Kind() == reflect.Array:
		for i := range v.Len() {
			list = append(list, v.Index(i))
		}
	}
	return list
}

// held returns the work of a runner, or nil of one that was never made.
func held(v reflect.Value) reflect.Value {
	f := addressable(v).FieldByName("work")
	return reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
}
