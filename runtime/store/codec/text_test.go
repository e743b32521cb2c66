package codec

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

type shown struct {
	Name   string
	N      int
	Next   *shown
	hidden int
}

type angry struct{ X int }

func (*angry) String() string { panic("no") }

func TestTextShowsValuesInAFewWords(t *testing.T) {
	ptr := 7
	for want, v := range map[string]any{
		`"05/25/22"`:                          new("05/25/22"),
		`-3`:                                  new(-3),
		`0.1`:                                 new(float32(0.1)),
		`true`:                                new(true),
		`(1+2i)`:                              new(complex(1, 2)),
		`nil`:                                 new([]int),
		`[]`:                                  &[]int{},
		`[1 2 3]`:                             &[]int{1, 2, 3},
		`[0 1 2 3 4 5 6 7 … 2 more]`:          &[]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
		`0x0102`:                              &[]byte{1, 2},
		`{"a": 1 "b": 2}`:                     &map[string]int{"b": 2, "a": 1},
		`{Name: "a" N: 1 Next: &{hidden: 3}}`: &shown{Name: "a", N: 1, Next: &shown{hidden: 3}},
		`{}`:                                  &shown{},
		`&7`:                                  new(&ptr),
		`2022-05-25T01:02:03Z`:                new(time.Date(2022, 5, 25, 1, 2, 3, 0, time.UTC)),
		`1.5s`:                                new(1500 * time.Millisecond),
		`10.0.0.1`:                            new(netip.MustParseAddr("10.0.0.1")),
		`{X: 1}`:                              &angry{1},
		`chan int`:                            new(make(chan int)),
		`"` + strings.Repeat("x", 80) + `"… (1000 bytes)`: new(strings.Repeat("x", 1000)),
	} {
		if got := (Codec{}).Text(v); got != want {
			t.Errorf("%T: got %s, want %s", v, got, want)
		}
	}
}

func TestTextIsShort(t *testing.T) {
	type deep struct{ A, B, C, D, E, F, G, H []map[string][]string }
	x := []map[string][]string{}
	for range 20 {
		m := map[string][]string{}
		for i := range 20 {
			m[strings.Repeat("k", i)] = []string{strings.Repeat("v", 200), "w"}
		}
		x = append(x, m)
	}
	cycle := &shown{}
	cycle.Next = cycle
	for _, v := range []any{&deep{x, x, x, x, x, x, x, x}, cycle, new(make([]string, 1_000_000))} {
		if got := (Codec{}).Text(v); len(got) > 2*textRoom {
			t.Errorf("%d bytes: %s", len(got), got)
		}
	}
}
