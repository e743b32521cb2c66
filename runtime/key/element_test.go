package key_test

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/workgen/workgen/runtime/key"
)

// numbersCase holds the ways to encode one slice of numbers against each other.
type numbersCase struct {
	name    string
	numbers func(e *key.Encoder)
	array   func(e *key.Encoder)
	singly  func(e *key.Encoder) // element by element, with the method for the kind
}

func numbersOf[T key.Number](s []T, method func(*key.Encoder, T)) numbersCase {
	return numbersCase{
		name:    reflect.TypeFor[T]().String(),
		numbers: func(e *key.Encoder) { key.Numbers(e, s) },
		array:   func(e *key.Encoder) { key.Array(e, s) },
		singly: func(e *key.Encoder) {
			for _, v := range s {
				method(e, v)
			}
		},
	}
}

// numbersCases has every kind, with the values where sign, width and byte order
// show, repeated times over.
func numbersCases(times int) []numbersCase {
	type e = key.Encoder
	return []numbersCase{
		numbersOf(repeat(times, true, false), (*e).Bool),
		numbersOf(repeat(times, namedBool(true), false), func(e *key.Encoder, v namedBool) { e.Bool(bool(v)) }),
		numbersOf(repeat(times, -2, 0x1234567, math.MinInt), (*e).Int),
		numbersOf(repeat(times, namedInt(-2), math.MaxInt), func(e *key.Encoder, v namedInt) { e.Int(int(v)) }),
		numbersOf(repeat[int8](times, -2, 0x12), (*e).Int8),
		numbersOf(repeat[int16](times, -2, 0x1234), (*e).Int16),
		numbersOf(repeat[int32](times, -2, 0x12345678), (*e).Int32),
		numbersOf(repeat(times, namedInt32(-2), 0x12345678), func(e *key.Encoder, v namedInt32) { e.Int32(int32(v)) }),
		numbersOf(repeat[int64](times, -2, 0x123456789abcdef0), (*e).Int64),
		numbersOf(repeat[uint](times, 1, math.MaxUint), (*e).Uint),
		numbersOf(repeat(times, namedUint(1), math.MaxUint), func(e *key.Encoder, v namedUint) { e.Uint(uint(v)) }),
		numbersOf(repeat[uint8](times, 1, 0xfe), (*e).Uint8),
		numbersOf(repeat[uint16](times, 1, 0xfedc), (*e).Uint16),
		numbersOf(repeat[uint32](times, 1, 0xfedcba98), (*e).Uint32),
		numbersOf(repeat[uint64](times, 1, 0xfedcba9876543210), (*e).Uint64),
		numbersOf(repeat[uintptr](times, 1, 0xfedcba98), (*e).Uintptr),
		numbersOf(repeat(times, namedUintptr(1), 0xfedcba98), func(e *key.Encoder, v namedUintptr) { e.Uintptr(uintptr(v)) }),
		numbersOf(repeat[float32](times, 1.5, -0.1), (*e).Float32),
		numbersOf(repeat(times, 1.5, -0.1, math.Inf(-1), math.NaN()), (*e).Float64),
		numbersOf(repeat(times, complex64(complex(1.5, -0.1))), (*e).Complex64),
		numbersOf(repeat(times, namedC64(complex(1.5, -0.1))), func(e *key.Encoder, v namedC64) { e.Complex64(complex64(v)) }),
		numbersOf(repeat(times, complex(1.5, -0.1)), (*e).Complex128),
	}
}

func repeat[T any](times int, vs ...T) []T {
	var s []T
	for range times {
		s = append(s, vs...)
	}
	return s
}

func TestNumbersAreTheirElementsOnEveryPath(t *testing.T) {
	for _, times := range []int{0, 1, 3, 200, 30_000} {
		for _, c := range numbersCases(times) {
			t.Run(c.name, func(t *testing.T) {
				want := key.Canonical(c.singly)
				equal := func(path string, got []byte) {
					if !bytes.Equal(want, got) {
						t.Errorf("%s of %d (-elements +got):\n%s", path, times, cmp.Diff(want[:min(100, len(want))], got[:min(100, len(got))]))
					}
				}
				equal("Array", key.Canonical(c.array))
				equal("Numbers", key.Canonical(c.numbers)[8:])
				defer key.ByElements()()
				equal("Array by elements", key.Canonical(c.array))
				equal("Numbers by elements", key.Canonical(c.numbers)[8:])
			})
		}
	}
}

func TestLongNumbersByElementsAreFoldedToo(t *testing.T) {
	defer key.ByElements()()
	for _, n := range []int{33, 2048, 2049, 100_000} {
		s := make([]float64, n)
		encode := func(e *key.Encoder) { key.Numbers(e, s) }
		e := key.Borrow()
		encode(e)
		if got := len(key.Folded(e)); got != 8+16 {
			t.Errorf("%d elements take %d bytes in the buffer, want 24", n, got)
		}
		e.Release()
		before := fingerprintOf(encode)
		for _, at := range []int{0, n / 2, n - 1} {
			s[at] = 1
			if fingerprintOf(encode) == before {
				t.Errorf("%d elements: element %d does not matter", n, at)
			}
			s[at] = 0
		}
		if fingerprintOf(encode) != before {
			t.Errorf("%d elements have two fingerprints", n)
		}
	}
}

func TestKindsAreThoseOfReflect(t *testing.T) {
	// Holds the one thing taken from Go's internals. When this fails under a new
	// release, so would every key of a 32-bit or big-endian machine.
	check := func(want reflect.Type, got uint8) {
		t.Helper()
		if reflect.Kind(got) != want.Kind() {
			t.Errorf("kind of %s is %d, want %d", want, got, want.Kind())
		}
	}
	check(reflect.TypeFor[bool](), key.KindOf[bool]())
	check(reflect.TypeFor[int](), key.KindOf[int]())
	check(reflect.TypeFor[int8](), key.KindOf[int8]())
	check(reflect.TypeFor[int16](), key.KindOf[int16]())
	check(reflect.TypeFor[int32](), key.KindOf[int32]())
	check(reflect.TypeFor[int64](), key.KindOf[int64]())
	check(reflect.TypeFor[uint](), key.KindOf[uint]())
	check(reflect.TypeFor[uint8](), key.KindOf[uint8]())
	check(reflect.TypeFor[uint16](), key.KindOf[uint16]())
	check(reflect.TypeFor[uint32](), key.KindOf[uint32]())
	check(reflect.TypeFor[uint64](), key.KindOf[uint64]())
	check(reflect.TypeFor[uintptr](), key.KindOf[uintptr]())
	check(reflect.TypeFor[float32](), key.KindOf[float32]())
	check(reflect.TypeFor[float64](), key.KindOf[float64]())
	check(reflect.TypeFor[complex64](), key.KindOf[complex64]())
	check(reflect.TypeFor[complex128](), key.KindOf[complex128]())
	check(reflect.TypeFor[namedBool](), key.KindOf[namedBool]())
	check(reflect.TypeFor[namedInt](), key.KindOf[namedInt]())
	check(reflect.TypeFor[namedInt32](), key.KindOf[namedInt32]())
	check(reflect.TypeFor[namedUint](), key.KindOf[namedUint]())
	check(reflect.TypeFor[namedUintptr](), key.KindOf[namedUintptr]())
	check(reflect.TypeFor[namedC64](), key.KindOf[namedC64]())
}
