// Package preview writes any Go value as text for people: short, bounded in size
// and time however large the value is, and never failing. It is for showing
// arguments and results, not for keys: different values may look alike.
//
//	preview.Text(Dataset{Day: "05/25/22", Rows: rows}, 60)
//	// {Day: "05/25/22", Rows: [0, 53, 94, 3 more]}
//
// Nothing behind a struct field tagged `workgen:"-"` is read: such a field is no
// input, and a work may write to it at any time. It is shown by its name only, as
// State: -; one tagged `workgen:"secret"` as Token: (secret). Blank fields are left out. The runner of a work is shown as the name of the
// work and its fields that are inputs.
//
// A type that was declared as one of the standard library, as in type Stamp time.Time,
// is shown as that.
//
// No method of a value is called but MarshalText, unless the value may hold such a
// field, which the method could read; and of errors Error.
package preview

import (
	"encoding"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/netip"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/workgen/workgen/runtime/internal/hidden"
)

// Text writes v on one line, in about limit bytes at most: what does not fit is
// counted, or cut with an ellipsis.
func Text(v any, limit int) string { return write(v, limit, false) }

// Lines is Text with line breaks and indentation where a line would be long.
func Lines(v any, limit int) string { return write(v, limit, true) }

// Struct writes a struct with the name of its type, and without what is secret. It is for
// the method String of generated argument structs.
func Struct(v any) string { return reflect.TypeOf(v).Name() + Text(v, maxStruct) }

const maxStruct = 4000

// Error returns the text of an error, whatever its method does: that of a nil
// pointer, which an interface makes an error all the same, mostly panics.
func Error(err error) (text string) {
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprintf("(%T, whose method Error panics: %v)", err, v)
		}
	}()
	return err.Error()
}

func write(v any, limit int, lines bool) (text string) {
	p := printer{left: limit, lines: lines}
	defer func() {
		if r := recover(); r != nil { // a MarshalText; values that change meanwhile
			text = "(cannot be shown)"
		}
	}()
	return Cut(p.value(reflect.ValueOf(v), 0), limit)
}

// Cut shortens s to limit bytes, with an ellipsis behind them.
func Cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}

// printer has a budget, which whatever is written lessens: when nothing is left,
// what follows is only counted.
type printer struct {
	left  int
	lines bool
}

const (
	maxDepth = 12
	width    = 72 // a composite that is longer is broken into lines
	shortest = 16 // elements that are all as short share lines

	countWidth = 12 // what the number of elements left out takes
	moreWidth  = 24 // what the number of bytes left out takes
)

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
)

