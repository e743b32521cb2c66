package key_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

var errBoom = errors.New("boom")

func TestAPanicThatIsRecoveredFailsTheEncoder(t *testing.T) {
	encode := func(e *key.Encoder) {
		f := e.Open()
		func() {
			defer e.Recover("ext.T")
			e.Spare()
			e.Map(1, false).Key()
			panic(errBoom)
		}()
		e.Close(f)
		e.String("x")
	}
	if k := key.Sum(vectorScope, encode); !k.IsZero() {
		t.Errorf("the key is %s", k)
	}
	e := key.Borrow()
	defer e.Release()
	encode(e)
	if err := e.Fingerprint().Err(); err == nil || err.Error() != "a method that encodes ext.T panicked: boom" {
		t.Errorf("the error is %v", err)
	}
	if b := e.Spare(); cap(b) != 0 {
		t.Error("memory that a method may have kept is lent again")
	}
}

// After Fail an EncodeKey may return from anywhere.
func TestAfterFailEverythingIsHarmless(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for name, encode := range map[string]encoding{
		"open map and frame": func(e *key.Encoder) {
			m := e.Map(1, false)
			m.Key()
			e.Open()
			e.Fail(errBoom)
		},
		"outer ones are ended": func(e *key.Encoder) {
			f := e.Open()
			m := e.Map(2, false)
			m.Key()
			e.Map(1, false).Key()
			e.Open()
			e.Fail(errBoom)
			m.Value()
			m.Key()
			m.End()
			e.Close(f)
		},
		"value without key": func(e *key.Encoder) {
			m := e.Map(1, false)
			e.Fail(errBoom)
			m.Value()
			m.End()
		},
		"left too often": func(e *key.Encoder) {
			e.Fail(errBoom)
			e.Leave()
		},
		"written on": func(e *key.Encoder) {
			e.Fail(errBoom)
			e.String(long)
			e.Bytes([]byte(long))
			e.Slice(3, false)
			key.Numbers(e, make([]int, 10_000))
			e.Time(time.Time{})
			e.Location(nil)
			e.Appended([]byte(long), nil)
			e.Appended(nil, errors.New("another"))
			e.Nil()
			e.Type("T")
			key.File("x").EncodeKey(e)
			encodeLabels(e, labelsOf(100))
			if key.Enter(e, &node{}) || key.EnterSlice(e, make([]node, 1)) {
				t.Error("entered after Fail")
			}
			if _, ok := key.EnterMap(e, map[string]node{"a": {}}); ok {
				t.Error("entered after Fail")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, g := fingerprintOf(encode), fingerprintOf(encode)
			if f.Err() != errBoom || f == g {
				t.Errorf("error %v, equal to another: %t", f.Err(), f == g)
			}
			if !key.Sum(key.Scope{}, encode).IsZero() {
				t.Error("has a key")
			}
			after := fingerprintOf(func(e *key.Encoder) { encodeLabels(e, labelsOf(3)) })
			if after != fingerprintOf(func(e *key.Encoder) { encodeLabels(e, labelsOf(3)) }) || after.Err() != nil {
				t.Error("the encoder is not as new afterwards")
			}
		})
	}
}

func TestFailWithoutErrorIsNone(t *testing.T) {
	f := fingerprintOf(func(e *key.Encoder) { e.Fail(nil); e.Int(1) })
	if f.Err() != nil || f != fingerprintOf(func(e *key.Encoder) { e.Int(1) }) {
		t.Errorf("error %v", f.Err())
	}
}

func TestFailedFingerprintsHaveHashes(t *testing.T) {
	seen := map[uint64]bool{}
	for range 1000 {
		f := fingerprintOf(func(e *key.Encoder) { e.Fail(errBoom) })
		seen[f.Hash()] = true
	}
	if len(seen) < 990 {
		t.Errorf("%d hashes of 1000 failures", len(seen))
	}
}

func TestNoFingerprintOfAValueTellsOfAnError(t *testing.T) {
	for _, n := range []int{0, 1, 8, 256, 257, 10_000} {
		f := fingerprintOf(func(e *key.Encoder) { key.Array(e, []byte(strings.Repeat("\xff", n))) })
		if f.Err() != nil || f.Clone().Err() != nil {
			t.Errorf("%d bytes: %v", n, f.Err())
		}
	}
	if err := (key.Fingerprint{}).Err(); err != nil {
		t.Error(err)
	}
}

// A marshaller may return what is its own, or may never append to what it was
// given; neither may be written to.
func TestMemoryOfOthersIsNotTakenForSpare(t *testing.T) {
	e := key.Borrow()
	defer e.Release()
	own := make([]byte, 5, 4096)
	copy(own, "hello")
	for range 3 {
		e.Appended(own, nil)
		e.Spare()
		e.Appended(own, nil) // in place of what was given
		b := append(e.Spare(), "other"...)
		if string(own) != "hello" || len(b) > 0 && &b[0] == &own[0] {
			t.Fatalf("memory of a marshaller was written to: %q", own)
		}
		e.Appended(b, nil)
	}
	e.Spare()
	if b := e.Spare(); cap(b) > 0 {
		t.Error("one memory is lent twice")
	}
	e.Appended(nil, nil)
	if b := e.Spare(); cap(b) == 0 {
		t.Error("what was lent is lost")
	}
}

func TestAppendedFails(t *testing.T) {
	if f := fingerprintOf(func(e *key.Encoder) { e.Appended(e.Spare(), errBoom) }); f.Err() != errBoom {
		t.Errorf("error is %v", f.Err())
	}
}
