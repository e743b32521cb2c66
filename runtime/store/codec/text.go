package codec

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// Text implements store.Codec: the value much as Go would have it in a literal,
// cut short where it is long, large or deep. Types that have a String method of
// their own are what that returns.
func (Codec) Text(ptr any) string {
	t := text{}
	v := reflect.ValueOf(ptr)
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	t.value(v, 0)
	return string(t.out)
}

const (
	textRoom  = 240 // bytes after which no more is written
	textItems = 8   // elements and fields shown of one value
	textDepth = 4   // levels shown
	textRunes = 80  // bytes shown of a string
)

// text is a text in the making.
type text struct{ out []byte }

func (t *text) add(s string) { t.out = append(t.out, s...) }

func (t *text) full() bool { return len(t.out) >= textRoom }

// value appends a value, at most a little more than there is room for.
func (t *text) value(v reflect.Value, depth int) {
	switch {
	case !v.IsValid():
		t.add("nil")
		return
	case t.full() || depth > textDepth:
		t.add("…")
		return
	case t.named(v):
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		t.out = strconv.AppendBool(t.out, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		t.out = strconv.AppendInt(t.out, v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		t.out = strconv.AppendUint(t.out, v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		t.out = strconv.AppendFloat(t.out, v.Float(), 'g', -1, v.Type().Bits())
	case reflect.Complex64, reflect.Complex128:
		t.add(strconv.FormatComplex(v.Complex(), 'g', -1, v.Type().Bits()))
	case reflect.String:
		t.string(v.String())
	case reflect.Slice, reflect.Array:
		t.list(v, depth)
	case reflect.Map:
		t.mapping(v, depth)
	case reflect.Struct:
		t.fields(v, depth)
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			t.add("nil")
			return
		}
		if v.Kind() == reflect.Pointer {
			t.add("&")
		}
		t.value(v.Elem(), depth+1)
	default:
		t.add(v.Type().String())
	}
}

// named appends what a type says of itself.
func (t *text) named(v reflect.Value) (done bool) {
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface || v.Type().PkgPath() == "" || !v.CanInterface() {
		return false
	}
	at := len(t.out)
	defer func() {
		if recover() != nil { // a method that does not work on this value
			t.out = t.out[:at]
			done = false
		}
	}()
	x := v.Interface()
	if v.CanAddr() {
		x = v.Addr().Interface()
	}
	switch x := x.(type) {
	case *time.Time:
		t.add(x.Format(time.RFC3339Nano))
	case time.Time:
		t.add(x.Format(time.RFC3339Nano))
	case fmt.Stringer:
		t.cut(x.String())
	default:
		return false
	}
	return true
}

// string appends a quoted string.
func (t *text) string(s string) {
	if len(s) <= textRunes {
		t.out = strconv.AppendQuote(t.out, s)
		return
	}
	t.out = strconv.AppendQuote(t.out, s[:textRunes])
	t.add(fmt.Sprintf("… (%d bytes)", len(s)))
}

// cut appends a string as it is, or its beginning.
func (t *text) cut(s string) {
	if len(s) > textRunes {
		s = s[:textRunes] + "…"
	}
	t.add(s)
}

// list appends a slice or an array.
func (t *text) list(v reflect.Value, depth int) {
	n := v.Len()
	switch {
	case v.Kind() == reflect.Slice && v.IsNil():
		t.add("nil")
		return
	case v.Type().Elem().Kind() == reflect.Uint8:
		t.bytes(v, n)
		return
	}
	t.items("[", "]", n, func(i int) { t.value(v.Index(i), depth+1) })
}

// bytes appends bytes in hexadecimal.
func (t *text) bytes(v reflect.Value, n int) {
	shown := make([]byte, min(n, textItems*2))
	for i := range shown {
		shown[i] = byte(v.Index(i).Uint())
	}
	t.add("0x" + hex.EncodeToString(shown))
	if len(shown) < n {
		t.add(fmt.Sprintf("… (%d bytes)", n))
	}
}

// items appends the first of n items between brackets.
func (t *text) items(begin, end string, n int, item func(i int)) {
	t.add(begin)
	for i := range n {
		if i > 0 {
			t.add(" ")
		}
		if i == textItems || t.full() {
			t.add(fmt.Sprintf("… %d more", n-i))
			break
		}
		item(i)
	}
	t.add(end)
}

// mapping appends a map in the order of its keys, unless it is large: any of its
// entries will then do.
func (t *text) mapping(v reflect.Value, depth int) {
	const sorted = 1000
	if v.IsNil() {
		t.add("nil")
		return
	}
	n := v.Len()
	keys := make([]reflect.Value, 0, min(n, sorted))
	for iter := v.MapRange(); iter.Next() && len(keys) < sorted; {
		keys = append(keys, iter.Key())
	}
	slices.SortStableFunc(keys, compareKeys)
	t.items("{", "}", n, func(i int) {
		t.value(keys[i], depth+1)
		t.add(": ")
		t.value(v.MapIndex(keys[i]), depth+1)
	})
}

// compareKeys orders what has an obvious order.
func compareKeys(a, b reflect.Value) int {
	switch {
	case a.Kind() == reflect.String:
		return cmp.Compare(a.String(), b.String())
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	}
	return 0
}

// fields appends the fields of a struct that are not zero.
func (t *text) fields(v reflect.Value, depth int) {
	var set []int
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			set = append(set, i)
		}
	}
	t.items("{", "}", len(set), func(i int) {
		t.add(v.Type().Field(set[i]).Name)
		t.add(": ")
		t.value(v.Field(set[i]), depth+1)
	})
}
