package generator_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/workgen/workgen/generator"
	"github.com/workgen/workgen/generator/diag"
)

// storedTypes are judged by the generator, which looks at the source, and by the codec,
// which looks at the types of a program.
var storedTypes = []string{
	// What is walked.
	"bool", "int", "[]byte", "[4]uint8", "float32", "complex64", "string", "error2", "Level", "[]Level", "map[string][]*float64",
	"Row", "*Row", "**Row", "[2]Row", "map[Row]Row", "Generic[int, string]", "Generic[Row, *Generic[int, []byte]]", "Generic[uintptr, int]",
	"Tree", "*Tree", "List", "Dict", "struct{}", "struct{ A, B int }", "Embeds", "Lower", "ext.Fields", "ext.Marked", "*ext.Marked", "[]ext.Promoting",
	"ext.Doc", "[]*ext.Doc", "struct{ D ext.Doc }", "ext.Half", "ext.Pointing", "Shadowed", "*Deeper", "Pointing", "Timed", "Tagging", "encoded", "Encoded", "Lockable", "struct{ lower }", "Mine",
	"struct { A int; none struct{} }", "struct { A int; _ [0]func() }", "struct { _ int; A int }", "struct { A [0]func() }",

	// What is known.
	"time.Time", "*time.Time", "time.Duration", "*time.Location", "time.Location", "Zone", "Stamp", "*ext.Stamp", "struct{ S []Stamp }", "Amount", "*Amount", "Ratio", "Real", "User", "*Addr", "Port", "Net", "Locking", "Text", "Handle", "Where", "big.Int", "*big.Int", "big.Rat", "[]*big.Float",
	"Big", "netip.Addr", "netip.AddrPort", "*netip.Prefix", "net.IP", "net.IPNet", "url.URL", "*url.URL", "url.Userinfo", "json.Number",
	"sql.NullTime", "http.Header", "http.Cookie", "regexp.Regexp", "strings.Builder", "bytes.Buffer", "template.HTML", "atomic.Int64", "sync.Mutex", "*sync.Mutex",

	// What has no value, or none that comes back.
	"uintptr", "struct{ PC uintptr }", "unsafe.Pointer", "[]unsafe.Pointer", "func()", "map[string]func()", "chan int", "[][]chan int", "[0]func()",
	"any", "error", "[]error", "fmt.Stringer", "io.Reader", "Hidden", "[]Hidden", "ext.Hidden", "[]*ext.Hidden", "Tagged", "map[string]Tagged",
	"Locked", "Spin", "[]*Spin", "NoCopy", "*NoCopy", "*ext.NoCopy", "struct { A int; none noCopy }", "Once",

	// What methods write.
	"ext.Decimal", "*ext.Decimal", "[]ext.Decimal", "map[string]ext.Decimal", "map[ext.Decimal]int", "ext.Written", "[]ext.Written", "ext.Lossy", "ext.Unlisted",
	"struct{ ext.Decimal }", "Generic[ext.Decimal, int]",

	// Interfaces.
	"Shape", "[]Shape", "map[string]Shape", "map[Shape]int", "map[Plain]int", "Plain", "Bad", "[]Bad", "Document", "Expr", "*Expr",
	"struct{ S Shape }", "interface{ Shape }",

	// Keys of maps, and handles.
	"map[time.Time]int", "map[Stamp]int", "map[string]Stamp", "map[ext.Stamp]int", "map[Addr]int", "map[User]Addr", "map[Lower]int", "map[Keyed]int", "map[ext.Plain]int", "map[ext.Keyed]int", "map[struct{ At time.Time }]int", "map[*int]string", "map[[2]*int]int", "map[[0]*int]int", "map[netip.Addr]int", "map[*time.Location]int",
	"map[Generic[time.Time, int]]int", "map[url.Userinfo]int", "map[float64]int", "map[chan int]int", "map[any]int", "map[unique.Handle[string]]int",
	"unique.Handle[string]", "[]unique.Handle[Row]", "unique.Handle[time.Time]", "unique.Handle[*int]", "unique.Handle[Hidden]", "unique.Handle[Plain]", "Named",

	// What encodes itself in keys.
	"Self", "[]*Self", "Selfish", "map[string]Selfish", "ext.Self", "ext.Selfish", "*ext.Selfish", "Asking", "[]Asking",
}

