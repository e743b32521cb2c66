package main

import (
	"container/heap"
	"context"
	"fmt"
	"slices"
)

// Place is one of a map, from 0,0 on.
type Place struct {
	X int `json:"x"`
	Y int `json:"y"`
}

// String is how requests write a place: 3,4.
func (p Place) String() string { return fmt.Sprintf("%d,%d", p.X, p.Y) }

// parsePlace reads a place as String writes it.
func parsePlace(text string) (p Place, err error) {
	var rest string
	if n, _ := fmt.Sscanf(text+" end", "%d,%d %s", &p.X, &p.Y, &rest); n != 3 || rest != "end" {
		return Place{}, fmt.Errorf("%q is no place: write one as 3,4", text)
	}
	return p, nil
}

// Map is a square of so many places a side. How hard it is to get to a place depends on the Seed.
type Map struct {
	Side int
	Seed uint64
}

// Has reports whether a place is on the map.
func (m Map) Has(p Place) bool { return p.X >= 0 && p.Y >= 0 && p.X < m.Side && p.Y < m.Side }

// cost is that of getting to a place from the one beside it: 1 to 16.
func (m Map) cost(p Place) int {
	h := (uint64(p.X)<<32 ^ uint64(p.Y)) + m.Seed
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9 // as splitmix64 does
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return 1 + int((h^h>>31)&15)
}

// shortest is Dijkstra's algorithm.
func (m Map) shortest(ctx context.Context, from, to Place) (Way, error) {
	at := func(p Place) int { return p.Y*m.Side + p.X }
	before := make([]Place, m.Side*m.Side)
	costs := make([]int, m.Side*m.Side) // from the start, plus one; 0: not reached yet
	open := &frontier{{from, 0}}
	costs[at(from)] = 1
	for n := 0; open.Len() > 0; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return Way{}, ctx.Err()
		}
		next := heap.Pop(open).(reached)
		if next.place == to {
			break
		}
		if next.cost >= costs[at(next.place)] {
			continue // it was reached at less cost since
		}
		for _, d := range []Place{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
			p := Place{next.place.X + d.X, next.place.Y + d.Y}
			if !m.Has(p) {
				continue
			}
			cost := next.cost + m.cost(p)
			if known := costs[at(p)]; known == 0 || cost+1 < known {
				costs[at(p)], before[at(p)] = cost+1, next.place
				heap.Push(open, reached{p, cost})
			}
		}
	}
	way := Way{Cost: costs[at(to)] - 1, Steps: []Place{to}}
	for p := to; p != from; way.Steps = append(way.Steps, p) {
		p = before[at(p)]
	}
	slices.Reverse(way.Steps)
	return way, nil
}

// reached is a place that can be reached at a cost.
type reached struct {
	place Place
	cost  int
}

// frontier is a heap of them, the cheapest first.
type frontier []reached

func (f frontier) Len() int           { return len(f) }
func (f frontier) Less(i, j int) bool { return f[i].cost < f[j].cost }
func (f frontier) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *frontier) Push(x any)        { *f = append(*f, x.(reached)) }
func (f *frontier) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}
