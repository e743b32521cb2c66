package scan_test

import "testing"

func TestTheContextComesFirst(t *testing.T) {
	testProblems(t, []problem{
		{"a context that is not first", `package x

import "context"

//workgen:work
type X struct{}

func (X) Run(day string, ctx context.Context) {}
`, `
./x.go:8:26: work X: the context must be the first parameter of Run, and the only one
	fix: move it to the front
`},
		{"two contexts", `package x

import "context"

//workgen:work
type X struct{}

func (X) Run(context.Context, context.Context) {}
`, `
./x.go:8:31: work X: the context must be the first parameter of Run, and the only one
	fix: remove it: Run has a context already
`},
	})
}

// Code that only lacks the wrappers has nothing wrong with it.
func TestMissingWrappersAreNoProblem(t *testing.T) {
	w := work(t, `package x

//workgen:work
type Train struct {
	fetch *FetchRunner `+"`workgen:\"-\"`"+`
}

func (t *Train) Run(day string) (int, error) {
	data, err := t.fetch.Run(nil, day)
	return len(data), err
}

var train = NewTrainRunner(&Train{})
`)
	if len(w.Fields) != 1 || w.Fields[0].Name != "fetch" {
		t.Errorf("fields %+v", w.Fields)
	}
}

func TestCollisionsOfGeneratedNamesAreReported(t *testing.T) {
	testProblems(t, []problem{
		{"with declarations, imports and tests", `
-- x.go --
package x

import fetchRunner "fmt"

//workgen:work
type fetch struct{}

func (fetch) Run() (int, int) { fetchRunner.Println(); return 0, 0 }

func newFetchRunner() {}

const fetchResult = 1

type other struct{}

func (other) fetchArgs() {}
-- x_test.go --
package x

var a, fetchArgs = 1, 2
-- y_test.go --
package x_test

type fetchArgs int
`, `
./x.go:3:8: work fetch: fetchRunner is declared here, but it is the name of what is generated for the work
	fix: rename this declaration, or the work
./x.go:10:6: work fetch: newFetchRunner is declared here, but it is the name of what is generated for the work
	fix: rename this declaration, or the work
./x.go:12:7: work fetch: fetchResult is declared here, but it is the name of what is generated for the work
	fix: rename this declaration, or the work
./x_test.go:3:8: work fetch: fetchArgs is declared here, but it is the name of what is generated for the work
	fix: rename this declaration, or the work
`},
		{"a result name that is not generated is free", `package x

//workgen:work
type Fetch struct{}

func (Fetch) Run() (FetchResult, error) { panic(0) }

type FetchResult int
`, ``},
		{"by a dot import", `
-- x.go --
package x

import . "example.com/x/dot"

//workgen:work
type Fetch struct{}

func (Fetch) Run(T) {}
-- dot/dot.go --
package dot

type (
	T         int
	FetchArgs int
)
`, `
./x.go:3:8: work Fetch: FetchArgs is declared here, but it is the name of what is generated for the work
	fix: rename this declaration, or the work
`},
		{"between two works", `package x

//workgen:work
type fetch struct{}

func (fetch) Run() {}

//workgen:work
type newFetch struct{}

func (newFetch) Run() {}
`, `
./x.go:9:6: work newFetch: its generated newFetchRunner is also generated for work fetch
	fix: rename one of the two works
`},
		{"with a generated file of earlier is none", `
-- x.go --
package x

//workgen:work
type Fetch struct{}

func (Fetch) Run() {}
-- workgen_gen.go --
package x

type FetchRunner struct{}
`, ``},
	})
}
