package preview

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"sort"
	"strconv"

	"github.com/workgen/workgen/runtime/internal/hidden"
)

// JSON writes v as JSON with indentation, all of it: an error of w's ends it, so w can bound how
// much is written. Fields have their names in Go. What is secret is "(secret)", fields that are
// no inputs are left out, bytes are in Base64 as encoding/json has them, and what has a usual text, such
// as a time, is that text. What leads back to itself, or is nested a
// thousand times, is "…" there, and what JSON has no word for is a
// string: NaN, a function. Of methods only MarshalText is called; its panic is an error.
func JSON(w io.Writer, v any) (err error) {
	j := jsonWriter{out: bufio.NewWriter(w), path: map[visit]bool{}}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case writeError:
			err = r.error
		default:
			err = fmt.Errorf("the value cannot be shown: %v", r)
		}
	}()
	j.value(reflect.ValueOf(v), 0)
	j.text("\n")
	return j.out.Flush()
}

// jsonWriter writes one value.
type jsonWriter struct {
	out  *bufio.Writer
	path map[visit]bool // pointers that lead to what is being written
	nest int            // how deep that is
}

// maxNest bounds how deep values may be nested, for the stack is bounded, too.
const maxNest = 1000

// visit is a pointer, slice or map that is being written.
type visit struct {
	at   uintptr
	kind reflect.Type
}

// writeError is what the writer said, as a panic.
type writeError struct{ error }

func (j *jsonWriter) text(s string) {
	if _, err := j.out.WriteString(s); err != nil {
		panic(writeError{err})
	}
}

// string writes a text, in which <, > and & are as they are.
func (j *jsonWriter) string(s string) {
	e := json.NewEncoder(trimmed{j})
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err)
	}
}

// trimmed leaves the line break out that an Encoder writes at the end.
type trimmed struct{ j *jsonWriter }

func (t trimmed) Write(p []byte) (int, error) {
	t.j.text(string(p[:len(p)-1]))
	return len(p), nil
}

func (j *jsonWriter) value(v reflect.Value, depth int) {
	if !v.IsValid() {
		j.text("null")
		return
	}
	if text, ok := known(v); ok {
		j.string(text)
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		j.text(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		j.text(strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		j.text(strconv.FormatUint(v.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			j.string(strconv.FormatFloat(f, 'g', -1, 64))
		} else {
			j.text(strconv.FormatFloat(f, 'g', -1, v.Type().Bits()))
		}
	case reflect.Complex64, reflect.Complex128:
		j.string(strconv.FormatComplex(v.Complex(), 'g', -1, v.Type().Bits()))
	case reflect.String:
		j.string(v.String())
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		if v.IsNil() {
			j.text("null")
			return
		}
		j.composite(v, depth)
	case reflect.Array, reflect.Struct:
		j.composite(v, depth)
	default:
		j.string("(" + v.Type().String() + ")") // chan, func, unsafe.Pointer
	}
}

// composite writes what may lead back to itself.
func (j *jsonWriter) composite(v reflect.Value, depth int) {
	if j.nest == maxNest {
		j.string("…")
		return
	}
	j.nest++
	defer func() { j.nest-- }()
	if k := v.Kind(); k == reflect.Pointer || k == reflect.Map || k == reflect.Slice && v.Len() > 0 {
		at := visit{v.Pointer(), v.Type()}
		if j.path[at] {
			j.string("…")
			return
		}
		j.path[at] = true
		defer delete(j.path, at)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		j.value(v.Elem(), depth)
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
			data, err := json.Marshal(v.Bytes())
			if err != nil {
				panic(err)
			}
			j.text(string(data))
			return
		}
		j.list("[", "]", v.Len(), depth, func(i int) { j.value(v.Index(i), depth+1) })
	case reflect.Map:
		j.mapping(v, depth)
	case reflect.Struct:
		j.fields(v, depth)
	}
}

func (j *jsonWriter) fields(v reflect.Value, depth int) {
	if isRunner(v.Type()) {
		p := printer{left: maxStruct}
		j.string(p.runner(v, 0))
		return
	}
	var fields []reflect.StructField
	for _, f := range shownFields(v.Type()) {
		if !hidden.Ignored(f) && !hidden.Foreign(f) {
			fields = append(fields, f)
		}
	}
	j.list("{", "}", len(fields), depth, func(i int) {
		j.name(fields[i].Name)
		if hidden.Secret(fields[i]) {
			j.string("(secret)")
			return
		}
		j.value(v.Field(fields[i].Index[0]), depth+1)
	})
}

// mapping writes a map in the order of its keys' texts.
func (j *jsonWriter) mapping(v reflect.Value, depth int) {
	keys := make([]mapKey, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		k := mapKey{key: it.Key()}
		if k.text = k.key.String(); k.key.Kind() != reflect.String {
			p := printer{left: maxStruct}
			k.text = p.value(k.key, maxDepth-1)
		}
		keys = append(keys, k)
	}
	sort.Slice(keys, func(a, b int) bool { return keys[a].text < keys[b].text })
	j.list("{", "}", len(keys), depth, func(i int) {
		j.name(keys[i].text)
		j.value(v.MapIndex(keys[i].key), depth+1)
	})
}

func (j *jsonWriter) name(s string) {
	j.string(s)
	j.text(": ")
}

// list writes n elements, each on a line of its own.
func (j *jsonWriter) list(open, closing string, n, depth int, element func(i int)) {
	j.text(open)
	for i := range n {
		if i > 0 {
			j.text(",")
		}
		j.indent(depth + 1)
		element(i)
	}
	if n > 0 {
		j.indent(depth)
	}
	j.text(closing)
}

func (j *jsonWriter) indent(depth int) {
	j.text("\n")
	for range depth {
		j.text("  ")
	}
}
