package scan_test

import (
	"testing"
)

func TestADirectiveInTheWrongPlaceIsReported(t *testing.T) {
	testProblems(t, []problem{
		{"on a function", `package x

//workgen:work
func f() {}
`, `
./x.go:3:1: //workgen:work is on function f, not on a struct type
	fix: put it in the doc comment above the work's type
`},
		{"on a method", `package x

type X struct{}

// Run runs.
//
//workgen:work
func (X) Run() {}
`, `
./x.go:7:1: //workgen:work is on function Run, not on a struct type
	fix: put it in the doc comment above the work's type
`},
		{"on variables, constants, imports, fields and the package", `//workgen:work
package x

//workgen:work
import _ "fmt"

//workgen:work
var v int

//workgen:work
const c = 1

var (
	//workgen:work
	w int
)

type s struct {
	//workgen:work
	f int
}

type i interface {
	//workgen:work
	Run()
}
`, `
./x.go:1:1: //workgen:work is on the package clause, not on a struct type
	fix: put it in the doc comment above the work's type
./x.go:4:1: //workgen:work is on an import, not on a struct type
	fix: put it in the doc comment above the work's type
./x.go:7:1: //workgen:work is on a var declaration, not on a struct type
	fix: put it in the doc comment above the work's type
./x.go:10:1: //workgen:work is on a const declaration, not on a struct type
	fix: put it in the doc comment above the work's type
./x.go:14:2: //workgen:work is on a var declaration, not on a struct type
	fix: put it in the doc comment above the work's type
./x.go:19:2: //workgen:work is on a field or method, not on a struct type
	fix: put it in the doc comment above the work's type
./x.go:24:2: //workgen:work is on a field or method, not on a struct type
	fix: put it in the doc comment above the work's type
`},
		{"on a group of types", `package x

//workgen:work
type (
	X struct{}
)
`, `
./x.go:3:1: //workgen:work is on a group of declarations, not on a struct type
	fix: put it in the doc comment above the work's type
`},
		{"behind a type", `package x

type X struct{} //workgen:work
`, `
./x.go:3:17: //workgen:work is on the end of a line, not on a struct type
	fix: put it in the doc comment above the work's type
`},
		{"detached from the type by a blank line", `package x

//workgen:work

type X struct{}
`, `
./x.go:3:1: //workgen:work belongs to no declaration
	fix: remove the blank line between it and type X
`},
		{"before something else, inside something, and at the end", `package x

//workgen:work

func f() {
	//workgen:work
	_ = 1
}

type s struct {
	f int

	//workgen:work
}

//workgen:work
`, `
./x.go:3:1: //workgen:work belongs to no declaration
	fix: put it in the doc comment of the work's type
./x.go:6:2: //workgen:work belongs to no declaration
	fix: put it in the doc comment of the work's type
./x.go:13:2: //workgen:work belongs to no declaration
	fix: put it in the doc comment of the work's type
./x.go:16:1: //workgen:work belongs to no declaration
	fix: put it in the doc comment of the work's type
`},
		{"on a type inside a function", `package x

func f() {
	//workgen:work
	type X struct{}
	_ = func() {
		//workgen:work
		type Y struct{}
	}
}
`, `
./x.go:4:2: work X: a work cannot be declared inside a function
	fix: move the type to package level
./x.go:7:3: work Y: a work cannot be declared inside a function
	fix: move the type to package level
`},
	})
}

func TestAMistypedDirectiveIsReported(t *testing.T) {
	testProblems(t, []problem{
		{"a name that is unknown", `package x

//workgen:wrok ttl=1h
type X struct{}

//workgen:work,share
type Y struct{}

//workgen:
type Z struct{}

//workgen: work
type W struct{}
`, `
./x.go:3:1: unknown directive //workgen:wrok
	fix: write //workgen:work
./x.go:6:1: unknown directive //workgen:work,share
	fix: write //workgen:work
./x.go:9:1: unknown directive //workgen:
	fix: write one of //workgen:work, //workgen:allow, //workgen:encode, //workgen:oneof, //workgen:ignore
./x.go:12:1: unknown directive //workgen:
	fix: write one of //workgen:work, //workgen:allow, //workgen:encode, //workgen:oneof, //workgen:ignore
`},
		{"a space before it", `package x

// workgen:work
type X struct{}

// Y works.
//
//  workgen:work ttl=1h share
type Y struct{}

/* workgen:work */
type Z struct{}

/*workgen:work share*/
type W struct{}

// workgen:wrok share ttl=1h
type V struct{}

//workgen work
type U struct{}

//Workgen:work ttl=1h
type T struct{}

// workgen works well with types such as this one.
type R struct{}
`, `
./x.go:3:1: this comment is no directive: its form makes it text
	fix: write //workgen:work at the start of the comment
./x.go:8:1: this comment is no directive: its form makes it text
	fix: write //workgen:work ttl=1h share at the start of the comment
./x.go:11:1: this comment is no directive: its form makes it text
	fix: write //workgen:work at the start of the comment
./x.go:14:1: this comment is no directive: its form makes it text
	fix: write //workgen:work share at the start of the comment
./x.go:17:1: this comment is no directive: its form makes it text
	fix: write //workgen:work share ttl=1h at the start of the comment
./x.go:20:1: this comment is no directive: its form makes it text
	fix: write //workgen:work at the start of the comment
./x.go:23:1: this comment is no directive: its form makes it text
	fix: write //workgen:work ttl=1h at the start of the comment
`},
		{"prose about it is none", `package x

// workgen:work marks a type as a work, see [X].
//
//	//workgen:work
//
// Other directives are no business of ours.
//
//go:generate true
//other:work
type X struct{}

const s = "//workgen:wrok"
`, ``},
		{"twice", `package x

//workgen:work ttl=1h
//workgen:work share
type X struct{}

func (X) Run() {}
`, `
./x.go:4:1: a second //workgen:work on one declaration
	fix: put all options in one directive
`},
	})
}

