package app

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
)

// TestPicturesOfRandomGraphs checks what holds for all: nothing lies on anything else, nothing is outside of
// the picture, edges lead to the right unless they are part of a ring, and the same graph gives the same picture.
func TestPicturesOfRandomGraphs(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		n := 1 + random.IntN(40)
		sizes := make([]point, n)
		for i := range sizes {
			sizes[i] = point{float64(60 + random.IntN(200)), nodeHeight}
		}
		var edges [][2]int
		for range random.IntN(2 * n) {
			edges = append(edges, [2]int{random.IntN(n), random.IntN(n)})
		}
		l := arrange(sizes, edges)
		if again := arrange(sizes, edges); !reflect.DeepEqual(l, again) {
			t.Fatalf("seed %d: two pictures of one graph", seed)
		}
		for i, a := range l.Boxes {
			if a.X < 0 || a.Y < 0 || a.X+a.Width > l.Width || a.Y+a.Height > l.Height {
				t.Fatalf("seed %d: node %d is outside: %+v of %g × %g", seed, i, a, l.Width, l.Height)
			}
			for j, b := range l.Boxes[:i] {
				if a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height {
					t.Fatalf("seed %d: node %d lies on %d", seed, i, j)
				}
			}
		}
		for i, c := range l.Curves {
			from, to := l.Boxes[edges[i][0]], l.Boxes[edges[i][1]]
			first, last := c.Points[0], c.Points[len(c.Points)-1]
			switch {
			case edges[i][0] == edges[i][1]:
			case c.Back:
				if first.X != from.X || last.X != to.X+to.Width {
					t.Fatalf("seed %d: edge %d back ends elsewhere", seed, i)
				}
			case first.X != from.X+from.Width || last.X != to.X || first.X >= last.X:
				t.Fatalf("seed %d: edge %d leads from %+v to %+v", seed, i, first, last)
			}
		}
	}
}

func TestOnlyRingsHaveEdgesThatLeadBack(t *testing.T) {
	for _, test := range []struct {
		name  string
		edges [][2]int
		back  []bool
	}{
		{"a diamond", [][2]int{{0, 1}, {0, 2}, {1, 3}, {2, 3}, {0, 3}}, []bool{false, false, false, false, false}},
		{"in any order", [][2]int{{2, 1}, {1, 0}}, []bool{false, false}},
		{"a ring", [][2]int{{0, 1}, {1, 2}, {2, 0}}, []bool{false, false, true}},
		{"a ring that something leads to", [][2]int{{0, 1}, {1, 0}, {3, 1}}, []bool{true, false, false}},
		{"itself", [][2]int{{0, 0}, {0, 1}}, []bool{false, false}},
	} {
		l := arrange(make([]point, 4), test.edges)
		for i, c := range l.Curves {
			if c.Back != test.back[i] {
				t.Errorf("%s: edge %d is back: %v", test.name, i, c.Back)
			}
		}
	}
}

func BenchmarkPicture(b *testing.B) {
	v := flowView{Nodes: []nodeView{{ID: "loop", Kind: kindLoop}}}
	for i := range maxDrawnNodes - 1 {
		id := fmt.Sprint("work", i)
		v.Nodes = append(v.Nodes, nodeView{ID: id, Kind: kindWork, Work: id})
		v.Edges = append(v.Edges, edgeView{"loop", id, 1})
	}
	for b.Loop() {
		drawn(v)
	}
}
