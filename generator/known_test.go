package generator_test

import (
	"bytes"
	"context"
	"log/slog"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
	"unique"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/testdata/golden/known"
	"github.com/workgen/workgen/testdata/golden/known/other"
)

func TestEveryChangeOfAKnownTypeCounts(t *testing.T) {
	ctx := context.Background()
	t.Run("numbers", func(t *testing.T) {
		r := known.NewNumbersRunner(&known.Numbers{})
		everyChangeCounts(t, r.Stats, func(a known.NumbersArgs) error {
			_, _, _, _, _, _, err := r.Run(ctx, a.I, a.P, a.R, a.F, a.List, a.By)
			return err
		})
	})
	t.Run("places", func(t *testing.T) {
		r := known.NewPlacesRunner(&known.Places{})
		everyChangeCounts(t, r.Stats, func(a known.PlacesArgs) error {
			_, _, err := r.Run(ctx, a.W, a.U)
			return err
		})
	})
	t.Run("rows", func(t *testing.T) {
		r := known.NewRowsRunner(&known.Rows{})
		everyChangeCounts(t, r.Stats, func(a known.RowsArgs) error {
			_, err := r.Run(ctx, a.Rows)
			return err
		})
	})
	t.Run("marshalled", func(t *testing.T) {
		r := known.NewMarshalledRunner(&known.Marshalled{})
		everyChangeCounts(t, r.Stats, func(a known.MarshalledArgs) error {
			_, _, _, err := r.Run(ctx, a.S)
			return err
		})
	})
	t.Run("fields that hold nothing", func(t *testing.T) {
		r := known.NewSkipsRunner(&known.Skips{})
		everyChangeCounts(t, r.Stats, func(a known.SkipsArgs) error {
			_, _, err := r.Run(ctx, a.P, a.S)
			return err
		})
	})
}

func TestReceiverFieldsOfAKnownTypeAreInputs(t *testing.T) {
	work := &known.Numbers{Limit: big.NewInt(1)}
	r := known.NewNumbersRunner(work)
	key := func() any { return r.Key(big.Int{}, nil, nil, nil, nil, nil) }
	before := key()
	work.Limit.SetInt64(2)
	if key() == before {
		t.Error("the key does not change with the number")
	}
}

// What is returned twice, and what it was made from, share no memory but what
// nobody can write to.
func TestCopiesOfKnownTypesShareNoMemory(t *testing.T) {
	ctx := t.Context()
	check := func(t *testing.T, run func() []any) {
		t.Helper()
		first, second := run(), run()
		for i := range first {
			if diff := cmp.Diff(first[i], second[i], unexported); diff != "" {
				t.Errorf("result %d is not copied exactly (-first +second):\n%s", i+1, diff)
			}
		}
		if at := shared(first, second); at != "" {
			t.Error("two results share memory at", at)
		}
	}
	t.Run("numbers", func(t *testing.T) {
		a := fill[known.NumbersArgs]()
		r := known.NewNumbersRunner(&known.Numbers{})
		check(t, func() []any {
			i, p, rat, f, list, by, err := r.Run(ctx, a.I, a.P, a.R, a.F, a.List, a.By)
			if err != nil {
				t.Fatal(err)
			}
			return []any{&i, p, rat, f, list, by}
		})
	})
	t.Run("places", func(t *testing.T) {
		a := fill[known.PlacesArgs]()
		r := known.NewPlacesRunner(&known.Places{})
		check(t, func() []any {
			w, u, err := r.Run(ctx, a.W, a.U)
			if err != nil {
				t.Fatal(err)
			}
			return []any{w, u}
		})
	})
	t.Run("marshalled", func(t *testing.T) {
		a := fill[known.MarshalledArgs]()
		r := known.NewMarshalledRunner(&known.Marshalled{})
		check(t, func() []any {
			m, p, _, err := r.Run(ctx, a.S)
			if err != nil {
				t.Fatal(err)
			}
			return []any{&m, p}
		})
	})
	t.Run("padded", func(t *testing.T) {
		a := fill[known.SkipsArgs]()
		r := known.NewSkipsRunner(&known.Skips{})
		check(t, func() []any {
			p, _, err := r.Run(ctx, a.P, a.S)
			if err != nil {
				t.Fatal(err)
			}
			return []any{p}
		})
	})
}

