// Package check tests generated code with arguments of any type: it builds
// values by reflection, changes them in every place, and looks for shared memory.
package check

import (
	"fmt"
	"os"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
)

// A Runner is what a test needs of the runner of one work, whose argument struct is
// A. Run returns results that are the arguments, or parts of them.
type Runner[A any] struct {
	Stats func() runtime.Stats
	Run   func(a A) ([]any, error)
}

// Work checks the generated code of one work, whose argument struct is A: any
// change of any part of the arguments gives another fingerprint and another key,
// the same value built anew has both of the first and is a hit, and what run
// returns twice is equal and shares no memory, neither with each other nor with
// the arguments. What a store keeps comes back equal in another process; see
// stored.
func Work[A any, P interface {
	*A
	key.Encodable
}](t *testing.T, b *Builder, newRunner func(opts ...runtime.Option) Runner[A]) {
	t.Helper()
	if dir := os.Getenv(storeVariable); dir != "" {
		readBack(t, b, dir, newRunner)
		return
	}
	r := newRunner()
	args := Build[A](b)
	first := identityOf(t, P(&args))
	known := map[identity]string{first: "nothing"}
	n := 0
	b.mutate(reflect.TypeFor[A]().Name(), reflect.ValueOf(&args).Elem(), func(path string) {
		n++
		id := identityOf(t, P(&args))
		if id.key == first.key || id.fingerprint == first.fingerprint {
			t.Errorf("%s: key or fingerprint is still the same", path)
		}
		known[id] = path
	})
	t.Logf("%d changes, %d distinct values", n, len(known)-1)
	if n < b.Least {
		t.Errorf("only %d changes: is everything reached?", n)
	}
	if identityOf(t, P(&args)) != first {
		t.Fatal("the changes have not been undone")
	}

	results, err := r.Run(args)
	if err != nil {
		t.Fatal(err)
	}
	again := Build[A](b)
	if identityOf(t, P(&again)) != first {
		t.Error("the same value, built anew, has another key or fingerprint")
	}
	before := r.Stats()
	hit, err := r.Run(again)
	if err != nil {
		t.Fatal(err)
	}
	if after := r.Stats(); after.Executions != before.Executions || after.Hits != before.Hits+1 {
		t.Error("the same value, built anew, was executed again")
	}
	if diff := cmp.Diff(results, hit, b.Compare...); diff != "" {
		t.Errorf("a result is not copied exactly (-first +second):\n%s", diff)
	}
	if at := b.shared(results, hit); at != "" {
		t.Error("two results share memory at", at)
	}
	if at := b.shared(args, results); at != "" {
		t.Error("a result shares memory with the arguments at", at)
	}
	stored(t, b, newRunner)
}

// identity is what tells calls apart.
type identity struct {
	key         key.Key
	fingerprint key.Fingerprint
}

func identityOf(t *testing.T, a key.Encodable) identity {
	t.Helper()
	e := key.Borrow()
	defer e.Release()
	a.EncodeKey(e)
	if err := e.Err(); err != nil {
		t.Fatal(err)
	}
	return identity{key.Sum(key.Scope{Work: "test"}, a.EncodeKey), e.Fingerprint().Clone()}
}

// describe names a value in a test's output.
func describe(v reflect.Value) string {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return "nil"
	}
	return fmt.Sprint(v.Interface())
}
