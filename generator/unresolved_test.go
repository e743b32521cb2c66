package generator_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// diagnosed fails unless generating for an archive says what it ends with, in a file
// called want.
func diagnosed(t *testing.T, archive string) {
	t.Helper()
	source, want, _ := strings.Cut(archive, "-- want --\n")
	p := newProgram(t, source)
	files, said := p.generated()
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	if files != nil {
		t.Error("files were generated")
	}
}

func TestWhatDoesNotTypeCheckIsRefusedWhereverItIsReached(t *testing.T) {
	for _, test := range []struct{ name, archive string }{
		{"as a parameter, result or keyed field, or inside of one", `
-- x.go --
package x

import "strings"

//workgen:work
type X struct {
	Key   Absent ` + "`workgen:\"key\"`" + `
	other *Other ` + "`workgen:\"-\"`" + `
}

func (X) Run(a Missing, b map[string][]*strings.Bilder, c, d [2]Gone, e List[Absent]) (f struct{ g Lost }, _ int, h Alias) {
	panic(0)
}

type List[T any] []T

type Alias = *Behind
-- want --
./x.go:7:8: work X: field Key: undefined: Absent
	fix: declare Absent, or run the generator that declares it first
./x.go:8:9: work X: field other: undefined: Other
	fix: declare Other, or run the generator that declares it first
./x.go:11:16: work X: parameter a: undefined: Missing
	fix: declare Missing, or run the generator that declares it first
./x.go:11:49: work X: parameter b: undefined: strings.Bilder
	fix: correct the name, or require a version of the package that declares it
./x.go:11:65: work X: parameter c: undefined: Gone
	fix: declare Gone, or run the generator that declares it first
./x.go:11:65: work X: parameter d: undefined: Gone
	fix: declare Gone, or run the generator that declares it first
./x.go:11:78: work X: parameter e: undefined: Absent
	fix: declare Absent, or run the generator that declares it first
./x.go:11:88: work X: result f: undefined: Lost
	f     struct{g invalid type}   ./x.go:11:88
	f.g   Lost                     ./x.go:11:98
	fix: declare Lost, or run the generator that declares it first
./x.go:11:117: work X: result h: undefined: Behind
	fix: declare Behind, or run the generator that declares it first
`},
		{"in fields, however deep and of whichever package", `
-- x.go --
package x

import "example.com/m/own"

//workgen:work
type X struct{}

func (X) Run(r Req, o own.T) (res Res) { panic(0) }

type Req struct {
	N    int
	Kind Kind
	Mid  map[string]*Mid
	Fn   func(Callback) ` + "`workgen:\"-\"`" + `
}

type Mid struct {
	Embedded
	By map[Key][]Elem
}

type Res struct{ Page own.Page[int] }
-- own/own.go --
package own

type T struct {
	A int
	B Undefined
}

type Page[E any] struct {
	Items []E
	Next  Cursor
}
-- want --
./x.go:8:14: work X: parameter r: undefined: Callback
	r      Req              ./x.go:8:14
	r.Fn   func(Callback)   ./x.go:14:2
	fix: declare Callback, or run the generator that declares it first
./x.go:8:14: work X: parameter r: undefined: Embedded
	r                  Req        ./x.go:8:14
	r.Mid[]            *Mid       ./x.go:13:2
	r.Mid[].Embedded   Embedded   ./x.go:18:2
	fix: declare Embedded, or run the generator that declares it first
./x.go:8:14: work X: parameter r: undefined: Key
	r                 Req              ./x.go:8:14
	r.Mid[]           *Mid             ./x.go:13:2
	r.Mid[].By[key]   map[Key][]Elem   ./x.go:19:2
	fix: declare Key, or run the generator that declares it first
./x.go:8:14: work X: parameter r: undefined: Kind
	r        Req    ./x.go:8:14
	r.Kind   Kind   ./x.go:12:2
	fix: declare Kind, or run the generator that declares it first
./x.go:8:21: work X: parameter o: undefined: Undefined
	o     own.T       ./x.go:8:21
	o.B   Undefined   ./own/own.go:5:2
	fix: declare Undefined, or run the generator that declares it first
./x.go:8:31: work X: result res: undefined: Cursor
	res             Res             ./x.go:8:31
	res.Page        own.Page[int]   ./x.go:22:18
	res.Page.Next   Cursor          ./own/own.go:10:2
	fix: declare Cursor, or run the generator that declares it first
`},
		{"in declarations of which a part is left out", `
-- x.go --
package x

import "example.com/m/key"

//workgen:work
type X struct{}

func (X) Run(t Twice, e Encodes, s Shape) { panic(0) }

type Twice struct {
	A int
	A string
}

type Encodes struct{ N int }

func (Encodes) EncodeKey(e *key.Encoder) {}

type Shape interface{ area() Unit }

type Square struct{}

func (Square) area() Unit { panic(0) }
-- key/key.go --
package key
-- want --
./x.go:8:14: work X: parameter t: A redeclared
	t       Twice   ./x.go:8:14
	Twice   type    ./x.go:10:6
	fix: correct the type
./x.go:8:23: work X: parameter e: undefined: key.Encoder
	e                   Encodes   ./x.go:8:23
	Encodes.EncodeKey   method    ./x.go:17:16
	fix: declare key.Encoder, or run the generator that declares it first
./x.go:8:34: work X: parameter s: undefined: Unit
	s       Shape   ./x.go:8:34
	Shape   type    ./x.go:19:6
	fix: declare Unit, or run the generator that declares it first
`},
		{"among the implementers of an interface", `
-- x.go --
package x

//workgen:work
type X struct{}

func (X) Run(s Shape) { panic(0) }

type Shape interface{ area() int }

type Square struct{ Side int }

func (Square) area() int { return 0 }

type Circle struct{ R Radius }

func (Circle) area() int { return 0 }

type Line struct{}

func (Line) area() Unit { panic(0) }

type Point struct{ Base }
-- want --
./x.go:6:14: work X: parameter s: undefined: Base
	s                Shape   ./x.go:6:14
	s.(Point)        Point   ./x.go:22:6
	s.(Point).Base   Base    ./x.go:22:20
	fix: declare Base, or run the generator that declares it first
./x.go:6:14: work X: parameter s: undefined: Radius
	s              Shape    ./x.go:6:14
	s.(Circle)     Circle   ./x.go:14:6
	s.(Circle).R   Radius   ./x.go:14:21
	fix: declare Radius, or run the generator that declares it first
./x.go:6:14: work X: parameter s: undefined: Unit
	s           Shape    ./x.go:6:14
	s.(Line)    Line     ./x.go:18:6
	Line.area   method   ./x.go:20:13
	fix: declare Unit, or run the generator that declares it first
`},
		{"in a dependency that does not compile, or whose own is missing", `
-- go.mod --
module example.com/m

go 1.26.0

require (
	example.com/dep v0.0.0
	example.com/gone v0.0.0
)

replace example.com/dep => ./dep
-- dep/go.mod --
module example.com/dep

go 1.26.0

require example.com/gone v0.0.0
-- dep/dep.go --
package dep

import "example.com/gone"

type T struct {
	N int
	G gone.G
	U Undefined
}
-- x.go --
package x

import "example.com/dep"

//workgen:work
type X struct{}

func (X) Run(t dep.T) { panic(0) }
-- want --
./go.mod: warning: generated code does not compile yet: go.mod and go.sum lack what github.com/workgen/workgen/runtime needs
	fix: run go get github.com/workgen/workgen/runtime
./x.go:8:14: work X: parameter t: could not import example.com/gone: module lookup disabled by GOPROXY=off
	t     dep.T    ./x.go:8:14
	t.G   gone.G   ./dep/dep.go:7:2
	fix: correct the import, or add its module with go get
./x.go:8:14: work X: parameter t: undefined: Undefined
	t     dep.T       ./x.go:8:14
	t.U   Undefined   ./dep/dep.go:8:2
	fix: declare Undefined, or run the generator that declares it first
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			diagnosed(t, test.archive)
		})
	}
}
