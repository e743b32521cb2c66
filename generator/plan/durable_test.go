package plan_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/plan"
	"github.com/workgen/workgen/generator/scan"
)

// storedTypes are what the results below are made of.
const storedTypes = `package p

import (
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"time"
	"unique"
	"unsafe"
)

var _ big.Int
var _ netip.Addr
var _ url.URL
var _ unique.Handle[int]

var _ net.IP
var _ time.Time
var _ unsafe.Pointer

type Level int

type Row struct {
	Name   string
	At     time.Time
	Levels map[Level][]*float64
	_      int
}

type Base struct{ Rows [2]Row }

type Table struct {
	Base
	IP   net.IP
	Next *struct{ N int }
}

type hidden struct {
	N    int
	done bool
}

type embeds struct{ Base }

type lower struct{ base }

type base struct{ N int }

type Tagged struct {
	Log  func() ` + "`workgen:\"-\"`" + `
	Hook Hook
}

type Hook struct{ Done chan int }

type Node struct{ Left, Right *Node }

type Locked struct{ Mu sync.Mutex }

type Custom struct{ n int }

type Apart struct {
	//workgen:oneof int string
	By map[any]int
	//workgen:oneof []string
	Names any
}

type Pointing struct {
	//workgen:oneof *Node
	Node any
}
`

// planResults plans a work for each result type and returns them in order.
func planResults(t *testing.T, results []string) []*plan.Work {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	source := storedTypes
	for i, result := range results {
		source += fmt.Sprintf("\n//workgen:work share\ntype W%d struct{}\n\nfunc (W%d) Run() %s { panic(0) }\n", i, i, result)
	}
	for name, content := range map[string]string{"go.mod": "module example.com/p\n\ngo 1.26\n", "p.go": source} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	pkgs, err := load.Load(t.Context(), load.Config{Dir: dir, Env: append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off")})
	if err != nil {
		t.Fatal(err)
	}
	var diags diag.List
	planned := plan.Plan(scan.Scan(pkgs[0], &diags), &diags)
	if len(planned.Works) != len(results) {
		t.Fatalf("%d works, want %d", len(planned.Works), len(results))
	}
	return planned.Works
}

func TestResultsThatComeBackEqualAreStorable(t *testing.T) {
	tests := []struct{ result, want string }{
		{"", ""},
		{"error", ""},
		{"(Row, error)", ""},
		{"(int, string, []byte, float64, complex128, Level)", ""},
		{"(t Table, at *time.Time, d time.Duration)", ""},
		{"map[struct{ P *int }]bool", "result1: the keys of a map are found by addresses in them, which do not come back"},
		{"map[[2]Level]struct{}", ""},
		{"[]struct{ A, B int }", ""},
		{"**[]map[string]*[3]int", ""},
		{"hidden", "result1.done: a field that is not exported would not come back"},
		{"(a, b []hidden)", "a[].done: a field that is not exported would not come back\nb[].done: a field that is not exported would not come back"},
		{"embeds", ""},
		{"lower", ""},
		{"Tagged", "result1.Log: a field tagged `workgen:\"-\"` would not come back\nresult1.Hook.Done: a channel has no value"},
		{"*Node", ""},
		{"Locked", "result1.Mu: a lock is not stored"},
		{"any", "result1: an interface can hold a value of any type"},
		{"(int, error, error)", "result2: an interface can hold a value of any type"},
		{"func()", "result1: a function has no value"},
		{"map[string][]chan int", "result1[][]: a channel has no value"},
		{"unsafe.Pointer", "result1: an unsafe.Pointer is an address and has no value"},
		{"map[*int]string", "result1: the keys of a map are found by addresses in them, which do not come back"},
		{"net.IPNet", ""},
		{"time.Location", "result1: a time.Location is known by its pointer and must not be copied"},
		{"(a *big.Int, b big.Rat, c []*big.Float, d netip.Prefix, e *url.URL)", ""},
		{"unique.Handle[string]", ""},
		{"(Apart, int)", ""},
		{"(Apart, Pointing)", "result1.By: the keys of a map are found by addresses in them, which do not come back"},
		{"Custom", "result1.n: a field that is not exported would not come back"},
	}
	var results []string
	for _, test := range tests {
		results = append(results, test.result)
	}
	for i, w := range planResults(t, results) {
		var got []string
		for _, o := range w.NotStorable {
			got = append(got, o.String())
		}
		if diff := cmp.Diff(tests[i].want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s:\n%s", tests[i].result, diff)
		}
		if w.Storable != (tests[i].want == "") {
			t.Errorf("%s: storable is %v", tests[i].result, w.Storable)
		}
	}
}

func TestAnObstacleHasTheWayToIt(t *testing.T) {
	w := planResults(t, []string{"(table map[string]Tagged)"})[0]
	got := ""
	for _, s := range w.NotStorable[1].Path {
		got += fmt.Sprintf("%s %s %d:%d\n", s.Expr, s.Type, s.Pos.Line, s.Pos.Column)
	}
	want := "table[] Tagged 79:18\ntable[].Hook Hook 53:2\ntable[].Hook.Done chan int 56:19\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
