package generator_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/workgen/workgen/generator"
	"github.com/workgen/workgen/generator/write"
)

var (
	differentialPackages = flag.Int("differential.packages", 1, "how many packages of random types to try")
	differentialSeed     = flag.Uint64("differential.seed", 1, "the first one's seed")
	differentialValues   = flag.Int("differential.values", 40, "how many values of each type to try")
)

// TestDifferential generates packages of random types with works for them, and
// compares keys, fingerprints and copies of random values with what package
// testdata/differential says they should be, results with what another process reads
// from a store, and arguments with what a worker gets. Works hold runners of others as
// keyed fields. To look for more than is looked for every time, such as at 10,000 values:
//
//	go test ./generator -run Differential -differential.packages 20 -differential.values 500 -timeout 1h
func TestDifferential(t *testing.T) {
	for i := range *differentialPackages {
		seed := *differentialSeed + uint64(i)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { differential(t, seed) })
	}
}

func differential(t *testing.T, seed uint64) {
	d := newTypeWriter(seed)
	types := d.source()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(types)
		}
	})
	p := newProgram(t, "-- gen/types.go --\n"+types+"\n-- other/other.go --\n"+otherTypes)
	refused := map[string]bool{} // works whose results the generator says are not stored
	for _, d := range generated(t, p).Diagnostics.Sorted(p.dir) {
		if strings.Contains(d.Message, "a store cannot keep the results") {
			refused[d.Work] = true
		}
	}
	p.write("main.go", d.program(*differentialValues, refused))
	store := t.TempDir()
	t.Log(p.run(store, "first"))
	t.Log(p.run(store, "second"))
}

// generated writes what is generated for all packages of p.
func generated(t *testing.T, p *program) *generator.Result {
	t.Helper()
	result, err := generator.Generate(t.Context(), generator.Config{Dir: p.dir, Patterns: []string{"./..."}, Env: goEnv()})
	if err != nil {
		t.Fatal(err)
	}
	if !result.Diagnostics.Empty() {
		t.Fatal(report(t, result, p.dir))
	}
	if _, err := write.Write(result.Files); err != nil {
		t.Fatal(err)
	}
	return result
}

// otherTypes are a package with a work and with types that cannot be walked from
// elsewhere, each with another kind of methods that encode it.
const otherTypes = `package other

import (
	"encoding/binary"
	"encoding/json"
	"errors"
)

type Item struct { A int; B string; C []byte }

//workgen:work
type Outer struct{}

func (Outer) Run(n int, list []string, items map[string]*Item) (int, error) { return n, nil }

// Sibling and Parent are held by works of package gen.
//
//workgen:work
type Sibling struct {
	N     int              ` + "`" + `workgen:"key"` + "`" + `
	Items map[string]*Item ` + "`" + `workgen:"key"` + "`" + `
	Bins  []Bin            ` + "`" + `workgen:"key"` + "`" + `
}

func (*Sibling) Run(n int) int { return n }

//workgen:work
type Parent struct {
	One  *SiblingRunner                    ` + "`" + `workgen:"key"` + "`" + `
	All  []*SiblingRunner                  ` + "`" + `workgen:"key"` + "`" + `
	Deep struct { N int; R SiblingRunner } ` + "`" + `workgen:"key"` + "`" + `
}

func (*Parent) Run(n int) int { return n }

type pair struct { n uint32; s string }

func (p pair) append(b []byte) []byte { return append(binary.BigEndian.AppendUint32(b, p.n), p.s...) }

func (p *pair) read(b []byte) error {
	if len(b) < 4 {
		return errors.New("too short")
	}
	p.n, p.s = binary.BigEndian.Uint32(b), string(b[4:])
	return nil
}

type Bin struct { p pair }

func (v *Bin) Set(n uint32, s string)             { v.p = pair{n, s} }
func (v *Bin) Written() []byte                    { return v.p.append(nil) }
func (v Bin) MarshalBinary() ([]byte, error)      { return v.p.append(nil), nil }
func (v *Bin) UnmarshalBinary(b []byte) error     { return v.p.read(b) }

type Grown struct { p pair }

func (v *Grown) Set(n uint32, s string)                 { v.p = pair{n, s} }
func (v *Grown) Written() []byte                        { return v.p.append(nil) }
func (v Grown) AppendBinary(b []byte) ([]byte, error)   { return v.p.append(b), nil }
func (v *Grown) UnmarshalBinary(b []byte) error         { return v.p.read(b) }

type Words struct { p pair }

func (v *Words) Set(n uint32, s string)           { v.p = pair{n, s} }
func (v *Words) Written() []byte                  { return v.p.append([]byte("t")) }
func (v *Words) MarshalText() ([]byte, error)     { return v.Written(), nil }
func (v *Words) UnmarshalText(b []byte) error     { return v.p.read(b[1:]) }

type Added struct { p pair }

func (v *Added) Set(n uint32, s string)               { v.p = pair{n, s} }
func (v *Added) Written() []byte                      { return v.p.append([]byte("t")) }
func (v Added) AppendText(b []byte) ([]byte, error)   { return append(b, v.Written()...), nil }
func (v *Added) UnmarshalText(b []byte) error         { return v.p.read(b[1:]) }

type Doc struct { p pair }

func (v *Doc) Set(n uint32, s string)           { v.p = pair{n, s} }
func (v *Doc) Written() []byte                  { b, _ := json.Marshal(v.p.append(nil)); return b }
func (v Doc) MarshalJSON() ([]byte, error)      { return v.Written(), nil }
func (v *Doc) UnmarshalJSON(b []byte) error {
	var raw []byte
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	return v.p.read(raw)
}
`

