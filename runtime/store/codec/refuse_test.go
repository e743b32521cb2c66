package codec_test

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unique"
	"unsafe"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/codec"
	"github.com/workgen/workgen/runtime/store/kind"
)

// lossy is of the kind of type whose methods leave a field out.
type lossy struct {
	Name string
	Rest int
}

func (l lossy) MarshalText() ([]byte, error)   { return []byte(l.Name), nil }
func (l *lossy) UnmarshalText(b []byte) error  { l.Name = string(b); return nil }
func (l lossy) MarshalBinary() ([]byte, error) { return l.MarshalText() }
func (l lossy) MarshalJSON() ([]byte, error)   { return []byte("1"), nil }
func (l lossy) GobEncode() ([]byte, error)     { return []byte("1"), nil }

// hidden has content that only its methods know of.
type hidden struct{ n int }

func (h hidden) MarshalText() ([]byte, error)  { return fmt.Append(nil, h.n), nil }
func (h *hidden) UnmarshalText(b []byte) error { _, err := fmt.Sscan(string(b), &h.n); return err }

// promoting has the methods of a field, which know nothing of the other.
type promoting struct {
	Lossy
	Own int
}

// Lossy is exported for its field to be.
type Lossy struct{ lossy }

type enclosing struct{ lossy }

type spin struct{ State int }

func (*spin) Lock()   {}
func (*spin) Unlock() {}

type shape interface{ area() float64 }

type square struct{ Side float64 }

func (s square) area() float64 { return s.Side * s.Side }

type blob struct{ Next shape }

func (b *blob) area() float64 { return 1 }

type secretive struct{ n int }

func (secretive) area() float64 { return 0 }

func TestTypesThatCannotComeBackAreRefusedByName(t *testing.T) {
	type inner struct{ Deep map[string][]*secretive }
	shapes := kind.OneOf[shape](kind.Of[square]("square"), kind.Of[*blob]("*blob"), kind.Of[secretive]("secretive"))
	for _, c := range []struct {
		ptr   any
		kinds []kind.Kind
		want  string
	}{
		{new(any), nil, ": an interface can hold a value of any type"},
		{new([]error), nil, "[]: an interface can hold a value of any type"},
		{new(chan int), nil, ": a channel has no value"},
		{&struct{ F func() }{}, nil, ".F: a function has no value"},
		{&struct{ PC uintptr }{}, nil, ".PC: a uintptr is an address and has no value"},
		{new([2]unsafe.Pointer), nil, "[]: an unsafe.Pointer is an address and has no value"},
		{new(secretive), nil, ".n: a field that is not exported would not come back"},
		{new(hidden), nil, ".n: a field that is not exported would not come back"},
		{new(inner), nil, ".Deep[][].n: a field that is not exported would not come back"},
		{&struct{ Mu sync.Mutex }{}, nil, ".Mu: a lock is not stored"},
		{&struct{ Mu *spin }{}, nil, ".Mu: a lock is not stored"},
		{&struct {
			A    int
			none [0]spin
		}{}, nil, ".none: a lock is not stored"},
		{&struct {
			Log string `workgen:"-"`
		}{}, nil, ".Log: a field tagged `workgen:\"-\"` would not come back"},
		{new(time.Location), nil, ".name: a field that is not exported would not come back"},
		{new(map[time.Time]int), nil, ": the keys of a map are found by addresses in them, which do not come back"},
		{&struct{ M map[[1]struct{ P *int }]int }{}, nil, ".M: the keys of a map are found by addresses in them, which do not come back"},
		{new(map[*time.Location]int), nil, ": the keys of a map are found by addresses in them, which do not come back"},
		{new(map[shape]int), []kind.Kind{shapes}, ": the keys of a map are found by addresses in them, which do not come back"},
		{new(map[hidden]int), []kind.Kind{kind.By((*hidden).MarshalText, (*hidden).UnmarshalText)}, ": the keys of a map are found by addresses in them, which do not come back"},
		{new(unique.Handle[*int]), []kind.Kind{kind.Handle[*int]()}, ": what a unique.Handle refers to is found by addresses in it, which do not come back"},
		{new(map[string]shape), []kind.Kind{shapes}, "[].(codec_test.secretive).n: a field that is not exported would not come back"},
		{new(map[int]map[shape]int), []kind.Kind{kind.OneOf[shape](kind.Of[square]("square"))}, ""},
	} {
		_, err := codec.Default.For(reflect.TypeOf(c.ptr).Elem(), c.kinds)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if want := c.want; want == "" && got != "" || want != "" && got != "result"+want {
			t.Errorf("%T: %s, want %s", c.ptr, got, want)
		}
	}
}