const storedSource = `
-- ext/ext.go --
package ext

import (
	"time"

	"github.com/workgen/workgen/runtime/key"
)

type Self struct{ S sealed; N int }

func (Self) EncodeKey(*key.Encoder) {}

type sealed interface{ seal() }

type Seal struct{}

func (Seal) seal() {}

type Selfish struct{ F func() }

func (*Selfish) EncodeKey(*key.Encoder) {}

type Stamp time.Time
type marker struct{}
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

type Fields struct{ A int; B *string }
type Marked struct {
	A *int
	marker
	_ [0]func()
	none [0]int
}
type NoCopy struct { _ noCopy; A int }
type Hidden struct{ A int; n int }
type Lossy struct { Name string; Rest int; mark struct{} }

func (l Lossy) MarshalText() ([]byte, error)    { return []byte(l.Name), nil }
func (l *Lossy) UnmarshalText(b []byte) error   { l.Name = string(b); return nil }
func (l Lossy) MarshalBinary() ([]byte, error)  { return []byte(l.Name), nil }
func (l *Lossy) UnmarshalBinary(b []byte) error { l.Name = string(b); return nil }
func (l Lossy) MarshalJSON() ([]byte, error)    { return nil, nil }
func (l *Lossy) UnmarshalJSON(b []byte) error   { return nil }
func (l Lossy) GobEncode() ([]byte, error)      { return nil, nil }
func (l *Lossy) GobDecode(b []byte) error       { return nil }

type Promoting struct { Lossy; Own int }
type Doc struct { base; Title string }
type base struct { ID string; at; _ [0]func() }
type at struct{ When *Stamp }
type Half struct { half; A int }
type half struct { N int; n int }
type Pointing struct{ *base }
type Plain struct{ point }
type point struct{ X, Y int }
type Keyed struct{ keyed }
type keyed struct{ P *int }
type Decimal struct{ n int }

func (d Decimal) MarshalText() ([]byte, error)  { return nil, nil }
func (d *Decimal) UnmarshalText(b []byte) error { return nil }

type Unlisted struct{ n int }

func (d Unlisted) MarshalText() ([]byte, error)  { return nil, nil }
func (d *Unlisted) UnmarshalText(b []byte) error { return nil }

type Written struct{ n int }

func (Written) MarshalText() ([]byte, error) { return nil, nil }
-- types.go --
package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unique"
	"unsafe"

	"example.com/m/ext"
	"github.com/workgen/workgen/runtime/key"
)

var (
	_ bytes.Buffer; _ sql.NullTime; _ json.Number; _ fmt.Stringer; _ template.HTML; _ io.Reader; _ big.Int
	_ net.IP; _ http.Header; _ netip.Addr; _ url.URL; _ regexp.Regexp; _ strings.Builder; _ sync.Mutex
	_ atomic.Int64; _ unique.Handle[int]; _ unsafe.Pointer; _ ext.Fields
)

//workgen:encode ext.Decimal text
//workgen:encode ext.Written text

type (
	error2 int
	Level int
	Row struct { Name string; At [2]Level; _ int }
	Generic[A, B any] struct { First A; Second B }
	Tree struct { Value int; Children []*Tree; Parent *Tree }
	List []List
	Dict map[string]Dict
	Embeds struct { Row; *Tree }
	lower struct{ N int }
	Lower struct{ lower }
	Shadowed struct { lower; N string }
	deeper struct { lower; At *Stamp }
	Deeper struct { deeper; *Tree }
	Pointing struct{ *lower }
	stamp time.Time
	Timed struct { lower; stamp }
	tagging struct { A int; B func() ` + "`workgen:\"-\"`" + ` }
	Tagging struct{ tagging }
	//workgen:encode encoded text
	encoded struct{ N int }
	Encoded struct{ encoded }
	lockable struct{ N int }
	Lockable struct{ lockable }
	keyed struct{ P *int }
	Keyed struct{ keyed }
	Mine ext.Doc
	Zone *time.Location
	Stamp time.Time
	Amount big.Int
	Ratio big.Rat
	Real big.Float
	User url.Userinfo
	Addr netip.Addr
	Port netip.AddrPort
	Net netip.Prefix
	Locking time.Time
	Text regexp.Regexp
	Handle unique.Handle[string]
	Where time.Location
	Big struct{ big.Int }
	Hidden struct{ n int }
	Tagged struct { A int; Log []int ` + "`workgen:\"-\"`" + ` }
	Locked struct { Mu sync.Mutex; N int }
	Spin struct{ N int }
	noCopy struct{}
	NoCopy struct { A int; _ noCopy }
	Once struct{ R *sync.Once }
	Shape interface{ shape() }
	Circle struct{ R float64 }
	Group struct{ Shapes []Shape }
	Plain interface{ plain() }
	Point struct{ X, Y int }
	Bad interface{ bad() }
	Good struct{ N int }
	Worse struct{ Done chan int }
	Document struct {
		//workgen:oneof string float64 []any map[string]any
		Body any
		//workgen:oneof int ext.Decimal
		Count any
	}
	Expr interface{ expr() }
	Call struct { Name string; Args []Expr; At map[string]*Expr }
	Named unique.Handle[int]
	Self struct { S Shape; D []ext.Decimal }
	Selfish struct{ n int }
	Asking interface { EncodeKey(*key.Encoder); asking() }
)

func (*Self) EncodeKey(*key.Encoder)   {}
func (*Self) asking()                  {}
func (Selfish) EncodeKey(*key.Encoder) {}
func (*Spin) Lock()     {}
func (*Spin) Unlock()   {}
func (e encoded) MarshalText() ([]byte, error)  { return nil, nil }
func (e *encoded) UnmarshalText(b []byte) error { return nil }
func (*lockable) Lock()   {}
func (*lockable) Unlock() {}
func (*Locking) Lock()   {}
func (*Locking) Unlock() {}
func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}
func (Circle) shape()   {}
func (*Group) shape()   {}
func (Point) plain()    {}
func (Good) bad()       {}
func (Worse) bad()      {}
func (*Call) expr()     {}
-- main.go --
package main

import (
	"fmt"
	"reflect"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store/codec"
	"github.com/workgen/workgen/runtime/store/kind"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/testdata/differential"

	"example.com/m/ext"
)

// told is what the generator would tell of the types that it refuses.
var told = []kind.Kind{
	kind.By((*ext.Decimal).MarshalText, (*ext.Decimal).UnmarshalText),
	kind.By((*encoded).MarshalText, (*encoded).UnmarshalText),
	kind.OneOf[Shape](kind.Of[Circle]("Circle"), kind.Of[*Circle]("*Circle"), kind.Of[*Group]("*Group")),
	kind.OneOf[Bad](kind.Of[Good]("Good"), kind.Of[Worse]("Worse")),
	kind.OneOf[Plain](kind.Of[Point]("Point"), kind.Of[*Point]("*Point")),
	kind.Handle[time.Time](), kind.Handle[*int](), kind.Handle[Hidden](), kind.Handle[Plain](),
}

func stored() { NewAllRunner(&All{}, runtime.WithStore(memory.New(0))) }

func sent() {
	_, kinds := differential.Sent(NewSentRunner(&Sent{}))
	if _, err := codec.Default.For(reflect.TypeFor[SentArgs](), kinds); err != nil {
		panic(err)
	}
}

func refused[T any]() {
	_, err := codec.Default.For(reflect.TypeFor[T](), told)
	fmt.Println(err)
}
`