func TestWhatCannotBeAWorkIsReported(t *testing.T) {
	testProblems(t, []problem{
		{"types that are no structs", `package x

//workgen:work
type A = B

type B struct{}

//workgen:work
type C interface{ Run() }

//workgen:work
type D int

//workgen:work
type E B

//workgen:work
type F func(int)

//workgen:work
type G *B

//workgen:work
type _ struct{}

func (D) Run() {}
`, `
./x.go:4:8: work A: an alias cannot be a work
	fix: remove the = to declare a type of its own, or mark the type it stands for
./x.go:9:8: work C: a work is declared as a struct type, not as interface{Run()}
	fix: write type C struct { ... }
./x.go:12:8: work D: a work is declared as a struct type, not as int
	fix: write type D struct { ... }
./x.go:15:8: work E: a work is declared as a struct type, not as B
	fix: write type E struct { ... }
./x.go:18:8: work F: a work is declared as a struct type, not as func(int)
	fix: write type F struct { ... }
./x.go:21:8: work G: a work is declared as a struct type, not as *B
	fix: write type G struct { ... }
./x.go:24:6: a work needs a name
	fix: name the type
`},
		{"a type with parameters, with its options", `package x

//workgen:work tttl=1h
type X[T any] struct{ v T }

func (X[T]) Run() {}
`, `
./x.go:3:16: work X: unknown option "tttl"
	fix: write ttl
./x.go:4:7: work X: a work cannot have type parameters: each instance would need a wrapper of its own
	fix: declare a concrete struct type for each instance that is needed
`},
		{"a type declared twice", `
-- a.go --
package x

//workgen:work
type X struct{}

func (X) Run() {}
-- b.go --
package x

//workgen:work
type X struct{}
`, `
./b.go:4:6: work X: X redeclared in this block
	fix: remove or rename one of the declarations
`},
		{"a type that contains itself", `package x

//workgen:work
type X struct{ x X }

func (X) Run() {}
`, `
./x.go:4:6: work X: invalid recursive type: X refers to itself
	fix: correct its declaration
`},
	})
}

func TestAWorkNeedsARunOfItsOwn(t *testing.T) {
	testProblems(t, []problem{
		{"no method at all", `package x

//workgen:work
type Fetch struct{}

func Run() {}
`, `
./x.go:4:6: work Fetch: the type has no Run method
	fix: declare func (f *Fetch) Run(ctx context.Context, ...) (..., error)
`},
		{"a method of nearly that name", `package x

//workgen:work
type X struct{}

func (X) run() {}
`, `
./x.go:6:10: work X: method run is not Run: a work's method is called Run
	fix: rename it to Run
`},
		{"a field of that name", `package x

//workgen:work
type X struct{ Run func() }
`, `
./x.go:4:16: work X: Run is a field, not a method
	fix: rename the field and declare func (x *X) Run(ctx context.Context, ...) (..., error)
`},
		{"a promoted method", `package x

type Base struct{}

func (*Base) Run() {}

//workgen:work
type X struct {
	n int
	*Base
}
`, `
./x.go:10:3: work X: Run is promoted from the embedded field Base, so it does not see the fields of X
	fix: declare func (x *X) Run(ctx context.Context, ...) (..., error), which may call that of Base
`},
		{"two promoted methods", `package x

type A struct{}

func (A) Run() {}

type B struct{}

func (B) Run() {}

//workgen:work
type X struct {
	A
	B
}
`, `
./x.go:12:6: work X: Run is ambiguous: more than one embedded field has it
	fix: declare func (x *X) Run(ctx context.Context, ...) (..., error)
`},
		{"a method in a test only", `
-- x.go --
package x

//workgen:work
type X struct{}
-- x_test.go --
package x

func (X) Run() {}
`, `
./x.go:4:6: work X: the type has no Run method
	fix: declare func (x *X) Run(ctx context.Context, ...) (..., error)
`},
	})
}
