package key_test

import (
	"fmt"

	"github.com/workgen/workgen/runtime/key"
)

// version writes its own encoding: 1.2 and 1.2.0 are the same input.
type version struct{ major, minor, patch int }

func (v version) EncodeKey(e *key.Encoder) {
	e.Int(v.major)
	e.Int(v.minor)
	e.Int(v.patch)
}

var _ key.Encodable = version{}

func ExampleSum() {
	v := version{major: 1, minor: 2}
	scope := key.Scope{Work: "example.com/release.Build", Schema: "s1", Code: "c1"}
	k := key.Sum(scope, func(e *key.Encoder) {
		e.String("linux")
		f := e.Open()
		v.EncodeKey(e)
		e.Close(f)
	})
	fmt.Println(k)
	// Output:
	// 17f240d74f2a74f9b2ef6a8e73753e5afad13cadd51bed5a737e36f9b06d7636
}

func ExampleBorrow() {
	name := func(day string, retries int) key.Fingerprint {
		e := key.Borrow()
		defer e.Release()
		e.String(day)
		e.Int(retries)
		f := e.Fingerprint()
		return f.Clone()
	}
	first, again, other := name("05/25/22", 3), name("05/25/22", 3), name("05/26/22", 3)
	fmt.Println(first == again)
	fmt.Println(first == other)
	// Output:
	// true
	// false
}

func ExampleTextOf() {
	type identity struct {
		day     key.Text
		retries int
	}
	var k identity
	k.day = key.TextOf("05/25/22")
	k.retries = 3
	hash := key.NewHash().Text(&k.day).Uint64(uint64(k.retries)).Sum()

	table := map[uint64]identity{hash: k}
	fmt.Println(table[hash] == k)
	// Output:
	// true
}