// TestGeneratorAndCodecAgree on what can be stored and sent, and on what is in the way.
func TestGeneratorAndCodecAgree(t *testing.T) {
	source, program, _ := strings.Cut(storedSource, "-- main.go --\n")
	results, args := judgeResults(t, source), judgeArguments(t, source)
	var calls []string
	for _, r := range slices.Concat(results.refused, args.refused) {
		calls = append(calls, "refused["+r.typ+"]()")
	}
	// What is stored or sent has to be told of: the constructor panics otherwise.
	source = strings.Replace(source, "//workgen:encode ext.Written text\n", "", 1)
	p := newProgram(t, source+
		"\n//workgen:work share\ntype All struct{}\n\nfunc (All) Run() ("+strings.Join(results.accepted, ", ")+", error) { panic(0) }\n"+
		"\n//workgen:work\ntype Sent struct{}\n\nfunc (Sent) Run("+strings.Join(args.accepted, ", ")+") {}\n"+
		"\nfunc main() {\n\tstored()\n\tsent()\n\t"+strings.Join(calls, "\n\t")+"\n}\n-- main.go --\n"+program)
	p.generate()
	lines := strings.Split(p.run(), "\n")
	if len(lines) != len(calls) {
		t.Fatalf("the codec says of %d refused types:\n%s", len(calls), strings.Join(lines, "\n"))
	}
	for i, r := range slices.Concat(results.refused, args.refused) {
		r.compare(t, strings.ReplaceAll(lines[i], "(main.", "("))
	}
	t.Logf("%d types are stored and %d sent, %d and %d refused", len(results.accepted), len(args.accepted), len(results.refused), len(args.refused))
}

