package differential

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"reflect"

	"github.com/workgen/workgen/runtime/key"
)

// A Probe is a work that returns its arguments.
type Probe struct {
	Name   string
	Args   reflect.Type // its argument struct
	Runner any
}

// Run checks every probe with n values and ends the program: with status 1 when
// something was wrong, which it has printed then.
func Run(w *World, probes []Probe, n int) {
	failed := false
	for _, p := range probes {
		c := &check{World: w, Probe: p, seen: map[key.Fingerprint]string{}}
		for seed := range uint64(n) {
			if err := c.value(seed); err != nil {
				fmt.Printf("%s, seed %d: %v\n", p.Name, seed, err)
				failed = true
				break
			}
		}
		fmt.Printf("%s: %d values, %d of them too large, %d distinct, %d cyclic\n", p.Name, n, c.large, len(c.seen), c.cycles)
	}
	if failed {
		os.Exit(1)
	}
}

// check is the state of the checks of one probe.
type check struct {
	*World
	Probe
	seen   map[key.Fingerprint]string // encodings
	large  int
	cycles int
}

// value checks one value.
func (c *check) value(seed uint64) error {
	args, again := c.build(c.Args, seed), c.build(c.Args, seed)
	want, cyclic, ok := c.Encode(args, false)
	_, hidden, fits := c.Encode(args, true)
	if !ok || !fits {
		c.large++
		return nil
	}
	encodable := args.Addr().Interface().(key.Encodable)
	if key.Sum(key.Scope{}, encodable.EncodeKey) != sum(want) {
		return c.otherKey(args)
	}
	id := fingerprint(encodable)
	if id != fingerprint(again.Addr().Interface().(key.Encodable)) {
		return fmt.Errorf("an equal value has another fingerprint")
	}
	if other, known := c.seen[id]; known {
		if other != string(want) {
			return fmt.Errorf("two values have one fingerprint: %x and %x", other, want)
		}
		return nil // its result is that of another, with other fields that are no inputs
	}
	for range 2 {
		if err := c.copies(args, !hidden); err != nil {
			return err
		}
	}
	c.seen[id] = string(want)
	if cyclic {
		c.cycles++
	}
	return nil
}

// otherKey says which of the arguments has not the key that it should have.
func (c *check) otherKey(args reflect.Value) error {
	for i := range args.NumField() {
		one := reflect.New(c.Args)
		one.Elem().Field(i).Set(args.Field(i))
		want, _, _ := c.Encode(one.Elem(), false)
		if key.Sum(key.Scope{}, one.Interface().(key.Encodable).EncodeKey) != sum(want) {
			return fmt.Errorf("the key is not that of the encoding of a %v: %x", args.Field(i).Type(), want)
		}
	}
	return fmt.Errorf("the key is not that of the encoding, though those of all arguments are")
}

// copies checks that a call returns a copy of its arguments. whole says that
// fields which are no inputs are compared, too. They are assigned and not copied, so
// that what goes round through them goes round through the original once.
func (c *check) copies(args reflect.Value, whole bool) error {
	in := []reflect.Value{reflect.ValueOf(context.Background())}
	for i := range args.NumField() {
		in = append(in, args.Field(i))
	}
	out := reflect.ValueOf(c.Runner).MethodByName("Run").Call(in)
	if err := out[len(out)-1]; !err.IsNil() {
		return fmt.Errorf("run: %v", err)
	}
	result := reflect.New(c.Args).Elem()
	for i := range args.NumField() {
		result.Field(i).Set(out[i])
	}
	want, _, _ := c.Encode(args, whole)
	if got, _, _ := c.Encode(result, whole); !bytes.Equal(got, want) {
		return fmt.Errorf("the result is no copy: %x, want %x", got, want)
	}
	mine, theirs := map[inside]bool{}, map[inside]bool{}
	memory(args, mine)
	memory(result, theirs)
	for place := range theirs {
		if mine[place] && writable(place) {
			return fmt.Errorf("the result shares a %v with the arguments", place.typ)
		}
	}
	return nil
}

// sum is the key of an encoding in an empty scope.
func sum(encoding []byte) key.Key {
	head := binary.LittleEndian.AppendUint64(nil, key.Version)
	head = append(head, make([]byte, 3*8)...)
	return key.Key(sha256.Sum256(append(head, encoding...)))
}

func fingerprint(v key.Encodable) key.Fingerprint {
	e := key.Borrow()
	defer e.Release()
	v.EncodeKey(e)
	f := e.Fingerprint()
	return f.Clone()
}
