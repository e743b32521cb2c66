package codec_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/codec"
	"github.com/workgen/workgen/runtime/store/kind"
)

type named struct {
	Text   string
	Number int
}

type tree struct {
	Value    int8
	Children []*tree
	Parent   *tree
}

type embedding struct {
	Named2
	Named
	Hidden int `json:"-" cbor:"-"`
	Empty  int `json:",omitempty" cbor:",omitempty"`
	_      int
}

type Named struct{ Text string }

type Named2 struct{ Other map[string]bool }

// marked has fields that hold nothing, as types of the AWS SDK have.
type marked struct {
	A *int
	marker
	_    [0]func()
	none [0]int
	_    int
}

type marker struct{}

type link struct{ Next *link }

// values are pointers to what has to come back equal.
func values(t testing.TB) map[string]any {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	one := 1
	ptr := &one
	var none []int
	var deep *link
	for range 10_000 {
		deep = &link{deep}
	}
	long := strings.Repeat("0123456789", 20_000)
	return map[string]any{
		"bool":                     new(true),
		"ints":                     &[][1]int64{{0}, {-1}, {23}, {24}, {-24}, {-25}, {255}, {256}, {65535}, {65536}, {math.MaxInt64}, {math.MinInt64}, {math.MaxUint32 + 1}},
		"uint64":                   new(uint64(math.MaxUint64)),
		"int8":                     new(int8(-128)),
		"negative zero":            new(math.Copysign(0, -1)),
		"NaN":                      new(math.Float64frombits(0x7ff8_0000_dead_beef)),
		"signalling NaN":           new(math.Float64frombits(0x7ff0_0000_0000_0001)),
		"NaN32":                    &[1]float32{math.Float32frombits(0x7f80_0001)},
		"NaNs32":                   &[]float32{math.Float32frombits(0x7f80_0001), math.Float32frombits(0xffc1_2345)},
		"infinity":                 &[2]float64{math.Inf(1), math.Inf(-1)},
		"complex":                  &[]complex64{complex(1, float32(math.Copysign(0, -1)))},
		"complex128":               new(complex(math.NaN(), 2)),
		"text":                     new("day 05/25/22 ✓"),
		"long text":                &long,
		"bad text":                 new("\xff\xfe"),
		"nil bytes":                new([]byte),
		"empty bytes":              &[]byte{},
		"bytes":                    &[]byte{1, 2, 3},
		"long bytes":               new([]byte(long)),
		"array of bytes":           &[4]byte{1, 2},
		"nil slice":                new([]string),
		"empty slice":              &[]string{},
		"floats":                   &[]float64{1, 2, math.NaN()},
		"nil floats":               new([]float64),
		"empty floats":             &[]float64{},
		"int16s":                   &[]int16{1, -2, 300},
		"nil map":                  new(map[string]int),
		"empty map":                &map[string]int{},
		"map":                      &map[string]int{"b": 1, "a": 2, "aa": 3},
		"map of NaN":               &map[float64]string{math.NaN(): "x", 1: "y"},
		"map of NaNs":              &map[float64]string{math.NaN(): "x", math.Float64frombits(0x7ff8_0000_0000_0002): "y"},
		"map of arrays":            &map[[2]byte][]int{{1, 2}: nil, {2, 1}: {}},
		"map of float32":           &map[float32]int8{1.5: 1},
		"map of addresses":         &map[netip.Addr]big.Int{netip.MustParseAddr("::1%x"): *big.NewInt(7)},
		"nil pointer":              new(*int),
		"pointer":                  &ptr,
		"pointer to nil":           new(&none),
		"pointer to ptr":           new(&ptr),
		"pointer to no ptr":        new(new(*int)),
		"struct":                   &named{"x", 1},
		"empty struct":             &[]struct{}{{}, {}},
		"embedded":                 &embedding{Named2: Named2{map[string]bool{"x": true}}, Named: Named{"t"}, Hidden: 1, Empty: 0},
		"tree":                     &tree{Value: 1, Children: []*tree{nil, {Value: 2}}},
		"deep":                     deep,
		"time":                     new(time.Date(2022, 5, 25, 1, 2, 3, 4, zone)),
		"utc":                      new(time.Date(2022, 5, 25, 1, 2, 3, 4, time.UTC)),
		"zero time":                new(time.Time),
		"fixed zone":               new(time.Date(-400, 5, 25, 1, 2, 3, 4, time.FixedZone("X", 1234))),
		"nameless zone":            new(time.Date(20022, 5, 25, 1, 2, 3, 4, time.FixedZone("", 3600))),
		"local":                    new(time.Date(2022, 5, 25, 1, 2, 3, 4, time.Local)),
		"locations":                &[]*time.Location{nil, time.UTC, time.Local, zone, time.FixedZone("CET", 3600), time.FixedZone("UTC", 0)},
		"pointer to nil location":  new(new(*time.Location)),
		"fields that hold nothing": &marked{marker: marker{}, none: [0]int{}, A: &one},
		"duration":                 new(time.Second),
		"big ints":                 &[]*big.Int{nil, big.NewInt(0), big.NewInt(-1), new(big.Int).Lsh(big.NewInt(-3), 200)},
		"big float":                new(big.NewFloat(1.5).SetPrec(100).SetMode(big.ToZero)),
		"big rat":                  big.NewRat(-1, 3),
		"addr":                     new(netip.MustParseAddr("fe80::1%eth0")),
		"prefix":                   new(netip.MustParsePrefix("10.0.0.0/8")),
		"url":                      &url.URL{Scheme: "s3", User: url.UserPassword("u", ""), Host: "sales", RawPath: "%2f"},
	}
}

