package codec_test

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"strconv"
	"testing"
	"time"
	"unique"

	"github.com/workgen/workgen/runtime/store/kind"
)

// A trickyType draws values of one type, from the same numbers the same ones.
type trickyType struct {
	draw  func(r *rand.Rand) any // a pointer
	kinds []kind.Kind
}

// tricky makes a trickyType of a function that draws values.
func tricky[T any](draw func(r *rand.Rand) T, kinds ...kind.Kind) trickyType {
	return trickyType{func(r *rand.Rand) any { return new(draw(r)) }, kinds}
}

type pair[A, B any] struct {
	A A
	B B
}

var shapeKinds = []kind.Kind{kind.OneOf[shape](kind.Of[square]("square"), kind.Of[*square]("*square"), kind.Of[*blob]("*blob"))}

func drawShape(r *rand.Rand, depth int) shape {
	switch n := r.IntN(4); {
	case n == 0 || depth > 4:
		return nil
	case n == 1:
		return square{r.NormFloat64()}
	case n == 2:
		return &square{r.NormFloat64()}
	}
	return &blob{drawShape(r, depth+1)}
}

func drawText(r *rand.Rand) string {
	b := make([]byte, r.IntN(20))
	for i := range b {
		b[i] = byte(r.IntN(256) & r.IntN(256)) // some are text
	}
	return string(b)
}

func drawTree(r *rand.Rand, depth int) *tree {
	if depth > 5 || r.IntN(3) == 0 {
		return nil
	}
	t := &tree{Value: int8(r.Int())}
	for range r.IntN(4) {
		t.Children = append(t.Children, drawTree(r, depth+1))
	}
	return t
}

func drawZone(r *rand.Rand) *time.Location {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	lord, err := time.LoadLocation("Australia/Lord_Howe")
	if err != nil {
		panic(err)
	}
	zones := []*time.Location{time.UTC, time.Local, berlin, lord, time.FixedZone("CET", 3600), time.FixedZone("", r.IntN(99)), time.FixedZone("UTC", 0)}
	return zones[r.IntN(len(zones))]
}

func drawTime(r *rand.Rand) time.Time {
	return time.Unix(int64(r.Uint64()>>r.IntN(64))-1e9, r.Int64N(1e9)).In(drawZone(r))
}

func drawInt(r *rand.Rand) *big.Int {
	b := make([]byte, r.IntN(20))
	for i := range b {
		b[i] = byte(r.Int())
	}
	i := new(big.Int).SetBytes(b)
	if r.IntN(2) == 0 {
		i.Neg(i)
	}
	return i
}

// trickyTypes are written by one process and read by another.
var trickyTypes = []trickyType{
	tricky(func(r *rand.Rand) (x pair[[3]uint64, []int16]) {
		for i := range x.A {
			x.A[i] = r.Uint64() >> r.IntN(64)
		}
		for range r.IntN(4) {
			x.B = append(x.B, int16(r.Int()))
		}
		return x
	}),
	tricky(func(r *rand.Rand) pair[float64, complex64] {
		return pair[float64, complex64]{math.Float64frombits(r.Uint64()), complex(math.Float32frombits(r.Uint32()), 1)}
	}),
	tricky(func(r *rand.Rand) map[string][]string {
		if r.IntN(5) == 0 {
			return nil
		}
		m := map[string][]string{}
		for range r.IntN(5) {
			m[drawText(r)] = [][]string{nil, {}, {drawText(r)}}[r.IntN(3)]
		}
		return m
	}),
	tricky(func(r *rand.Rand) *tree { return drawTree(r, 0) }),
	tricky(func(r *rand.Rand) []shape { return []shape{drawShape(r, 0), drawShape(r, 0)} }, shapeKinds...),
	tricky(func(r *rand.Rand) map[shape2]*shape {
		return map[shape2]*shape{square{1}: new(drawShape(r, 0)), nil: nil}
	},
		append(shapeKinds, kind.OneOf[shape2](kind.Of[square]("square")))...),
	tricky(func(r *rand.Rand) []time.Time { return []time.Time{drawTime(r), drawTime(r)} }),
	tricky(func(r *rand.Rand) *time.Location { return drawZone(r) }),
	tricky(func(r *rand.Rand) pair[*big.Int, *big.Rat] {
		return pair[*big.Int, *big.Rat]{drawInt(r), new(big.Rat).SetFrac(drawInt(r), new(big.Int).Add(big.NewInt(1), new(big.Int).Abs(drawInt(r))))}
	}),
	tricky(func(r *rand.Rand) big.Float {
		return *new(big.Float).SetPrec(uint(1 + r.IntN(200))).SetMode(big.RoundingMode(r.IntN(6))).SetFloat64(r.NormFloat64())
	}),
	tricky(func(r *rand.Rand) map[netip.Addr]netip.Prefix {
		a := netip.AddrFrom16([16]byte{15: byte(r.Int())}).WithZone(drawText(r))
		return map[netip.Addr]netip.Prefix{a: netip.PrefixFrom(a.WithZone(""), r.IntN(129)), {}: {}}
	}),
	tricky(func(r *rand.Rand) url.URL {
		return url.URL{User: url.UserPassword(drawText(r), drawText(r)), RawQuery: drawText(r)}
	}),
	tricky(func(r *rand.Rand) marked { return marked{A: new(r.Int())} }),
	tricky(func(r *rand.Rand) []lossy { return []lossy{{drawText(r), r.Int()}} }),
	tricky(func(r *rand.Rand) map[string]hidden { return map[string]hidden{drawText(r): {r.Int()}} }, kind.By((*hidden).MarshalText, (*hidden).UnmarshalText)),
	tricky(func(r *rand.Rand) map[unique.Handle[string]]unique.Handle[pair[int, string]] {
		return map[unique.Handle[string]]unique.Handle[pair[int, string]]{unique.Make(drawText(r)): unique.Make(pair[int, string]{r.Int(), drawText(r)}), {}: {}}
	}, kind.Handle[string](), kind.Handle[pair[int, string]]()),
}