// shared returns where b has memory that a has, too: "" when there is none.
// Locations and handles are shared, since they never change.
func shared(a, b any) string {
	seen := map[unsafe.Pointer]bool{}
	visit("", reflect.ValueOf(a), func(_ string, p unsafe.Pointer) { seen[p] = true })
	found := ""
	visit("", reflect.ValueOf(b), func(path string, p unsafe.Pointer) {
		if seen[p] {
			found = path
		}
	})
	return found
}

// visit calls see with every address that v refers to.
func visit(path string, v reflect.Value, see func(path string, p unsafe.Pointer)) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || v.Type() == reflect.TypeFor[*time.Location]() {
			return
		}
		if v.Type().Elem().Size() > 0 {
			see(path, v.UnsafePointer())
		}
		visit("*"+path, v.Elem(), see)
	case reflect.Interface:
		if !v.IsNil() {
			visit(path, v.Elem(), see)
		}
	case reflect.Slice:
		if v.Len() > 0 {
			see(path, v.UnsafePointer())
		}
		for i := range v.Len() {
			visit(path+"[]", v.Index(i), see)
		}
	case reflect.Array:
		for i := range v.Len() {
			visit(path+"[]", v.Index(i), see)
		}
	case reflect.Map:
		if !v.IsNil() {
			see(path, v.UnsafePointer())
		}
		for it := v.MapRange(); it.Next(); {
			visit(path+"[]", it.Value(), see)
		}
	case reflect.Struct:
		if strings.HasPrefix(v.Type().String(), "unique.Handle") || strings.HasPrefix(v.Type().String(), "netip.") {
			return
		}
		for i := range v.NumField() {
			visit(path+"."+v.Type().Field(i).Name, v.Field(i), see)
		}
	}
}

// The encoding of a big number is the same whatever the size of a word, and
// however the number came about.
func TestNumbersAreEncodedByValue(t *testing.T) {
	encode := func(i *big.Int, f *big.Float) key.Key {
		a := known.NumbersArgs{P: i, F: f}
		return key.Sum(key.Scope{Work: "test"}, a.EncodeKey)
	}
	long := new(big.Int).Lsh(big.NewInt(1), 1000)
	long.Sub(long, new(big.Int).Lsh(big.NewInt(1), 1000)).Add(long, big.NewInt(5))
	if encode(long, nil) != encode(big.NewInt(5), nil) {
		t.Error("equal integers have different keys")
	}
	precise := new(big.Float).SetPrec(512).SetInt64(5)
	product := new(big.Float).SetPrec(512).Mul(big.NewFloat(2.5), big.NewFloat(2))
	if encode(nil, precise) != encode(nil, product) {
		t.Error("equal floats have different keys")
	}
	// Frozen: computed on a machine with words of 64 bits, and the same on one of
	// 32.
	huge, _ := new(big.Int).SetString("-123456789012345678901234567890", 10)
	third := new(big.Float).SetPrec(100).Quo(big.NewFloat(1), big.NewFloat(3))
	if got, want := encode(huge, third).String(), "0f0ad94efce011d973c96ffb4c26727a285cb5064a4f5508014bd3aaa3a51260"; got != want {
		t.Errorf("key %s, want %s", got, want)
	}
}

