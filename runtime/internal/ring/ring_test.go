package ring

import (
	"slices"
	"testing"
)

func TestTheLatestAreKept(t *testing.T) {
	r := New[int](3)
	if r.Last() != 0 || r.Find(0) != nil || r.Find(1) != nil {
		t.Error("an empty ring has something")
	}
	for n := range 10 {
		number, v := r.Add()
		if number != uint64(n+1) || r.Last() != number || *v != 0 {
			t.Errorf("the number of %d is %d, and the last one %d, want %d", *v, number, r.Last(), n+1)
		}
		*v = 10 * (n + 1)
		var kept []uint64
		for number, v := range r.All() {
			if kept = append(kept, number); *v != 10*int(number) || r.Find(number) != v {
				t.Errorf("number %d is %d", number, *v)
			}
		}
		want := []uint64{uint64(n - 1), uint64(n), uint64(n + 1)}[max(0, 2-n):]
		if !slices.Equal(kept, want) {
			t.Errorf("%v are kept, want %v", kept, want)
		}
		if r.Find(want[0]-1) != nil || r.Find(uint64(n+2)) != nil {
			t.Error("one is found that is not kept")
		}
	}
	for range r.All() {
		break
	}
}
