package deepcopy_test

import (
	"testing"

	"github.com/workgen/workgen/runtime/deepcopy"
)

type ring struct {
	next  *ring
	inner inner
	first *inner
	kids  []*ring
	by    map[string]*ring
}

type inner struct{ back *ring }

func copyRing(c *deepcopy.Copy, v *ring) {
	if deepcopy.Pointer(c, &v.next) {
		copyRing(c, v.next)
	}
	copyInner(c, &v.inner)
	if deepcopy.Pointer(c, &v.first) {
		copyInner(c, v.first)
	}
	if deepcopy.Slice(c, &v.kids) {
		for i := range v.kids {
			if deepcopy.Pointer(c, &v.kids[i]) {
				copyRing(c, v.kids[i])
			}
		}
	}
	if m := v.by; deepcopy.Map(c, &v.by) {
		for k, x := range m {
			if deepcopy.Pointer(c, &x) {
				copyRing(c, x)
			}
			v.by[k] = x
		}
	}
}

func copyInner(c *deepcopy.Copy, v *inner) {
	if deepcopy.Pointer(c, &v.back) {
		copyRing(c, v.back)
	}
}

func TestCopiesKeepCyclesAndSharing(t *testing.T) {
	v := &ring{kids: []*ring{nil, {}}, by: map[string]*ring{}}
	v.next = v
	v.inner.back = v
	v.kids[0] = &ring{next: v, kids: v.kids, by: v.by}
	v.by["self"], v.by["kid"] = v, v.kids[0]

	c := v
	var copies deepcopy.Copy
	if !deepcopy.Pointer(&copies, &c) {
		t.Fatal("the first copy is not new")
	}
	copyRing(&copies, c)
	if c == v || c.next != c || c.inner.back != c {
		t.Error("the pointers to itself do not lead to the copy")
	}
	kid := c.kids[0]
	if kid == v.kids[0] || kid.next != c || c.kids[1] == v.kids[1] {
		t.Error("what the slice holds is not copied")
	}
	if &kid.kids[0] != &c.kids[0] || &c.kids[0] == &v.kids[0] {
		t.Error("the copies do not share a slice as the originals do")
	}
	if c.by["self"] != c || c.by["kid"] != kid || len(c.by) != 2 {
		t.Error("what the map holds is not what is copied elsewhere")
	}
	if kid.by["new"] = kid; c.by["new"] != kid || v.by["new"] != nil {
		t.Error("the copies do not share a map as the originals do")
	}
}

func TestCopiesTellTypesAtOneAddressApart(t *testing.T) {
	type outer struct{ ring ring }
	o := &outer{}
	r, i := o, &o.ring
	var copies deepcopy.Copy
	deepcopy.Pointer(&copies, &r)
	if !deepcopy.Pointer(&copies, &i) {
		t.Error("a struct and its first field were taken for the same")
	}
	short, long := []int{1, 2}[:1], []int(nil)
	long = short[:2]
	deepcopy.Slice(&copies, &short)
	deepcopy.Slice(&copies, &long)
	if len(short) != 1 || len(long) != 2 || long[1] != 2 || cap(short) != 1 {
		t.Error("slices of one array and different lengths were taken for the same:", short, long)
	}
}

func TestCopiesKeepNilAndEmpty(t *testing.T) {
	var (
		copies deepcopy.Copy
		p      *int
		s      []int
		m      map[int]int
	)
	if deepcopy.Pointer(&copies, &p) || deepcopy.Slice(&copies, &s) || deepcopy.Map(&copies, &m) {
		t.Error("nil has been copied")
	}
	if p != nil || s != nil || m != nil {
		t.Error("nil became something", p, s, m)
	}
	whole := []int{1, 2}
	empty := whole[:0]
	deepcopy.Slice(&copies, &empty)
	if _ = append(empty, 9); empty == nil || whole[0] != 1 {
		t.Error("the copy of an empty slice is nil, or has the room of the original:", empty, whole)
	}
}
