package differential

import (
	"bytes"
	"fmt"
	"os"
	"reflect"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/codec"
	"github.com/workgen/workgen/runtime/store/kind"
)

// Send writes n arguments of each work as they are sent to a worker, and reads them as that
// does. They have to be equal then, and have one key. What cannot be written the generator
// has to say of the type, but for values that contain themselves.
func Send(w *World, probes []Probe, n int) {
	failed := false
	for _, p := range probes {
		c := &sending{World: w, Probe: p}
		if err := c.all(n); err != nil {
			fmt.Printf("%s: %v\n", p.Name, err)
			failed = true
		}
		fmt.Printf("%s: refused %v, %d sent, %d cyclic, %d too large\n", p.Name, c.refused, c.sent, c.cycles, c.large)
	}
	if failed {
		os.Exit(1)
	}
}

// sending is the state of the checks of the arguments of one work.
type sending struct {
	*World
	Probe
	codec               store.Codec
	refused             bool
	sent, cycles, large int
}

func (c *sending) all(n int) error {
	why, kinds := Sent(c.Runner)
	written, err := codec.Codec{Verify: true}.For(c.Args, kinds)
	if c.refused = err != nil; c.refused != (why != "") {
		return fmt.Errorf("the generator says %q, the codec %v", why, err)
	}
	c.codec = written
	for seed := range uint64(n) {
		if c.refused {
			break
		}
		if err := c.value(seed); err != nil {
			return fmt.Errorf("seed %d: %v", seed, err)
		}
	}
	return nil
}

func (c *sending) value(seed uint64) error {
	args := c.build(c.Args, seed)
	want, cyclic, ok := c.Encode(args, true)
	if !ok {
		c.large++
		return nil
	}
	var b bytes.Buffer
	err := c.codec.Encode(&b, "schema", args.Addr().Interface())
	if cyclic {
		c.cycles++
		if err == nil {
			return fmt.Errorf("a value that contains itself was written: %x", want)
		}
		return nil
	}
	there := reflect.New(c.Args)
	if err == nil {
		err = c.codec.Decode(&store.Entry{Data: b.Bytes()}, "schema", there.Interface())
	}
	if err != nil {
		return fmt.Errorf("%v: %x", err, want)
	}
	c.sent++
	if got, _, _ := c.Encode(there.Elem(), true); !bytes.Equal(got, want) {
		return fmt.Errorf("what gets there is not equal: %x, want %x", got, want)
	}
	encodable := args.Addr().Interface().(key.Encodable)
	if key.Sum(key.Scope{}, encodable.EncodeKey) != key.Sum(key.Scope{}, there.Interface().(key.Encodable).EncodeKey) {
		return fmt.Errorf("what gets there has another key: %x", want)
	}
	return nil
}

// Sent returns what the constructor of a runner was told of arguments that are sent to a
// worker: why they cannot be, and how they are written.
func Sent(runner any) (why string, kinds []kind.Kind) {
	spec := reflect.ValueOf(runner).Elem().FieldByName("calls").Elem().FieldByName("spec")
	return *private[string](spec, "NotRemote"), *private[[]kind.Kind](spec, "ArgKinds")
}

// private returns a field of a struct in a field that is not exported.
func private[T any](v reflect.Value, name string) *T {
	return (*T)(v.FieldByName(name).Addr().UnsafePointer())
}