// bound returns the codec for what ptr points to.
func bound(t testing.TB, ptr any, kinds ...kind.Kind) store.Codec {
	t.Helper()
	c, err := codec.Codec{Verify: true}.For(reflect.TypeOf(ptr).Elem(), kinds)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// back writes what ptr points to and returns a pointer to what is read.
func back(t testing.TB, ptr any, kinds ...kind.Kind) any {
	t.Helper()
	c := bound(t, ptr, kinds...)
	b := new(strings.Builder)
	if err := c.Encode(b, "", ptr); err != nil {
		t.Fatal(err)
	}
	read := reflect.New(reflect.TypeOf(ptr).Elem()).Interface()
	if err := c.Decode(inMemory([]byte(b.String())), "", read); err != nil {
		t.Fatal(err)
	}
	return read
}

// TestMethodsAreAskedOnlyIfTheGeneratorSaysSo: a field is never left out because a
// method that some other package calls leaves it out.
func TestMethodsAreAskedOnlyIfTheGeneratorSaysSo(t *testing.T) {
	v := &lossy{"a", 1}
	if got := back(t, v).(*lossy); *got != *v {
		t.Errorf("came back as %v", got)
	}
	byText := kind.By((*lossy).MarshalText, (*lossy).UnmarshalText)
	c := bound(t, v, byText)
	if err := c.Encode(io.Discard, "", v); err == nil || !strings.Contains(err.Error(), "leave something out") {
		t.Errorf("a method that leaves a field out: %v", err)
	}
	v.Rest = 0
	if got := back(t, v, byText).(*lossy); *got != *v {
		t.Errorf("came back as %v", got)
	}
	p := &promoting{Lossy{lossy{"a", 1}}, 2}
	if got := back(t, p).(*promoting); *got != *p {
		t.Errorf("an embedded struct that is not exported came back as %v", got)
	}
	if _, err := codec.Default.For(reflect.TypeFor[enclosing](), []kind.Kind{byText}); err == nil || err.Error() != "result.lossy: a field that is not exported would not come back" {
		t.Errorf("an embedded struct whose methods cannot be called: %v", err)
	}
	h := &hidden{7}
	if got := back(t, h, kind.By((*hidden).MarshalText, (*hidden).UnmarshalText)).(*hidden); *got != *h {
		t.Errorf("came back as %v", got)
	}
}

// TestValuesThatCannotComeBackAreRefused when they are written.
func TestValuesThatCannotComeBackAreRefused(t *testing.T) {
	cycle := &tree{}
	cycle.Parent = cycle
	twice := &tree{}
	for range 60 {
		twice = &tree{Children: []*tree{twice, twice}}
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(l *time.Location) *time.Time { return new(time.Unix(0, 0).In(l)) }
	shapes := kind.OneOf[shape](kind.Of[square]("square"))
	panicking := kind.By(func(*secretive) ([]byte, error) { panic("no") }, func(*secretive, []byte) error { return nil })
	forgetful := kind.By(func(*secretive) ([]byte, error) { return []byte("x"), nil }, func(*secretive, []byte) error { return nil })
	wavering := kind.By(
		func(s *secretive) ([]byte, error) { return fmt.Append(nil, s.n), nil },
		func(s *secretive, b []byte) error { s.n = 2 * len(b); return nil })
	for name, c := range map[string]struct {
		ptr   any
		kinds []kind.Kind
		want  string
	}{
		"cycle":         {cycle, nil, "contains itself"},
		"shared":        {twice, nil, "shares so many of its parts"},
		"no pointer":    {1, nil, "give a pointer"},
		"nil":           {nil, nil, "give a pointer"},
		"nil pointer":   {(*int)(nil), nil, "give a pointer"},
		"other type":    {&[]shape{square{1}, &blob{}}, []kind.Kind{shapes}, "has a *codec_test.blob in the interface codec_test.shape"},
		"no such zone":  {at(rename(t, berlin, "My/Zone")), nil, "time zone that cannot be loaded"},
		"other rules":   {at(rename(t, berlin, "Europe/Paris")), nil, `time zone called "Europe/Paris" with other rules`},
		"nameless":      {at(rename(t, berlin, "")), nil, `time zone called "" with other rules`},
		"zero location": {new(new(time.Location)), nil, `time zone called "" with other rules`},
		"called Local":  {at(rename(t, berlin, "Local")), nil, `time zone called "Local" with other rules`},
		"panic":         {&secretive{1}, []kind.Kind{panicking}, "panic: no"},
		"loses all":     {&secretive{1}, []kind.Kind{forgetful}, "leave something out"},
		"does not read": {&secretive{1}, []kind.Kind{wavering}, "do not read what they have written"},
	} {
		t.Run(name, func(t *testing.T) {
			c1 := codec.Default
			if v := reflect.ValueOf(c.ptr); v.Kind() == reflect.Pointer && !v.IsNil() {
				c1 = bound(t, c.ptr, c.kinds...)
			}
			err := c1.Encode(io.Discard, "s1", c.ptr)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