// typeWriter makes up types.
type typeWriter struct {
	rand    *rand.Rand
	pkg     string // the name of the package
	out     strings.Builder
	types   []string // declared so far or later, not generic, no interfaces
	defined int      // how many of types can be held by value already
	sealed  []string // interfaces
	lists   []list
	plain   bool     // write types that a store keeps, with others of these
	keepers []string // what the works take and return whose results are stored
	runners []string // what fields may hold now
}

// list is an interface with a list of types.
type list struct {
	name  string
	types []string
}

const (
	randomTypes  = 24
	plainTypes   = randomTypes / 2 // of these, the first ones
	randomSealed = 3
	keeps        = 8 // works whose results are stored
	sends        = 4 // works whose arguments are sent
	inners       = 3 // works with keyed fields, whose runners others hold
	holders      = 2 // works that hold runners, the later ones those of the earlier ones, too
	probes       = 3 // works, between which the types are dealt out: each takes time to compile
)

func newTypeWriter(seed uint64) *typeWriter {
	d := &typeWriter{rand: rand.New(rand.NewPCG(seed, 2)), pkg: "gen"}
	for i := range randomTypes {
		d.types = append(d.types, fmt.Sprint("T", i))
	}
	for i := range randomSealed {
		d.sealed = append(d.sealed, fmt.Sprint("I", i))
	}
	d.lists = []list{
		{"Any", []string{"bool", "string", "[]uint8", "float64", "[]any", "map[string]any", "*T0", "T1", "InnerArgs", "*other.OuterArgs"}},
		{"Some", []string{"int", "*T2", "T3", "[]string", "map[int8]T0", "other.Bin", "*Self"}},
	}
	return d
}

// pick chooses one of some.
func (d *typeWriter) pick(from ...string) string { return from[d.rand.IntN(len(from))] }

// basic is a type without parts, or a runner.
func (d *typeWriter) basic() string {
	if len(d.runners) > 0 && d.rand.IntN(2) == 0 {
		return d.pick("*", "*", "") + d.pick(d.runners...)
	}
	list := []string{"bool", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64",
		"float32", "float64", "complex64", "complex128", "string", "string", "time.Time", "Stamp", "Name", "Number",
		"InnerArgs", "other.OuterArgs", "Empty", "struct{}", "[0]string", "other.Item",
		"other.Bin", "other.Grown", "other.Words", "other.Added", "other.Doc"}
	if !d.plain {
		list = append(list, "Self")
	}
	return d.pick(list...)
}