func (p *printer) value(v reflect.Value, depth int) string {
	if !v.IsValid() {
		return p.spend("nil")
	}
	if text, ok := known(v); ok {
		return p.spend(text)
	}
	switch v.Kind() {
	case reflect.Bool:
		return p.spend(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return p.spend(strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return p.spend(strconv.FormatUint(v.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		return p.spend(strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits()))
	case reflect.Complex64, reflect.Complex128:
		return p.spend(strconv.FormatComplex(v.Complex(), 'g', -1, v.Type().Bits()))
	case reflect.String:
		return p.quoted(v.String())
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return p.spend("nil")
		}
		if depth >= maxDepth {
			return p.spend("…")
		}
		return p.value(v.Elem(), depth+1)
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Struct:
		if depth >= maxDepth {
			return p.spend("…")
		}
		return p.composite(v, depth)
	}
	return p.spend("(" + v.Type().String() + ")") // chan, func, unsafe.Pointer
}

// known writes what has a usual text of its own.
func known(v reflect.Value) (string, bool) {
	switch v.Type() {
	case durationType:
		return time.Duration(v.Int()).String(), true
	case timeType:
		if v.CanInterface() {
			return v.Interface().(time.Time).Format(time.RFC3339Nano), true
		}
	}
	if !v.CanInterface() || v.Kind() == reflect.Pointer && v.IsNil() || v.Kind() == reflect.Interface {
		return "", false
	}
	m, ok := v.Interface().(encoding.TextMarshaler)
	if base := asBase(v); !ok && base.Type() != v.Type() {
		return known(base)
	}
	if !ok || hides(v.Type()) {
		return "", false
	}
	text, err := m.MarshalText()
	return string(text), err == nil && utf8.Valid(text)
}

// bases are types of the standard library with a usual text.
var bases = []reflect.Type{
	timeType, reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.AddrPort](), reflect.TypeFor[netip.Prefix](),
	reflect.TypeFor[big.Int](), reflect.TypeFor[big.Rat](), reflect.TypeFor[big.Float](),
}

// asBase converts a value, or a pointer to one, of a type that was declared as one of
// the bases and does not have their methods: type Stamp time.Time.
func asBase(v reflect.Value) reflect.Value {
	t := v.Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.PkgPath() == "" || t.NumField() == 0 || t.Field(0).IsExported() || t.Field(0).PkgPath == t.PkgPath() {
		return v
	}
	for _, base := range bases {
		switch {
		case v.CanConvert(base):
			return v.Convert(base)
		case v.CanConvert(reflect.PointerTo(base)):
			return v.Convert(reflect.PointerTo(base))
		}
	}
	return v
}

func (p *printer) composite(v reflect.Value, depth int) string {
	switch v.Kind() {
	case reflect.Struct:
		if isRunner(v.Type()) {
			return p.runner(v, depth)
		}
		fields := shownFields(v.Type())
		return p.list("{", "}", len(fields), depth, func(i int) string {
			f := fields[i]
			name := p.spend(f.Name + ": ")
			switch {
			case hidden.Secret(f):
				return name + p.spend("(secret)")
			case hidden.Ignored(f) || hidden.Foreign(f):
				return name + p.spend("-")
			}
			return name + p.value(v.Field(f.Index[0]), depth+1)
		})
	case reflect.Map:
		if v.IsNil() {
			return p.spend("nil")
		}
		keys := p.keys(v)
		return p.list("{", "}", v.Len(), depth, func(i int) string {
			if i >= len(keys) {
				return p.spend("…")
			}
			return p.spend(keys[i].text+": ") + p.value(v.MapIndex(keys[i].key), depth+1)
		})
	case reflect.Slice:
		if v.IsNil() {
			return p.spend("nil")
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return p.bytes(v.Bytes())
		}
	}
	return p.list("[", "]", v.Len(), depth, func(i int) string { return p.value(v.Index(i), depth+1) })
}

type mapKey struct {
	key  reflect.Value
	text string
}

// keys returns keys of a map in the order of their texts: all of them when there
// are few, else some.
func (p *printer) keys(v reflect.Value) []mapKey {
	var keys []mapKey
	for it := v.MapRange(); it.Next() && len(keys) < 1000; {
		q := printer{left: 100}
		keys = append(keys, mapKey{it.Key(), q.value(it.Key(), maxDepth-1)})
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i].text < keys[j].text })
	return keys
}

// list writes up to n elements, as long as there is something left.
func (p *printer) list(open, closing string, n, depth int, element func(i int) string) string {
	p.left -= len(open) + len(closing)
	var parts []string
	size, longest, broken := 0, 0, false
	for i := range n {
		if p.left <= 0 || p.left < countWidth && n-i > 3 {
			parts = append(parts, strconv.Itoa(n-i)+" more")
			break
		}
		part := element(i)
		p.left -= len(", ")
		size += len(part) + len(", ")
		longest = max(longest, len(part))
		broken = broken || strings.Contains(part, "\n")
		parts = append(parts, part)
	}
	if !p.lines || !broken && size <= width || len(parts) == 0 {
		return open + strings.Join(parts, ", ") + closing
	}
	indent := "\n" + strings.Repeat("  ", depth)
	if longest <= shortest {
		return open + indent + "  " + strings.Join(filled(parts), indent+"  ") + indent + closing
	}
	return open + indent + "  " + strings.Join(parts, ","+indent+"  ") + indent + closing
}

// filled puts as many parts on a line as there is room for.
func filled(parts []string) (lines []string) {
	line := ""
	for i, part := range parts {
		if i < len(parts)-1 {
			part += ","
		}
		switch {
		case line == "":
			line = part
		case len(line)+len(part) < width:
			line += " " + part
		default:
			lines = append(lines, line)
			line = part
		}
	}
	return append(lines, line)
}

// bytes writes text as text, and other bytes in hexadecimal.
func (p *printer) bytes(b []byte) string {
	head := b[:min(len(b), max(p.left-moreWidth, 16))]
	if utf8.Valid(head) || len(head) < len(b) && utf8.Valid(head[:max(len(head)-utf8.UTFMax, 0)]) {
		return p.quoted(string(head)) + more(len(b)-len(head))
	}
	head = head[:min(len(head), 32)]
	return p.spend("0x"+hex.EncodeToString(head)) + more(len(b)-len(head))
}

func (p *printer) quoted(s string) string {
	head := Cut(s, max(p.left-moreWidth, 16))
	if len(s) <= p.left || len(head) == len(s) {
		return p.spend(strconv.Quote(s))
	}
	head = strings.TrimSuffix(head, "…")
	return p.spend(strconv.Quote(head)) + more(len(s)-len(head))
}

func more(bytes int) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprintf("… (%d bytes more)", bytes)
}

func (p *printer) spend(s string) string {
	p.left -= len(s)
	return s
}
