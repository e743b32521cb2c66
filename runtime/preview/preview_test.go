package preview

import (
	"math/big"
	"strings"
	"testing"
	"time"
)

type node struct {
	Name string
	Next *node
}

type login struct {
	User   string
	hidden time.Duration
}

type base struct {
	Seen map[string]int `workgen:"-"`
	At   time.Time
}

// job has a field that is no input, and methods that read it.
type job struct {
	base
	N     int
	Token string `workgen:"-"`
	_     *int
}

func (j job) MarshalText() ([]byte, error) { return []byte(j.Token), nil }

// holder has a promoted method.
type holder struct{ job }

// boxed has a method that may read anything.
type boxed struct{ V any }

func (b boxed) MarshalText() ([]byte, error) { return b.V.(job).MarshalText() }

// ring leads back to itself, and to a field that is no input.
type ring struct {
	Next *ring
	Jobs map[string][]*job
}

func (r ring) MarshalText() ([]byte, error) { return r.Jobs["a"][0].MarshalText() }

type (
	stamp  time.Time
	amount big.Int
	label  time.Time
)

func (label) MarshalText() ([]byte, error) { return []byte("label"), nil }

type bad struct{}

func (bad) MarshalText() ([]byte, error) { panic("no") }

func TestTextIsShortAndReadable(t *testing.T) {
	ring := &node{Name: "a"}
	ring.Next = ring
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"nil":                  {nil, "nil"},
		"a string":             {"a \"b\"", `"a \"b\""`},
		"numbers":              {[]any{1, uint8(2), 2.5, 1i}, "[1, 2, 2.5, (0+1i)]"},
		"a nil slice":          {[]int(nil), "nil"},
		"an empty slice":       {[]int{}, "[]"},
		"a long slice":         {make([]int, 1000), "[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 987 more]"},
		"a map, sorted":        {map[string]int{"b": 2, "a": 1}, `{"a": 1, "b": 2}`},
		"pointers":             {&node{Name: "x"}, `{Name: "x", Next: nil}`},
		"a duration":           {3 * time.Second, "3s"},
		"a time":               {time.Date(2022, 5, 25, 0, 0, 0, 0, time.UTC), "2022-05-25T00:00:00Z"},
		"a text marshaller":    {big.NewInt(12), "12"},
		"declared as a time":   {stamp(time.Date(2022, 5, 25, 0, 0, 0, 0, time.UTC)), "2022-05-25T00:00:00Z"},
		"as a number":          {(*amount)(big.NewInt(12)), "12"},
		"with its own text":    {label(time.Time{}), "label"},
		"a panicking one":      {bad{}, "(cannot be shown)"},
		"a struct":             {login{"ann", 1}, `{User: "ann", hidden: 1ns}`},
		"bytes that are text":  {[]byte("hello"), `"hello"`},
		"bytes that are not":   {[]byte{0xff, 0}, "0xff00"},
		"a function":           {strings.ToUpper, "(func(string) string)"},
		"a string that is cut": {strings.Repeat("ä", 100), `"` + strings.Repeat("ä", 13) + `"… (174 bytes more)`},
	} {
		if got := Text(c.value, 50); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	if got := Text(ring, 10_000); len(got) > 300 {
		t.Errorf("a ring: %s", got)
	}
}

func TestFieldsThatAreNoInputAreNotRead(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"a field that is no input": {struct {
			A     int
			Token string `workgen:"-"`
			_     int
		}{1, "secret", 2}, "{A: 1, Token: -}"},
		"a method that could read it": {job{N: 1, Token: "secret"}, `{base: {Seen: -, At: 0001-01-01T00:00:00Z}, N: 1, Token: -}`},
		"a promoted one":              {&holder{job{N: 1}}, `{job: {base: {Seen: -, At: 0001-01-01T00:00:00Z}, N: 1, Token: -}}`},
		"a secret": {struct {
			A     int
			Token string `workgen:"secret"`
		}{1, "hunter2"}, "{A: 1, Token: (secret)}"},
		"one behind an interface": {[]any{boxed{job{Token: "secret"}}}, "[{V: {base: {Seen: -, At: 0001-01-01T00:00:00Z}, N: 0, Token: -}}]"},
		"one in a recursive type": {ring{Jobs: map[string][]*job{"a": {{}}}}, `{Next: nil, Jobs: {"a": [{base: {Seen: -, At: 0001-01-01T00:00:00Z}, N: 0, Token: -}]}}`},
		"a key of a map":          {map[login]int{{"ann", 1}: 1}, `{{User: "ann", hidden: 1ns}: 1}`},
	} {
		if got := Text(c.value, 200); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestTextIsBoundedForHugeValues(t *testing.T) {
	huge := make([][]int, 1_000_000)
	deep := &node{}
	for range 1_000_000 {
		deep = &node{Next: deep}
	}
	for _, v := range []any{huge, deep, make([]byte, 100<<20), strings.Repeat("x", 100<<20), map[string][][]int{"a": huge}} {
		if n := testing.AllocsPerRun(1, func() {
			if got := Text(v, 200); len(got) > 210 {
				t.Errorf("%T: %d bytes", v, len(got))
			}
		}); n > 2000 {
			t.Errorf("%T: %v allocations", v, n)
		}
	}
}

func TestLinesBreaksWhatIsLong(t *testing.T) {
	got := Lines([]node{{Name: strings.Repeat("x", 80)}, {Name: "y"}}, 1000)
	want := "[\n  {\n    Name: \"" + strings.Repeat("x", 80) + "\",\n    Next: nil\n  },\n  {Name: \"y\", Next: nil}\n]"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got = Lines(make([]int, 30), 1000)
	want = "[\n  " + strings.Repeat("0, ", 23) + "0,\n  " + strings.Repeat("0, ", 5) + "0\n]"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

func TestErrorNeverFails(t *testing.T) {
	if got := Error(&nilError{"bad"}); got != "bad" {
		t.Errorf("got %q", got)
	}
	if got := Error((*nilError)(nil)); !strings.Contains(got, "*preview.nilError") {
		t.Errorf("got %q, want the type", got)
	}
}

func TestAStructHasItsName(t *testing.T) {
	if got := Struct(login{User: "somebody"}); !strings.HasPrefix(got, `login{User: "somebody"`) {
		t.Error(got)
	}
}