// shape2 is an interface whose values can be keys.
type shape2 interface{ area() float64 }

const readerVariable = "WORKGEN_CODEC_READER"

func TestMain(m *testing.M) {
	if seed := os.Getenv(readerVariable); seed != "" {
		read(seed)
		return
	}
	os.Exit(m.Run())
}

// rounds is how many values of each type are drawn.
const rounds = 200

// TestAnotherProcessReadsWhatWasWritten draws values, and lets another process read them
// and compare them with what it draws itself.
func TestAnotherProcessReadsWhatWasWritten(t *testing.T) {
	seed := time.Now().UnixNano()
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	var written [][]byte
	for _, typ := range trickyTypes {
		for range rounds {
			ptr := typ.draw(r)
			var b bytes.Buffer
			if err := bound(t, ptr, typ.kinds...).Encode(&b, "s", ptr); err != nil {
				t.Fatalf("seed %d: %T: %v", seed, ptr, err)
			}
			written = append(written, b.Bytes())
		}
	}
	var in bytes.Buffer
	if err := gob.NewEncoder(&in).Encode(written); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env, cmd.Stdin = append(os.Environ(), readerVariable+"="+strconv.FormatInt(seed, 10)), &in
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != fmt.Sprintln(len(written), "are equal") {
		t.Errorf("seed %d: %v\n%s", seed, err, out)
	}
}

// read is what the other process does.
func read(seed string) {
	n, err := strconv.ParseInt(seed, 10, 64)
	if err != nil {
		panic(err)
	}
	var written [][]byte
	if err := gob.NewDecoder(os.Stdin).Decode(&written); err != nil {
		panic(err)
	}
	r := rand.New(rand.NewPCG(uint64(n), 1))
	for i, b := range written {
		typ := trickyTypes[i/rounds]
		want := typ.draw(r)
		got := reflect.New(reflect.TypeOf(want).Elem())
		c := bound(failing{}, want, typ.kinds...)
		if err := c.Decode(inMemory(b), "s", got.Interface()); err != nil {
			panic(err)
		}
		if !alike(reflect.ValueOf(want).Elem(), got.Elem()) {
			fmt.Printf("value %d: got %+v, want %+v\n", i, got.Elem(), reflect.ValueOf(want).Elem())
			os.Exit(1)
		}
	}
	fmt.Println(len(written), "are equal")
}

// failing is a testing.TB for a process that is no test.
type failing struct{ testing.TB }

func (failing) Helper()           {}
func (failing) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// alike compares by bits, and times and locations by what they show.
func alike(a, b reflect.Value) bool {
	switch x := a.Interface().(type) {
	case time.Time:
		return sameClock(x, b.Interface().(time.Time))
	case *big.Int: // a zero may have digits of length 0, or none
		return x.Cmp(b.Interface().(*big.Int)) == 0
	case *time.Location:
		y := b.Interface().(*time.Location)
		return sameClock(time.Unix(1e9, 0).In(x), time.Unix(1e9, 0).In(y))
	}
	switch a.Kind() {
	case reflect.Float64, reflect.Complex64:
		return fmt.Sprintf("%x", a) == fmt.Sprintf("%x", b)
	case reflect.Slice:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !alike(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		if a.Type().NumField() == 2 && a.Type().Field(0).Name == "A" {
			return alike(a.Field(0), b.Field(0)) && alike(a.Field(1), b.Field(1))
		}
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

func sameClock(a, b time.Time) bool {
	const format = "2006-01-02 15:04:05.999999999 -07:00 MST"
	for _, months := range []int{0, 1, 7} {
		if a.AddDate(0, months, 0).Format(format) != b.AddDate(0, months, 0).Format(format) {
			return false
		}
	}
	return a.Equal(b) && a.Location().String() == b.Location().String() && (a.Location() == time.Local) == (b.Location() == time.Local)
}
