package generator_test

import (
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"net/url"
	"reflect"
	"time"
	"unique"

	"github.com/workgen/workgen/testdata/golden/declared"
	"github.com/workgen/workgen/testdata/golden/declared/outer"
	"github.com/workgen/workgen/testdata/golden/known/other"
	"github.com/workgen/workgen/testdata/golden/plain"
)

// special gives values of types whose fields are not what tells them apart: the
// first one depends on n, all others are different from it and from each other.
// Equal calls give equal values that share no memory.
var special = map[reflect.Type]func(n int) []reflect.Value{
	reflect.TypeFor[big.Int](): values(func(n int) []big.Int {
		huge := new(big.Int).Lsh(big.NewInt(int64(n)), 100)
		return []big.Int{*huge, {}, *big.NewInt(-1), *new(big.Int).Neg(huge), *big.NewInt(math.MaxInt64), *new(big.Int).Lsh(big.NewInt(1), 32)}
	}),
	reflect.TypeFor[big.Rat](): values(func(n int) []big.Rat {
		return []big.Rat{*big.NewRat(int64(n), 7919), {}, *big.NewRat(-1, 3), *big.NewRat(1, 3), *big.NewRat(3, 1)}
	}),
	reflect.TypeFor[big.Float](): values(func(n int) []big.Float {
		exact, minus := *big.NewFloat(float64(n) + 0.5), big.Float{}
		precise := *new(big.Float).SetPrec(200).Set(&exact)
		mode := *new(big.Float).SetMode(big.ToZero).Copy(&exact)
		mode.SetMode(big.AwayFromZero)
		minus.Neg(&minus)
		rounded := *new(big.Float).SetPrec(3).SetInt64(9)  // 8, below
		rounded2 := *new(big.Float).SetPrec(3).SetInt64(8) // 8, exactly
		inf := *new(big.Float).SetInf(true)
		third := *new(big.Float).SetPrec(500).Quo(big.NewFloat(1), big.NewFloat(3))
		return []big.Float{exact, {}, precise, mode, minus, rounded, rounded2, inf, third}
	}),
	reflect.TypeFor[url.Userinfo](): values(func(n int) []url.Userinfo {
		return []url.Userinfo{*url.UserPassword(fmt.Sprint("u", n), "p"), {}, *url.User("u"), *url.UserPassword("u", ""), *url.UserPassword("", "u"), *url.UserPassword("u", "p")}
	}),
	reflect.TypeFor[netip.Addr](): values(func(n int) []netip.Addr {
		four := netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)})
		return []netip.Addr{four, {}, netip.IPv4Unspecified(), netip.AddrFrom16(four.As16()), netip.IPv6Unspecified(), netip.MustParseAddr("fe80::1%a"), netip.MustParseAddr("fe80::1%b"), netip.MustParseAddr("fe80::1")}
	}),
	reflect.TypeFor[netip.AddrPort](): values(func(n int) []netip.AddrPort {
		addr := netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)})
		return []netip.AddrPort{netip.AddrPortFrom(addr, 80), {}, netip.AddrPortFrom(addr, 81), netip.AddrPortFrom(netip.Addr{}, 80), netip.MustParseAddrPort("[fe80::1%a]:80"), netip.MustParseAddrPort("[fe80::1%b]:80")}
	}),
	reflect.TypeFor[netip.Prefix](): values(func(n int) []netip.Prefix {
		addr := netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)})
		return []netip.Prefix{netip.PrefixFrom(addr, 24), {}, netip.PrefixFrom(addr, 25), netip.PrefixFrom(addr, 99), netip.PrefixFrom(netip.IPv6Unspecified(), 24)}
	}),
	reflect.TypeFor[*time.Location](): values(func(n int) []*time.Location {
		return []*time.Location{time.FixedZone("X", n), nil, time.UTC, time.FixedZone("X", 1), time.FixedZone("Y", 1), time.FixedZone("UTC", 0+60), time.FixedZone("X", 1_001)}
	}),
	reflect.TypeFor[unique.Handle[string]](): values(func(n int) []unique.Handle[string] {
		return []unique.Handle[string]{unique.Make(fmt.Sprint(n)), {}, unique.Make(""), unique.Make("x")}
	}),
	reflect.TypeFor[unique.Handle[[2]int]](): values(func(n int) []unique.Handle[[2]int] {
		return []unique.Handle[[2]int]{unique.Make([2]int{n, 1}), {}, unique.Make([2]int{}), unique.Make([2]int{1, n})}
	}),
	reflect.TypeFor[other.Matrix](): values(func(n int) []other.Matrix {
		return []other.Matrix{*other.NewMatrix(float64(n), 1), *other.NewMatrix(1), *other.NewMatrix(1, 2), *other.NewMatrix(12), *other.NewMatrix(math.NaN())}
	}),
	reflect.TypeFor[other.Money](): values(func(n int) []other.Money {
		return []other.Money{other.NewMoney(fmt.Sprint(n)), {}, other.NewMoney("null"), other.NewMoney("")}
	}),
}

// Types that are declared as others have their values.
func init() {
	times := values(func(n int) []time.Time {
		at := time.Unix(int64(n), 5).UTC()
		return []time.Time{at, {}, at.Add(1), at.In(time.FixedZone("X", 3600)), at.In(time.FixedZone("Y", 3600))}
	})
	special[reflect.TypeFor[declared.Stamp]()] = as[declared.Stamp](times)
	special[reflect.TypeFor[plain.Stamp]()] = as[plain.Stamp](times)
	special[reflect.TypeFor[outer.Stamp]()] = as[outer.Stamp](times)
	special[reflect.TypeFor[declared.Amount]()] = as[declared.Amount](special[reflect.TypeFor[big.Int]()])
	special[reflect.TypeFor[declared.Ratio]()] = as[declared.Ratio](special[reflect.TypeFor[big.Rat]()])
	special[reflect.TypeFor[declared.Real]()] = as[declared.Real](special[reflect.TypeFor[big.Float]()])
	special[reflect.TypeFor[declared.User]()] = as[declared.User](special[reflect.TypeFor[url.Userinfo]()])
	special[reflect.TypeFor[declared.Addr]()] = as[declared.Addr](special[reflect.TypeFor[netip.Addr]()])
	special[reflect.TypeFor[declared.Port]()] = as[declared.Port](special[reflect.TypeFor[netip.AddrPort]()])
	special[reflect.TypeFor[declared.Net]()] = as[declared.Net](special[reflect.TypeFor[netip.Prefix]()])
}

// as converts values to a type.
func as[T any](values func(n int) []reflect.Value) func(n int) []reflect.Value {
	return func(n int) (out []reflect.Value) {
		for _, v := range values(n) {
			out = append(out, v.Addr().Convert(reflect.TypeFor[*T]()).Elem())
		}
		return out
	}
}

// values turns a list of a type into reflect's.
func values[T any](list func(n int) []T) func(n int) []reflect.Value {
	return func(n int) (out []reflect.Value) {
		for _, v := range list(n) {
			out = append(out, reflect.ValueOf(&v).Elem())
		}
		return out
	}
}

// describe names a value in a test's output.
func describe(v reflect.Value) string {
	if s, ok := v.Addr().Interface().(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprintf("%v", v)
}