// judged is what the generator says of types.
type judged struct {
	accepted []string
	refused  []refusal
}

// refusal is why values of a type do not come back equal, and of which part of a result. The
// reason is "" where the type is no result at all.
type refusal struct{ typ, path, reason string }

// judgeResults finds out which types a store can have.
func judgeResults(t *testing.T, source string) (out judged) {
	found := ofTypes(t, source, "//workgen:work share", "Run() (%s, error) { panic(0) }").Diagnostics.Sorted("")
	for i, typ := range storedTypes {
		at := slices.IndexFunc(found, func(d diag.Diagnostic) bool { return d.Work == fmt.Sprint("W", i) })
		if at < 0 {
			out.accepted = append(out.accepted, typ)
			continue
		}
		r := refusal{typ: typ}
		if d := found[at]; d.Warning {
			_, r.reason, _ = strings.Cut(d.Message, "results: ")
			r.path = strings.Replace(d.Path[len(d.Path)-1].Expr, "result1", "result", 1)
		} else if !strings.Contains(d.Message, "cannot share") {
			t.Fatalf("work %s: %s", d.Work, d.Message)
		}
		out.refused = append(out.refused, r)
	}
	return out
}

// judgeArguments finds out which types can be sent to a worker, of those that an argument can
// have.
func judgeArguments(t *testing.T, source string) (out judged) {
	inputs := slices.Clone(storedTypes)
	for _, d := range ofTypes(t, source, "//workgen:work", "Run(v %s) {}").Diagnostics.Sorted("") {
		var i int
		if _, err := fmt.Sscanf(d.Work, "W%d", &i); err != nil || d.Warning || !strings.Contains(d.Message, "cannot key") {
			t.Fatalf("work %s: %s", d.Work, d.Message)
		}
		inputs[i] = "int"
	}
	result := ofTypes(t, source, "//workgen:work", "Run(v %s) {}", inputs...)
	if len(result.Files) == 0 {
		t.Fatal(result.Diagnostics)
	}
	specs := strings.Split(string(result.Files[0].Content), ".NewCalls(")[1:]
	for i, typ := range storedTypes {
		m := notRemote.FindStringSubmatch(specs[i])
		switch {
		case typ != inputs[i]:
		case m == nil:
			out.accepted = append(out.accepted, typ)
		default:
			said, err := strconv.Unquote(m[1])
			if err != nil {
				t.Fatal(err)
			}
			path, reason, _ := strings.Cut(strings.TrimSuffix(said, ": change the argument"), ": ")
			out.refused = append(out.refused, refusal{typ, strings.Replace(path, "v", "result", 1), reason})
		}
	}
	return out
}

// notRemote matches what a spec says of arguments.
var notRemote = regexp.MustCompile(`(?m)^\t+NotRemote: +(".*"),$`)

// ofTypes generates a work for each type, and returns what is said.
func ofTypes(t *testing.T, source, directive, run string, types ...string) *generator.Result {
	t.Helper()
	if types == nil {
		types = storedTypes
	}
	var works strings.Builder
	for i, typ := range types {
		fmt.Fprintf(&works, "\n%s\ntype W%d struct{}\n\nfunc (W%[2]d) "+run+"\n", directive, i, typ)
	}
	p := newProgram(t, source+works.String())
	result, err := generator.Generate(t.Context(), generator.Config{Dir: p.dir, Patterns: []string{"."}, Env: goEnv()})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// compare compares what the generator and the codec say of a type. Of a type whose
// fields it cannot read, or knows by name, the generator does not say which field it is.
func (r refusal) compare(t *testing.T, codec string) {
	t.Helper()
	if codec == r.path+": "+r.reason || r.reason == "" && codec != "<nil>" {
		return
	}
	if byName := !strings.Contains(codec, r.reason); byName && strings.HasPrefix(codec, r.path) && aboutType.MatchString(r.reason) {
		return
	}
	t.Errorf("%s\ngenerator: %s: %s\ncodec:     %s", r.typ, r.path, r.reason, codec)
}

// aboutType matches the reasons that are about a certain type.
var aboutType = regexp.MustCompile(`^an? \w+\.\w+ (is|does|can)|has the unexported field|that reads it back$|^it is not known how to store it$|so this package cannot name it$`)
