package reach_test

import "testing"

// Of an interface from outside only those types count that are reached, or that
// the work may hold.
func TestInterfacesFromOutside(t *testing.T) {
	const want = `a.Held
a.Held.RoundTrip
a.Reader
a.Reader.Read
a.Shown
a.Shown.MarshalText
a.W
a.W.Run
a.read`
	if got := names(of(t, write(t, `
-- a/a.go --
package a

import (
	"encoding/json"
	"io"
	"net/http"
)

//workgen:work
type W struct {
	HTTP http.RoundTripper
	Err  error
}

func (w W) Run(n int) (int, error) {
	json.Marshal(Shown{})
	return read(&Reader{})
}

func read(r io.Reader) (int, error) { return r.Read(nil) }

type Reader struct{}

func (*Reader) Read(p []byte) (int, error) { return 0, nil }

func (*Reader) More() {}

type Shown struct{}

func (Shown) MarshalText() ([]byte, error) { return nil, nil }

func (Shown) Method() {}

type Unreached struct{}

func (*Unreached) Read(p []byte) (int, error) { return 0, nil }

func (*Unreached) Error() string { return "" }

type Held struct{}

func (*Held) RoundTrip(*http.Request) (*http.Response, error) { return nil, nil }

func (*Held) Other() {}
`))); got != want {
		t.Errorf("got\n%s", got)
	}
}

// Templates and reflection call methods by names that nobody can foresee.
func TestMethodsCalledByName(t *testing.T) {
	for _, code := range []struct{ imports, call string }{
		{"text/template", "template.New(``)"},
		{"reflect", "reflect.ValueOf(T{}).MethodByName(``)"},
	} {
		got := names(of(t, write(t, `
-- a/a.go --
package a

import "`+code.imports+`"

//workgen:work
type W struct{}

func (w W) Run(n int) T { `+code.call+`; return T{} }

type T struct{}

func (T) Any() {}

func (T) hidden() {}
`)))
		if got != "a.T\na.T.Any\na.W\na.W.Run" {
			t.Errorf("%s: got\n%s", code.imports, got)
		}
	}
}
