package reach_test

import (
	"strings"
	"testing"

	"github.com/workgen/workgen/generator/reach"
)

const asking = `
-- a/a.go --
package a

import (
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"

	"example.com/m/b"
)

type Inner struct{ At []io.ReaderAt }

//workgen:work
type W struct {
	Inner *Inner ` + "`workgen:\"-\"`" + `
}

type named interface {
	fmt.Stringer
	name()
}

type one struct{}

func (one) name() {}

func (one) String() string { return "old inherited" }

type reader struct{}

func (reader) ReadAt([]byte, int64) (int, error) { return len("old held"), nil }

type odd struct{}

// asked

type number interface {
	~int
	Twice() int
}

type count int

func (c count) Twice() int { return len("old constraint") }

func twice[N number](n N) int { return n.Twice() }

//go:embed "two words.txt" b.txt
var text string

func (w W) Run(n int) (string, error) {
	s := b.Registered().(named).String() + text
	if _, ok := any(odd{}).(interface{ Odd() }); ok {
		s += "odd"
	}
	switch any(odd{}).(type) {
	case b.Switched:
		s += "switched"
	}
	proxy := &httputil.ReverseProxy{Transport: b.Transport}
	proxy.ServeHTTP(nil, nil)
	return s + fmt.Sprint(twice(count(1)), w.Inner.At[0]), nil
}

var _ = http.StatusOK
-- a/two words.txt --
old quoted
-- a/b.txt --
b
-- b/b.go --
package b

type Switched interface{ Switch() }

type transport struct{}

var Transport = New(transport{})

func Registered() any { return nil }
-- b/transport.go --
package b

import "net/http"

func New(t http.RoundTripper) http.RoundTripper { return t }

func (transport) RoundTrip(*http.Request) (*http.Response, error) { panic("old field") }
`

// What a declaration asks of types that it does not name belongs to it, too.
func TestAsked(t *testing.T) {
	before := names(of(t, write(t, asking)))
	base := sum(t, asking)
	for _, change := range [][2]string{
		{"old inherited", "new"}, // by an interface of the module that embeds fmt.Stringer
		{"old held", "new"},      // in a field of a field
		{"old constraint", "new"},
		{"old quoted", "new"}, // a quoted pattern of go:embed
		{"old field", "new"},  // net/http calls it, httputil is named
		{"// asked", "func (odd) Odd() {}"},
		{"// asked", "func (odd) Switch() {}"},
	} {
		if sum(t, strings.Replace(asking, change[0], change[1], 1)) == base {
			t.Errorf("%q may become %q and nothing changes; reached:\n%s", change[0], change[1], before)
		}
	}
}

// sum is the fingerprint of W.Run.
func sum(t *testing.T, archive string) string {
	t.Helper()
	var all []string
	for _, s := range of(t, write(t, archive)).Symbols() {
		all = append(all, s.Short())
	}
	return strings.Join(all, "\n")
}

// Where code only asks whether a value has an interface, which types have it counts, and
// not what their methods do.
func TestOnlyAsked(t *testing.T) {
	const archive = `
-- a/a.go --
package a

//workgen:work
type W struct{}

func (W) Run(n int) bool {
	v := get(n)
	QUESTION
	return false
}

func get(n int) any { return n }

type Shape interface{ Area() int }

type Round interface {
	Shape
	error
}
-- b/b.go --
package b

type Square struct{ side int }

func (s Square) Area() int { return s.side }

func (s Square) Error() string { return "error" }
`
	for _, test := range []struct {
		question string
		only     bool
	}{
		{`if _, ok := v.(Shape); ok { return true }`, true},
		{`_, ok := (v.(Round)); return ok`, true},
		{`switch v.(type) { case nil: return false; case Shape: return true }`, true},
		{`switch v := v.(type) { case Shape: return v.Area() > 0 }`, false},
		{`if s, ok := v.(Shape); ok { return s.Area() > 0 }`, false},
		{`_ = v.(Shape)`, false},
		{`_, ok := v.(interface{ Area() int; error }); return ok`, true},
	} {
		with := func(old, with string) string {
			asking := strings.Replace(archive, "QUESTION", test.question, 1)
			if !strings.Contains(asking, old) {
				t.Fatal(old)
			}
			return reach.Fingerprint(of(t, write(t, strings.Replace(asking, old, with, 1))).Symbols())
		}
		base := with("", "")
		if (with("return s.side", "return 2 * s.side") == base) != test.only || (with("{ side", "{ color, side") == base) != test.only {
			t.Errorf("%s: it does not matter what the method does: %t, want %t", test.question, !test.only, test.only)
		}
		for _, change := range [][2]string{{"Area() int { return s", "Areas() int { return s"}, {"Square) Area", "*Square) Area"}, {"type Square", "type Circle struct { Square }\n\ntype Square"}} {
			if with(change[0], change[1]) == base {
				t.Errorf("%s: nothing changes with %s", test.question, change[1])
			}
		}
	}
}