// key is a type of keys that a copy has too.
func (d *typeWriter) key() string {
	return d.pick("string", "int", "uint8", "float64", "[2]int8", "Point", "Name", "bool")
}

// expr is any type; with value, one that a type which is being declared can hold
// without containing itself.
func (d *typeWriter) expr(depth int, value bool) string {
	if depth > 3 {
		return d.basic()
	}
	switch d.rand.IntN(13) {
	case 0, 1:
		return "*" + d.expr(depth+1, false)
	case 2, 3:
		return "[]" + d.expr(depth+1, false)
	case 4:
		return "map[" + d.key() + "]" + d.expr(depth+1, false)
	case 5:
		return fmt.Sprintf("[%d]%s", 1+d.rand.IntN(3), d.expr(depth+1, value))
	case 6:
		if d.plain {
			return d.sealed[0]
		}
		return d.pick(d.sealed...)
	case 7:
		if d.plain {
			return d.lists[0].name
		}
		return d.lists[d.rand.IntN(len(d.lists))].name
	case 8:
		return d.generic(depth, value)
	case 9, 10:
		if !value && d.plain {
			return d.pick(d.types[:plainTypes]...)
		} else if !value {
			return d.pick(d.types...)
		}
		if d.defined > 0 {
			return d.pick(d.types[:d.defined]...)
		}
	}
	return d.basic()
}

// generic is an instance of a generic type.
func (d *typeWriter) generic(depth int, value bool) string {
	if d.rand.IntN(2) == 0 {
		return "Pair[" + d.expr(depth+1, value) + ", " + d.expr(depth+1, value) + "]"
	}
	return "Chain[" + d.expr(depth+1, value) + "]"
}

// declarations writes the types, and works that use those of package other.
func (d *typeWriter) declarations() {
	d.out.WriteString("package " + d.pkg + `

import (
	"encoding/binary"
	"time"

	"example.com/m/other"
	"github.com/workgen/workgen/runtime/key"
)

type (
	Name         string
	Number       int32
	Stamp        time.Time
	Point        struct { X int; Y Name }
	Empty        struct { _ int; mark struct{} }
	Pair[A, B any] struct { First A; Second B }
	Chain[T any] struct { Value T; Next *Chain[T]; More []Chain[T]; By map[string]*Chain[T] }
)

var _ time.Time

// Self encodes itself.
type Self struct { n uint32; s string }

func (v *Self) Set(n uint32, s string) { v.n, v.s = n, s }

func (v *Self) EncodeKey(e *key.Encoder) { e.Uint32(v.n); e.String(v.s) }

func (v *Self) Written() []byte {
	b := binary.LittleEndian.AppendUint32(nil, v.n)
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(v.s))), v.s...)
}

//workgen:encode other.Bin binary
//workgen:encode other.Grown binary
//workgen:encode other.Words text
//workgen:encode other.Added text
//workgen:encode other.Doc json

//workgen:work
type Inner struct{}

func (Inner) Run(n int, by map[Name][]Point, at *time.Time, outer *other.OuterArgs) (Name, error) { return "", nil }

// Methods takes all that is encoded by methods.
//
//workgen:work
type Methods struct{}

func (Methods) Run(a other.Bin, b *other.Grown, c []other.Words, d other.Added, e map[string]other.Doc) {}
`)
	for _, name := range d.sealed {
		fmt.Fprintf(&d.out, "\ntype %s interface { is%s() }\n", name, name)
	}
	for _, l := range d.lists {
		fmt.Fprintf(&d.out, "\n//workgen:oneof %s\ntype %s any\n", strings.Join(l.types, " "), l.name)
	}
	for i, name := range d.types {
		d.defined, d.plain = i, i < plainTypes
		d.declare(i, name)
	}
}

