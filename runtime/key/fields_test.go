package key_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime/key"
)

// TestFieldsWriteWhatTheEncoderWrites compares a row with the same calls one by
// one, for strings that are kept, folded and streamed, and buffers that grow.
func TestFieldsWriteWhatTheEncoderWrites(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 16, 17, key.MaxExact, key.MaxExact + 1, 1 << 15, 1 << 20} {
		s := strings.Repeat("x", n)
		single := func(e *key.Encoder) {
			e.Bool(true)
			e.Present(false)
			e.Int(-1)
			e.Int8(-2)
			e.Int16(-3)
			e.Int32(-4)
			e.String(s)
			e.Int64(math.MinInt64)
			e.Uint(1)
			e.Uint8(2)
			e.Uint16(3)
			e.Uint32(4)
			e.Uint64(math.MaxUint64)
			e.Uintptr(5)
			e.Slice(0, true)
			e.Slice(0, false)
			e.Slice(n, false)
			e.Float32(float32(math.Copysign(0, -1)))
			e.Float64(math.NaN())
			e.Complex64(complex(1, 2))
			e.Complex128(complex(3, 4))
			e.String(s)
			e.Int(n)
		}
		row := func(e *key.Encoder) {
			b := e.Begin()
			b = b.Bool(true)
			b = b.Bool(false)
			b = b.Int(-1)
			b = b.Int8(-2)
			b = b.Int16(-3)
			b = b.Int32(-4)
			b = b.String(e, s)
			b = b.Int64(math.MinInt64)
			b = b.Uint(1)
			b = b.Uint8(2)
			b = b.Uint16(3)
			b = b.Uint32(4)
			b = b.Uint64(math.MaxUint64)
			b = b.Uintptr(5)
			b = b.Slice(0, true)
			b = b.Slice(0, false)
			b = b.Slice(n, false)
			b = b.Float32(float32(math.Copysign(0, -1)))
			b = b.Float64(math.NaN())
			b = b.Complex64(complex(1, 2))
			b = b.Complex128(complex(3, 4))
			b = b.String(e, s)
			b = b.Int(n)
			e.End(b)
		}
		if key.Sum(vectorScope, single) != key.Sum(vectorScope, row) {
			t.Errorf("%d bytes: keys differ", n)
		}
		var x, y key.Encoder
		single(&x)
		row(&y)
		if x.Fingerprint() != y.Fingerprint() {
			t.Errorf("%d bytes: fingerprints differ", n)
		}
	}
}

// TestRowsAreFlushed makes a key of much more than may lie in the buffer.
func TestRowsAreFlushed(t *testing.T) {
	most := 0
	key.Sum(vectorScope, func(e *key.Encoder) {
		for range 1 << 16 {
			b := e.Begin()
			b = b.Uint64(1)
			b = b.String(e, "some text")
			e.End(b)
			most = max(most, len(e.Begin()))
		}
	})
	if most > 1<<15 {
		t.Errorf("the buffer grew to %d bytes", most)
	}
}

// TestRowsKeepWhatIsBefore begins a row in a buffer that has no room left.
func TestRowsKeepWhatIsBefore(t *testing.T) {
	for n := range 600 {
		var x, y key.Encoder
		for range n {
			x.Uint8(7)
			y.Uint8(7)
		}
		x.Uint64(1)
		x.String("text")
		b := y.Begin()
		b = b.Uint64(1)
		b = b.String(&y, "text")
		y.End(b)
		if !bytes.Equal(x.Begin(), y.Begin()) {
			t.Fatalf("after %d bytes: %v, want %v", n, y.Begin(), x.Begin())
		}
	}
}

// TestEntriesOfRowsAreThoseOfMaps writes maps of several sizes in rows and without.
func TestEntriesOfRowsAreThoseOfMaps(t *testing.T) {
	for _, n := range []int{0, 1, 2, 8, 9, 40} {
		keys := make([]string, n)
		for i := range keys {
			keys[i] = strings.Repeat("k", i%5) + string(rune('a'+i))
		}
		single := func(e *key.Encoder) {
			m := e.Map(n, false)
			for i, k := range keys {
				m.Key()
				e.String(k)
				m.Value()
				e.Int(i)
			}
			m.End()
		}
		rows := func(e *key.Encoder) {
			m := e.Map(n, false)
			for i := len(keys) - 1; i >= 0; i-- {
				b := e.Begin()
				m.KeyAt(b)
				b = b.String(e, keys[i])
				m.ValueAt(b)
				b = b.Int(i)
				e.End(b)
			}
			m.End()
		}
		if key.Sum(vectorScope, single) != key.Sum(vectorScope, rows) {
			t.Errorf("%d entries: keys differ", n)
		}
		var x, y key.Encoder
		single(&x)
		rows(&y)
		if x.Fingerprint() != y.Fingerprint() {
			t.Errorf("%d entries: fingerprints differ", n)
		}
	}
}

func TestValueAtNeedsAKey(t *testing.T) {
	defer func() {
		if got, _ := recover().(string); !strings.Contains(got, "Value without Key") {
			t.Errorf("panics with %q", got)
		}
	}()
	var e key.Encoder
	m := e.Map(1, false)
	m.ValueAt(e.Begin())
}

// TestRowsGoOnlyWhereThereIsRoom appends strings to buffers of all sizes: whatever
// is behind the row stays what it is.
func TestRowsGoOnlyWhereThereIsRoom(t *testing.T) {
	for room := range 3 * key.MaxExact {
		for _, n := range []int{0, 1, key.MaxExact, key.MaxExact + 1} {
			memory := bytes.Repeat([]byte{0xEE}, 16+room+16)
			b := key.Fields(memory[: 16 : 16+room])
			var e key.Encoder
			s := strings.Repeat("x", n)
			if got := b.String(&e, s); n <= key.MaxExact && (len(got) != 16+8+n || string(got[24:]) != s || got[16] != byte(n) || got[17] != byte(n>>8)) {
				t.Fatalf("room for %d, string of %d bytes: %x", room, n, got)
			}
			if after := memory[16+room:]; !bytes.Equal(after, bytes.Repeat([]byte{0xEE}, 16)) {
				t.Fatalf("room for %d, string of %d bytes: wrote behind it: %x", room, n, after)
			}
		}
	}
}