// A value whose marshaller fails has no key: the call is executed every time, and
// nothing is kept. Where a pointer is nil no marshaller is called.
func TestAFailingMarshallerRunsUncached(t *testing.T) {
	var log bytes.Buffer
	r := known.NewMarshalledRunner(&known.Marshalled{}, runtime.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	bad := fill[known.MarshalledArgs]().S
	bad.List[1] = other.Matrix{}
	for range 3 {
		if _, _, _, err := r.Run(t.Context(), bad); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.Stats().Executions; got != 3 {
		t.Errorf("%d executions, want 3", got)
	}
	if (r.Key(bad) != key.Key{}) {
		t.Error("it has a key")
	}
	if !strings.Contains(log.String(), "empty matrix") {
		t.Errorf("the log does not say why:\n%s", log.String())
	}

	missing := fill[known.MarshalledArgs]().S
	missing.Matrix = nil
	for range 2 {
		if _, m, _, err := r.Run(t.Context(), missing); err != nil || m != nil {
			t.Fatal(m, err)
		}
	}
	if got := r.Stats().Executions; got != 4 {
		t.Errorf("%d executions, want 4: nil can be encoded", got)
	}
}

// A channel is no input, but a type that has one can be returned if it knows how
// to be copied.
func TestResultsAreCopiedByTheirMethods(t *testing.T) {
	r := known.NewCopiesRunner(&known.Copies{})
	run := func() []any {
		match, channel, list, amount, m, err := r.Run(t.Context(), 3)
		if err != nil {
			t.Fatal(err)
		}
		if !match.MatchString("aa") || cap(channel.C) != 3 || amount != other.NewAmount(1, 2) || m.Data()[1] != 2 {
			t.Error("the copy is not equal")
		}
		if channel.C == list[0].C {
			t.Error("channels are shared")
		}
		return []any{match, channel, list, m}
	}
	first, second := run(), run()
	if first[0] == second[0] || first[1] == second[1] {
		t.Error("what pointers point to is shared")
	}
	if at := shared(first[1:], second[1:]); at != "" {
		t.Error("two results share memory at", at)
	}
}

// An argument of a type that is marshalled and has no method to be copied with
// is compared before and after.
func TestMarshalledArgumentsMayNotChangeMeanwhile(t *testing.T) {
	s := fill[known.MarshalledArgs]().S
	r := known.NewMarshalledRunner(&known.Marshalled{})
	if _, _, _, err := r.Run(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	s.Own = known.Own{}
	if _, _, _, err := r.Run(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if got := r.Stats().Executions; got != 2 {
		t.Errorf("%d executions, want 2", got)
	}
}

func BenchmarkKnownNumbers(b *testing.B) {
	a := fill[known.NumbersArgs]()
	b.ReportAllocs()
	for b.Loop() {
		e := key.Borrow()
		a.EncodeKey(e)
		_ = e.Fingerprint()
		e.Release()
	}
}

// Each special value has a key of its own, apart from all others.
func TestValuesOfKnownTypesAreToldApart(t *testing.T) {
	apart(t, func(v big.Int) key.Encodable { return &known.NumbersArgs{I: v} })
	apart(t, func(v big.Rat) key.Encodable { return &known.NumbersArgs{R: &v} })
	apart(t, func(v big.Float) key.Encodable { return &known.NumbersArgs{F: &v} })
	apart(t, func(v url.Userinfo) key.Encodable { return &known.PlacesArgs{W: known.Where{User: &v}} })
	apart(t, func(v netip.Addr) key.Encodable { return &known.PlacesArgs{W: known.Where{Addr: v}} })
	apart(t, func(v netip.AddrPort) key.Encodable { return &known.PlacesArgs{W: known.Where{Port: v}} })
	apart(t, func(v netip.Prefix) key.Encodable { return &known.PlacesArgs{W: known.Where{Prefix: &v}} })
	apart(t, func(v *time.Location) key.Encodable { return &known.PlacesArgs{W: known.Where{Zone: v}} })
	apart(t, func(v unique.Handle[string]) key.Encodable { return &known.RowsArgs{Rows: []known.Row{{Kind: v}}} })
	apart(t, func(v unique.Handle[[2]int]) key.Encodable { return &known.RowsArgs{Rows: []known.Row{{Pair: v}}} })
}

// apart fails when two special values of T have one key.
func apart[T any](t *testing.T, args func(v T) key.Encodable) {
	t.Helper()
	seen := map[key.Key]string{}
	for _, v := range special[reflect.TypeFor[T]()](7) {
		k := key.Sum(key.Scope{Work: "test"}, args(v.Interface().(T)).EncodeKey)
		if other, ok := seen[k]; ok {
			t.Errorf("%s: %s and %s have one key", v.Type(), describe(v), other)
		}
		seen[k] = describe(v)
	}
}