// source is a package of types, and of works that return what they are given.
func (d *typeWriter) source() string {
	d.declarations()
	for i := range probes {
		var params, results, values []string
		for j := i; j < randomTypes; j += probes {
			star := d.pick("", "*")
			params = append(params, fmt.Sprintf("p%d %sT%d", j, star, j))
			results = append(results, fmt.Sprintf("%sT%d", star, j))
			values = append(values, fmt.Sprint("p", j))
		}
		fmt.Fprintf(&d.out, "\n//workgen:work\ntype Probe%d struct{}\n\nfunc (Probe%d) Run(%s) (%s) { return %s }\n",
			i, i, strings.Join(params, ", "), strings.Join(results, ", "), strings.Join(values, ", "))
	}
	for i := range keeps {
		typ := d.pick("", "*", "[]") + d.types[i*randomTypes/keeps]
		if i%2 == 0 {
			typ = d.pick("*", "[]", "map[string]") + d.basic()
		}
		d.keepers = append(d.keepers, typ)
		fmt.Fprintf(&d.out, "\n//workgen:work\ntype Keep%d struct{}\n\nfunc (Keep%d) Run(v %s) (%s, error) { return v, nil }\n", i, i, typ, typ)
	}
	for i := range sends {
		fmt.Fprintf(&d.out, "\n//workgen:work\ntype Send%d struct{}\n\nfunc (Send%[1]d) Run(v %[2]s%[3]s, list ...%[3]s) {}\n",
			i, d.pick("", "*", "[]"), d.types[1+i*randomTypes/sends])
	}
	for i := range inners {
		name := fmt.Sprint("Held", i)
		d.holder(name, 3)
		d.runners = append(d.runners, name+"Runner")
	}
	d.runners = append(d.runners, "other.SiblingRunner", "other.ParentRunner")
	runs := list{name: "Runs"}
	for _, name := range d.runners {
		runs.types = append(runs.types, "*"+name)
	}
	d.lists = append(d.lists, runs)
	fmt.Fprintf(&d.out, "\n//workgen:oneof %s\ntype Runs any\n", strings.Join(runs.types, " "))
	for i := range holders {
		name := fmt.Sprint("Holds", i)
		d.holder(name, 5)
		d.runners = append(d.runners, name+"Runner")
	}
	return d.out.String()
}

// holder writes a work with n random keyed fields, and one that is no input.
func (d *typeWriter) holder(name string, n int) {
	fmt.Fprintf(&d.out, "\n//workgen:work\ntype %s struct {\n\tN int `workgen:\"key\"`\n\tSkip %s `workgen:\"-\"`\n", name, d.pick(d.types...))
	if len(d.runners) > 0 {
		fmt.Fprintf(&d.out, "\tR *%s `workgen:\"key\"`\n", d.pick(d.runners...))
	}
	for i := range n {
		fmt.Fprintf(&d.out, "\tF%d %s `workgen:\"key\"`\n", i, d.expr(0, false))
	}
	fmt.Fprintf(&d.out, "}\n\nfunc (*%s) Run(n int) int { return n }\n", name)
}

// declare writes a type, most often a struct, and the methods that make it one of
// a sealed interface.
func (d *typeWriter) declare(i int, name string) {
	switch d.rand.IntN(6) {
	case 0:
		fmt.Fprintf(&d.out, "\ntype %s []%s\n", name, d.expr(1, false))
	case 1:
		fmt.Fprintf(&d.out, "\ntype %s map[%s]%s\n", name, d.key(), d.expr(1, false))
	case 2:
		fmt.Fprintf(&d.out, "\ntype %s [2]%s\n", name, d.expr(1, true))
	default:
		fmt.Fprintf(&d.out, "\ntype %s struct {\n", name)
		if i > 0 && d.rand.IntN(4) == 0 {
			fmt.Fprintf(&d.out, "\t%s%s\n", d.pick("", "", "*"), d.types[d.rand.IntN(i)])
		}
		if d.rand.IntN(4) == 0 {
			fmt.Fprintf(&d.out, "\t%s\n", d.pick("InnerArgs", "*InnerArgs", "other.OuterArgs", "Empty", "other.Item", "Name"))
		}
		for j := range d.rand.IntN(6) {
			tag := ""
			if !d.plain && d.rand.IntN(4) == 0 {
				tag = " `workgen:\"-\"`"
			}
			fmt.Fprintf(&d.out, "\tF%d %s%s\n", j, d.expr(0, true), tag)
		}
		d.out.WriteString("}\n")
	}
	if k := i % (2 * randomSealed); k < randomSealed && (k == 0) == d.plain {
		fmt.Fprintf(&d.out, "\nfunc (%s%s) is%s() {}\n", d.pick("", "*"), name, d.sealed[k])
	}
}

