package differential

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"reflect"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

// A Keeper is a work that returns its only argument, and whose results may be stored.
type Keeper struct {
	Name   string
	Args   reflect.Type
	Runner func(opts ...runtime.Option) any
	// Refused says that the generator has warned that a store cannot keep the results.
	Refused bool
}

// Keep makes n calls of each keeper with the store in a directory. In a second process
// nothing executes, and what comes back has to be equal to what was put there.
func Keep(w *World, keepers []Keeper, n int, dir string, second bool) {
	s, err := disk.Open("differential", disk.Options{Dir: dir, Relaxed: true})
	if err != nil {
		panic(err)
	}
	defer s.Close()
	failed := false
	for _, k := range keepers {
		c := &keeping{World: w, Keeper: k, second: second}
		if err := c.all(s, n); err != nil {
			fmt.Printf("%s: %v\n", k.Name, err)
			failed = true
		}
		fmt.Printf("%s: refused %v, %d kept, %d cyclic, %d too large\n", k.Name, k.Refused, c.kept, c.cycles, c.large)
	}
	if failed {
		os.Exit(1)
	}
}

// keeping is the state of the checks of one keeper.
type keeping struct {
	*World
	Keeper
	second              bool
	runner              reflect.Value
	kept, cycles, large int
}

func (c *keeping) all(s store.Store, n int) error {
	if refusal := c.open(s); (refusal != "") != c.Refused {
		return fmt.Errorf("the generator refuses: %v; the store: %q", c.Refused, refusal)
	}
	for seed := range uint64(n) {
		if c.Refused {
			break
		}
		if err := c.value(seed); err != nil {
			return fmt.Errorf("seed %d: %v", seed, err)
		}
	}
	return nil
}

// open makes the runner, or says why that panics.
func (c *keeping) open(s store.Store) (refusal string) {
	defer func() {
		if r := recover(); r != nil {
			refusal = fmt.Sprint(r)
		}
	}()
	c.runner = reflect.ValueOf(c.Runner(runtime.WithStore(s)))
	return ""
}

func (c *keeping) value(seed uint64) error {
	args := c.build(c.Args, seed)
	want, cyclic, ok := c.Encode(args, true)
	if !ok {
		c.large++
		return nil
	}
	if !c.second {
		out := c.runner.MethodByName("Run").Call([]reflect.Value{reflect.ValueOf(context.Background()), args.Field(0)})
		if err := out[1]; !err.IsNil() {
			return fmt.Errorf("run: %v", err)
		}
		return nil
	}
	out := c.runner.MethodByName("Lookup").Call([]reflect.Value{args.Field(0)})
	if cyclic {
		c.cycles++
		if out[1].Bool() {
			return fmt.Errorf("a value that contains itself was stored: %x", want)
		}
		return nil
	}
	if !out[1].Bool() {
		return fmt.Errorf("it was not stored: %x", want)
	}
	c.kept++
	result := reflect.New(c.Args).Elem()
	result.Field(0).Set(out[0])
	if got, _, _ := c.Encode(result, true); !bytes.Equal(got, want) {
		return fmt.Errorf("what comes back is not equal: %x, want %x", got, want)
	}
	return nil
}
