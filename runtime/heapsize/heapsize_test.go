package heapsize_test

import (
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"

	"github.com/workgen/workgen/runtime/heapsize"
)

// allocated returns how many bytes make allocates, which is expected to be want: others may
// allocate meanwhile.
func allocated(want int, make func()) int {
	var before, after runtime.MemStats
	least := -1
	for try := 0; try < 3 && least != want; try++ {
		runtime.ReadMemStats(&before)
		make()
		runtime.ReadMemStats(&after)
		if n := int(after.TotalAlloc - before.TotalAlloc); least < 0 || n < least {
			least = n
		}
	}
	return least
}

func TestBytes(t *testing.T) {
	var b []byte
	first := 0
	if raceDetector {
		first = 16
	}
	for n := first; n <= 100_000; n++ {
		if n > 4096 && n%61 != 0 && (n+1)%1024 > 2 {
			continue
		}
		got := heapsize.Bytes(n)
		if n < 16 {
			const many = 240
			if want := allocated(got*many, func() {
				for range many {
					b = make([]byte, n)
				}
			}) / many; got != want {
				t.Errorf("%d bytes take %d, want %d", n, got, want)
			}
			continue
		}
		if want := allocated(got, func() { b = make([]byte, n) }); got != want {
			t.Errorf("%d bytes take %d, want %d", n, got, want)
		}
	}
	_ = b
}

// TestPointers finds the header of objects that hold pointers.
func TestPointers(t *testing.T) {
	var s []*int
	for n := range 6000 {
		got := heapsize.SliceOf(make([]*int, n), func(*int) int { return 0 })
		if want := allocated(got, func() { s = make([]*int, n) }); got != want {
			t.Errorf("%d pointers take %d, want %d", n, got, want)
		}
	}
	_ = s
}

// TestSlices finds what slices.Clone and append leave.
func TestSlices(t *testing.T) {
	type odd [24]byte
	var s []odd
	for n := 1; n < 3000; n += 7 {
		original := make([]odd, n)
		for _, make := range []func(){func() { s = slices.Clone(original) }, func() { s = append(original, odd{}) }} {
			make()
			if got, want := heapsize.Slice(s), allocated(heapsize.Slice(s), make); got != want {
				t.Errorf("%d elements take %d, want %d", len(s), got, want)
			}
		}
	}
	if got, want := heapsize.Slice(make([]byte, 100_000)[:10]), heapsize.Bytes(24); got != want {
		t.Errorf("a piece of 10 bytes takes %d, want %d", got, want)
	}
}

func TestMaps(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // collecting the maps is a third of what it does
	mapsTest(t, func(i int) int { return i }, 0, nil)
	mapsTest(t, func(i int) uint16 { return uint16(i) }, struct{}{}, nil)
	mapsTest(t, func(i int) string { return strconv.Itoa(i) }, [3]int{}, func(string) int { return 0 })
	mapsTest(t, func(i int) [17]int { return [17]int{i} }, byte(0), nil)
	mapsTest(t, func(i int) int { return i }, [200]byte{}, nil)
	mapsTest(t, func(i int) [130]byte { return [130]byte{byte(i), byte(i >> 8)} }, [20]int{}, nil)
}

// mapsTest tries maps that were made with room for their entries, as copies are, and maps
// that have grown. Where chance has a say, many of them are looked at.
func mapsTest[K comparable, V any](t *testing.T, key func(int) K, value V, size func(K) int) {
	for n := 0; n <= 5000; n++ {
		many, tolerance := 1, 0 // percent
		switch {
		case n > 850:
			n += 90
			many, tolerance = 8, 25
		case n > 130:
			n += 6
		}
		for _, room := range []int{n, 0} {
			got, want := 0, 0
			for range many {
				m := make(map[K]V, room)
				for i := range n {
					m[key(i)] = value
				}
				got = heapsize.MapOf(m, size, nil)
				if size == nil {
					got = heapsize.Map(m)
				}
				var copied map[K]V
				want += allocated(got, func() { copied = maps.Clone(m) }) / many
				_ = copied
			}
			if got*100 < want*(100-tolerance) || got*100 > want*(100+tolerance) {
				t.Errorf("%T with %d entries, made for %d: %d, want %d", *new(map[K]V), n, room, got, want)
			}
		}
	}
}

func TestNothing(t *testing.T) {
	none := []int{
		heapsize.String(""), heapsize.Slice([]int(nil)), heapsize.Slice([]struct{}{{}}), heapsize.Pointer((*int)(nil)),
		heapsize.PointerTo((*string)(nil), heapsize.String), heapsize.Map(map[int]int(nil)), heapsize.MapOf(map[string]int(nil), heapsize.String, nil),
		heapsize.Box(true), heapsize.Box(int16(255)), heapsize.Box(int32(255)), heapsize.Box(255), heapsize.Box(struct{}{}),
	}
	for i, n := range none {
		if n != 0 {
			t.Errorf("%d: %d bytes", i, n)
		}
	}
}

func TestBoxes(t *testing.T) {
	if !raceDetector {
		boxes(t, 256)
		boxes(t, int64(-1))
		boxes(t, 0.5)
	}
	boxes(t, "text")
	boxes(t, [100]int{1})
	boxes(t, [80]string{})
}

func boxes[T any](t *testing.T, v T) {
	var made [100]any
	all := allocated(heapsize.Box(v)*len(made), func() {
		for i := range made {
			made[i] = v
		}
	})
	if got := heapsize.Box(v); got != all/len(made) {
		t.Errorf("a %T takes %d, want %d", v, got, all/len(made))
	}
}

func TestFirst(t *testing.T) {
	type pair struct{ a, _ int }
	var (
		c      heapsize.Counted
		p          = &pair{}
		s          = []int{1, 2}
		m          = map[int]int{}
		i, num any = pair{}, 1000
	)
	for try, first := range []bool{true, false} {
		for what, got := range map[string]bool{
			"pointer":    heapsize.PointerOnce(&c, p, func(pair) int { return 0 }) == 16,
			"its first":  heapsize.PointerOnce(&c, &p.a, func(int) int { return 0 }) == 8,
			"slice":      heapsize.FirstSlice(&c, s) != nil,
			"its start":  heapsize.FirstSlice(&c, s[:1]) != nil,
			"map":        heapsize.FirstMap(&c, m) != nil,
			"box":        heapsize.FirstBox(&c, i),
			"number box": heapsize.FirstBox(&c, num),
		} {
			if got != first {
				t.Errorf("%s, try %d: %v", what, try, got)
			}
		}
	}
	if heapsize.PointerOnce(&c, (*int)(nil), nil) != 0 || heapsize.FirstSlice(&c, s[:0]) != nil || heapsize.FirstMap(&c, map[int]int(nil)) != nil || heapsize.FirstBox(&c, any(nil)) {
		t.Error("nothing was there for the first time")
	}
}

// TestLongList counts a list that would overflow the stack if it was followed on it.
func TestLongList(t *testing.T) {
	type node struct {
		next *node
		_    [5]int
	}
	defer debug.SetMaxStack(debug.SetMaxStack(1 << 20))
	const many = 50_000
	var list *node
	for range many {
		list = &node{next: list}
	}
	var c heapsize.Counted
	var size func(node) int
	size = func(v node) int { return heapsize.PointerOnce(&c, v.next, size) }
	if got, want := heapsize.PointerOnce(&c, list, size)+c.Rest(), many*48; got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
}