func encoded(t testing.TB, c store.Codec, schema string, ptr any) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.Encode(&b, schema, ptr); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func inMemory(b []byte) *store.Entry { return &store.Entry{Size: int64(len(b)), Data: b} }

func streamed(b []byte) *store.Entry {
	return &store.Entry{Size: int64(len(b)), Body: io.NopCloser(iotest.HalfReader(bytes.NewReader(b)))}
}

func TestWhatIsEncodedComesBackToTheBit(t *testing.T) {
	for name, ptr := range values(t) {
		t.Run(name, func(t *testing.T) {
			b := encoded(t, codec.Codec{Verify: true}, "s1", ptr)
			for range 5 {
				if again := encoded(t, codec.Codec{}, "s1", ptr); !bytes.Equal(b, again) {
					t.Fatalf("encoded as %x, then as %x", b, again)
				}
			}
			for _, e := range []*store.Entry{inMemory(b), streamed(b)} {
				back := reflect.New(reflect.TypeOf(ptr).Elem())
				if err := codec.Default.Decode(e, "s1", back.Interface()); err != nil {
					t.Fatal(err)
				}
				if again := encoded(t, codec.Codec{}, "s1", back.Interface()); !bytes.Equal(b, again) {
					t.Errorf("came back as %v", back.Elem())
				}
			}
		})
	}
}

