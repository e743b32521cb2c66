package wire

import (
	"encoding/binary"
	"reflect"
	"testing"

	"github.com/workgen/workgen/runtime/store"
)

// Whatever is missing at the end, what is there is read, and the rest is zero.
func TestTheEndMayBeMissing(t *testing.T) {
	args := []store.Arg{{Name: "n", Type: "int", Text: "42", Digest: [16]byte{7}}, {Name: "token", Type: "string", Secret: true}}
	b, text := AppendArgs(binary.AppendVarint(nil, -1000), nil, args)
	b = AppendString(b, "a string")
	b = binary.BigEndian.AppendUint64(append(b, 5), 6)
	for n := range len(b) + 1 {
		var r Reader
		r.Reset(b[:n], string(text))
		number, got, s, one, eight := r.Varint(), r.Args(), r.String(), r.Byte(), r.Uint64()
		if n == len(b) && (number != -1000 || !reflect.DeepEqual(got, args) || s != "a string" || one != 5 || eight != 6) {
			t.Errorf("%d, %+v, %q, %d, %d", number, got, s, one, eight)
		}
		if n == 0 && (number != 0 || got != nil || s != "" || one != 0 || eight != 0) {
			t.Errorf("of nothing: %d, %+v, %q, %d, %d", number, got, s, one, eight)
		}
		if r.Left() != 0 {
			t.Errorf("%d of %d bytes are left", r.Left(), n)
		}
	}
}

// There are no more of something than there is room for.
func TestCountIsBounded(t *testing.T) {
	for count, want := range map[uint64]uint64{0: 0, 2: 2, 3: 0, 1 << 62: 0} {
		var r Reader
		r.Reset(append(binary.AppendUvarint(nil, count), 1, 2), "")
		if got := r.Count(); got != want {
			t.Errorf("%d of something: %d", count, got)
		}
	}
}