// program checks the works of the package.
func (d *typeWriter) program(values int, refused map[string]bool) string {
	var b strings.Builder
	b.WriteString(`package main

import (
	"os"
	. "reflect"

	"example.com/m/gen"
	"example.com/m/other"
	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/testdata/differential"
)

func main() {
`)
	d.world(&b)
	b.WriteString("\tdifferential.Keep(w, []differential.Keeper{\n")
	for i := range keeps {
		fmt.Fprintf(&b, "\t\t{Name: \"Keep%d\", Args: TypeFor[gen.Keep%[1]dArgs](), Refused: %[2]v, Runner: func(opts ...runtime.Option) any { return gen.NewKeep%[1]dRunner(new(gen.Keep%[1]d), opts...) }},\n",
			i, refused[fmt.Sprint("Keep", i)])
	}
	fmt.Fprintf(&b, "\t}, %d, os.Args[1], os.Args[2] == \"second\")\n", values)
	b.WriteString("\tif os.Args[2] == \"second\" {\n\t\treturn\n\t}\n\tdifferential.Run(w, []differential.Probe{\n")
	for i := range probes {
		fmt.Fprintf(&b, "\t\t{Name: \"Probe%d\", Args: TypeFor[gen.Probe%dArgs](), Runner: gen.NewProbe%dRunner(new(gen.Probe%d))},\n", i, i, i, i)
	}
	fmt.Fprintf(&b, "\t}, %d)\n\tdifferential.Send(w, []differential.Probe{\n", values)
	for i := range sends {
		fmt.Fprintf(&b, "\t\t{Name: \"Send%d\", Args: TypeFor[gen.Send%[1]dArgs](), Runner: gen.NewSend%[1]dRunner(new(gen.Send%[1]d))},\n", i)
	}
	fmt.Fprintf(&b, "\t}, %d)\n", values)
	for _, runner := range d.runners {
		pkg, name, ok := strings.Cut(runner, ".")
		if !ok {
			pkg, name = "gen", runner
		}
		fmt.Fprintf(&b, "\tw.Runners[TypeFor[%s.%s]()] = ValueOf(%[1]s.New%[2]s)\n", pkg, name)
	}
	b.WriteString("\tdifferential.Hold(w, []Value{ValueOf(other.NewParentRunner)")
	for i := range holders {
		fmt.Fprintf(&b, ", ValueOf(gen.NewHolds%dRunner)", i)
	}
	fmt.Fprintf(&b, "}, %d)\n}\n", values)
	return b.String()
}

// world writes the declaration of a world of the types.
func (d *typeWriter) world(b *strings.Builder) {
	b.WriteString("\tw := &differential.World{Lists: map[Type][]Type{}, Framed: map[Type]bool{TypeFor[other.OuterArgs](): true}, Runners: map[Type]Value{}}\n")
	for _, name := range append([]string{"Point"}, d.types...) {
		fmt.Fprintf(b, "\tw.Types = append(w.Types, TypeFor[%s.%s]())\n", d.pkg, name)
	}
	for i, l := range d.lists {
		names := []string{d.pkg + "." + l.name}
		if i == 0 {
			names = append(names, "any") // inside of the list
		}
		for _, name := range names {
			fmt.Fprintf(b, "\tw.Lists[TypeFor[%s]()] = []Type{", name)
			for _, t := range l.types {
				fmt.Fprintf(b, "TypeFor[%s](), ", d.qualified(t))
			}
			b.WriteString("}\n")
		}
	}
}

// qualified is a type of the lists as another package writes it.
func (d *typeWriter) qualified(t string) string {
	for _, name := range []string{"T", "InnerArgs", "Self", "Held"} {
		t = strings.ReplaceAll(t, name, d.pkg+"."+name)
	}
	return t
}