// TestEncodingIsCBOR has an independent reader look at it.
func TestEncodingIsCBOR(t *testing.T) {
	mode, err := cbor.DecOptions{MaxNestedLevels: 65535, UTF8: cbor.UTF8RejectInvalid, MaxArrayElements: math.MaxInt32}.DecMode()
	if err != nil {
		t.Fatal(err)
	}
	for name, ptr := range values(t) {
		b := encoded(t, codec.Codec{}, "s1", ptr)[2+1+1+2:]
		if err := mode.Wellformed(b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignallingNaNsStayWhatTheyAre(t *testing.T) {
	v := [1]float32{math.Float32frombits(0x7f80_0001)}
	b := encoded(t, codec.Codec{}, "", &v)
	if !bytes.HasSuffix(b, []byte{0xfa, 0x7f, 0x80, 0, 1}) {
		t.Errorf("encoded as %x", b)
	}
	var back [1]float32
	if err := codec.Default.Decode(inMemory(b), "", &back); err != nil || math.Float32bits(back[0]) != 0x7f80_0001 {
		t.Errorf("came back as %x, %v", math.Float32bits(back[0]), err)
	}
}

// TestFormatIsFrozen fails when the format changes: raise Version then.
func TestFormatIsFrozen(t *testing.T) {
	type all struct {
		I   int
		U   uint8
		F   float64
		S   string
		B   []byte
		L   []int
		N   []int
		M   map[string]int
		P   *int
		T   time.Time
		Big *big.Int
		V   []uint16
	}
	one := 1
	v := all{-500, 200, 1.5, "hé", []byte{1}, []int{1, 1000}, nil, map[string]int{"b": 1, "a": 2}, &one,
		time.Unix(1653436800, 5).UTC(), big.NewInt(-256), []uint16{258}}
	const frozen = "776702" + "027331" + "ac" + // header, schema, 12 fields
		"6142" + "4101" + "6146" + "fb3ff8000000000000" + "6149" + "3901f3" + "614c" + "82011903e8" +
		"614d" + "a2616102616201" + "614e" + "f6" + "6150" + "01" + "6153" + "6368c3a9" +
		"6154" + "831a628d71800580" + "6155" + "18c8" + "6156" + "d845420201" +
		"63426967" + "c341ff"
	got := hex.EncodeToString(encoded(t, codec.Codec{}, "s1", &v))
	if got != frozen {
		t.Errorf("got  %s\nwant %s", got, frozen)
	}
}

func TestDecodingRefusesWhatWasNotEncodedForTheType(t *testing.T) {
	type wider struct {
		Text   string
		Number int
		More   int
	}
	type renamed struct {
		Text   string
		Numbre int
	}
	type retyped struct{ Text, Number string }
	good := encoded(t, codec.Codec{}, "s1", &named{"x", 1})
	for name, c := range map[string]struct {
		b      []byte
		schema string
		ptr    any
		want   string
	}{
		"schema":          {good, "s2", new(named), "another schema"},
		"shorter schema":  {good, "s", new(named), "another schema"},
		"longer schema":   {good, "s12", new(named), "another schema"},
		"more fields":     {good, "s1", new(wider), "2 items"},
		"other name":      {good, "s1", new(renamed), "no field Numbre"},
		"other type":      {good, "s1", new(retyped), "Number"},
		"bytes left over": {append(bytes.Clone(good), 0), "s1", new(named), "left over"},
		"no result":       {[]byte("xyz"), "s1", new(named), "not an encoded result"},
		"older version":   {append([]byte{'w', 'g', 1}, good[3:]...), "s1", new(named), "version 1"},
		"empty":           {[]byte{}, "s1", new(named), "ends before"},
		"too large":       {encoded(t, codec.Codec{}, "s1", new(300)), "s1", new(int8), "cannot hold"},
		"negative":        {encoded(t, codec.Codec{}, "s1", new(-1)), "s1", new(uint), "major type"},
		"key twice":       {append(bytes.Clone(encoded(t, codec.Codec{}, "s1", new(map[int]int))[:6]), 0xa2, 1, 1, 1, 2), "s1", new(map[int]int), "twice"},
		"long form":       {append(bytes.Clone(encoded(t, codec.Codec{}, "s1", new(1))[:6]), 0x18, 1), "s1", new(int), "shortest"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, e := range []*store.Entry{inMemory(c.b), streamed(c.b)} {
				err := codec.Default.Decode(e, c.schema, c.ptr)
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v, want one with %q", err, c.want)
				}
			}
		})
	}
}

func TestEveryCutIsAnError(t *testing.T) {
	for name, ptr := range values(t) {
		b := encoded(t, codec.Codec{}, "s1", ptr)
		for n := 0; n < len(b); n += 1 + len(b)/300 {
			back := reflect.New(reflect.TypeOf(ptr).Elem()).Interface()
			if codec.Default.Decode(inMemory(b[:n]), "s1", back) == nil || codec.Default.Decode(streamed(b[:n]), "s1", back) == nil {
				t.Fatalf("%s: %d of %d bytes were enough", name, n, len(b))
			}
		}
	}
}

// TestDamageReportedAtTheEndIsAnError is what streaming stands on: a store knows
// only after the last byte that there was a wrong one.
func TestDamageReportedAtTheEndIsAnError(t *testing.T) {
	b := encoded(t, codec.Codec{}, "s1", new(1))
	e := &store.Entry{Size: int64(len(b)), Body: io.NopCloser(io.MultiReader(bytes.NewReader(b), iotest.ErrReader(&store.CorruptError{})))}
	if err := codec.Default.Decode(e, "s1", new(int)); err == nil {
		t.Error("no error")
	}
}

func FuzzDecode(f *testing.F) {
	type target struct {
		typ   reflect.Type
		codec store.Codec
	}
	var targets []target
	add := func(ptr any, kinds []kind.Kind) {
		c := bound(f, ptr, kinds...)
		targets = append(targets, target{reflect.TypeOf(ptr).Elem(), c})
		if b := encoded(f, c, "", ptr); len(b) < 1000 {
			f.Add(b)
		}
	}
	for _, ptr := range values(f) {
		add(ptr, nil)
	}
	for i, typ := range trickyTypes {
		add(typ.draw(rand.New(rand.NewPCG(1, uint64(i)))), typ.kinds)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, target := range targets {
			back := reflect.New(target.typ).Interface()
			if target.codec.Decode(inMemory(b), "", back) != nil {
				continue
			}
			var again bytes.Buffer
			if err := target.codec.Encode(&again, "", back); err != nil || !bytes.Equal(again.Bytes(), b) {
				t.Errorf("%s: what was decoded from %x: %v, %x", target.typ, b, err, again.Bytes())
			}
		}
	})
}

type onlyCount int64

func (n *onlyCount) Write(p []byte) (int, error) { *n += onlyCount(len(p)); return len(p), nil }

func TestLargeBytesAreNotCopied(t *testing.T) {
	v := struct{ Data []byte }{make([]byte, 64<<20)}
	b := encoded(t, codec.Codec{}, "s1", &v)
	result := testing.Benchmark(func(bm *testing.B) {
		bm.ReportAllocs()
		for bm.Loop() {
			var n onlyCount
			if err := codec.Default.Encode(&n, "s1", &v); err != nil {
				bm.Fatal(err)
			}
		}
	})
	if got := result.AllocedBytesPerOp(); got > 1<<20 {
		t.Errorf("encoding takes %d bytes of memory", got)
	}
	result = testing.Benchmark(func(bm *testing.B) {
		bm.ReportAllocs()
		for bm.Loop() {
			v.Data = nil
			e := &store.Entry{Size: int64(len(b)), Body: io.NopCloser(bytes.NewReader(b))}
			if err := codec.Default.Decode(e, "s1", &v); err != nil {
				bm.Fatal(err)
			}
		}
	})
	if got := result.AllocedBytesPerOp(); got > 65<<20 {
		t.Errorf("decoding takes %d bytes of memory", got)
	}
}

func BenchmarkCodec(b *testing.B) {
	records := make([]named, 1000)
	floats := make([]float64, 1_000_000)
	for name, ptr := range map[string]any{"struct": &named{"x", 1}, "structs1000": &records, "floats1M": &floats} {
		data := encoded(b, codec.Codec{}, "s1", ptr)
		b.Run("encode/"+name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				_ = codec.Default.Encode(io.Discard, "s1", ptr)
			}
		})
		b.Run("decode/"+name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				_ = codec.Default.Decode(inMemory(data), "s1", ptr)
			}
		})
	}
}

func TestSchemasMayBeLong(t *testing.T) {
	long := strings.Repeat("schema", 100)
	in, out := "result", ""
	data := encoded(t, codec.Codec{}, long, &in)
	entry := func() *store.Entry { return &store.Entry{Size: int64(len(data)), Data: data} }
	if err := codec.Default.Decode(entry(), long, &out); err != nil || out != in {
		t.Errorf("%q, %v", out, err)
	}
	if err := codec.Default.Decode(entry(), long[:len(long)-1]+"!", &out); err == nil {
		t.Error("another schema was taken for the same")
	}
}
