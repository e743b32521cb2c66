package app

import (
	"cmp"
	"slices"
)

// This file places the nodes of a graph in layers, from left to right, and its edges between them. The same
// graph always gives the same picture.

// layered is where things are, in units of the picture.
type layered struct {
	Width, Height float64
	Boxes         []box   // as many as nodes
	Curves        []curve // as many as edges
}

type box struct{ X, Y, Width, Height float64 }

// curve is an edge: points from one node to the other. Between the first two, the next two, and so on, it
// begins and ends level.
type curve struct {
	Points []point
	Back   bool // it leads to the left, against the others, so that it is part of a ring
}

type point struct{ X, Y float64 }

const (
	rowGap    = 14
	columnGap = 90
	margin    = 8
)

// arrange places nodes of the given sizes, and edges between them by number.
func arrange(sizes []point, edges [][2]int) layered {
	l := layering{sizes: sizes, edges: edges}
	l.findRings()
	l.assignLayers()
	l.split()
	l.order()
	return l.place()
}

// layering is a layout under way. Beside the nodes it has bends, where long edges go through a layer.
type layering struct {
	sizes  []point
	edges  [][2]int
	back   []bool  // edges that are turned round, so that there are no rings
	layer  []int   // of each node and bend
	chains [][]int // of each edge: the nodes and bends it goes through, from left to right; nil: from a node to itself
	layers [][]int // nodes and bends, from top to bottom
	at     []float64
}

// ends returns where an edge begins and ends when no edge leads to the left.
func (l *layering) ends(edge int) (from, to int) {
	from, to = l.edges[edge][0], l.edges[edge][1]
	if l.back[edge] {
		from, to = to, from
	}
	return from, to
}

// findRings turns edges round that lead back to where one comes from. Nodes that nothing leads to are the first.
func (l *layering) findRings() {
	l.back = make([]bool, len(l.edges))
	leaving := make([][]int, len(l.sizes))
	entered := make([]bool, len(l.sizes))
	for i, e := range l.edges {
		leaving[e[0]] = append(leaving[e[0]], i)
		entered[e[1]] = entered[e[1]] || e[0] != e[1]
	}
	const under, done = 1, 2
	state := make([]int, len(l.sizes))
	var visit func(n int)
	visit = func(n int) {
		state[n] = under
		for _, i := range leaving[n] {
			switch to := l.edges[i][1]; state[to] {
			case under:
				l.back[i] = to != n
			case 0:
				visit(to)
			}
		}
		state[n] = done
	}
	for _, first := range []bool{true, false} {
		for n := range l.sizes {
			if state[n] == 0 && (!first || !entered[n]) {
				visit(n)
			}
		}
	}
}

// assignLayers puts each node to the right of all that lead to it.
func (l *layering) assignLayers() {
	l.layer = make([]int, len(l.sizes))
	for changed := true; changed; {
		changed = false
		for i := range l.edges {
			if from, to := l.ends(i); from != to && l.layer[to] <= l.layer[from] {
				l.layer[to], changed = l.layer[from]+1, true
			}
		}
	}
}

// split gives long edges a bend in each layer that they cross, and fills the layers.
func (l *layering) split() {
	l.chains = make([][]int, len(l.edges))
	for i := range l.edges {
		from, to := l.ends(i)
		if from == to {
			continue
		}
		chain := []int{from}
		for layer := l.layer[from] + 1; layer < l.layer[to]; layer++ {
			chain = append(chain, len(l.layer))
			l.layer = append(l.layer, layer)
		}
		l.chains[i] = append(chain, to)
	}
	for n, layer := range l.layer {
		for len(l.layers) <= layer {
			l.layers = append(l.layers, nil)
		}
		l.layers[layer] = append(l.layers[layer], n)
	}
}

// order sorts each layer so that edges cross less: each node goes where its neighbours are on average.
func (l *layering) order() {
	left, right := make([][]int, len(l.layer)), make([][]int, len(l.layer))
	for _, chain := range l.chains {
		for i := 1; i < len(chain); i++ {
			left[chain[i]] = append(left[chain[i]], chain[i-1])
			right[chain[i-1]] = append(right[chain[i-1]], chain[i])
		}
	}
	l.at = make([]float64, len(l.layer))
	number := func(layer []int) {
		for i, n := range layer {
			l.at[n] = float64(i) - float64(len(layer))/2
		}
	}
	for _, layer := range l.layers {
		number(layer)
	}
	for range 4 {
		for _, layer := range l.layers {
			l.sort(layer, left)
			number(layer)
		}
		for _, layer := range slices.Backward(l.layers) {
			l.sort(layer, right)
			number(layer)
		}
	}
}

// sort sorts a layer by the mean of the neighbours of each.
func (l *layering) sort(layer []int, neighbours [][]int) {
	mean := func(n int) float64 {
		if len(neighbours[n]) == 0 {
			return l.at[n]
		}
		sum := 0.0
		for _, m := range neighbours[n] {
			sum += l.at[m]
		}
		return sum / float64(len(neighbours[n]))
	}
	means := map[int]float64{}
	for _, n := range layer {
		means[n] = mean(n)
	}
	slices.SortStableFunc(layer, func(a, b int) int { return cmp.Compare(means[a], means[b]) })
}

// place gives nodes, and the edges between them, their coordinates. Each layer is centred.
func (l *layering) place() layered {
	out := layered{Boxes: make([]box, len(l.sizes)), Curves: make([]curve, len(l.edges))}
	size := func(n int) point {
		if n < len(l.sizes) {
			return l.sizes[n]
		}
		return point{0, 6}
	}
	boxes := make([]box, len(l.layer))
	heights := make([]float64, len(l.layers))
	for i, layer := range l.layers {
		for _, n := range layer {
			heights[i] += size(n).Y + rowGap
		}
		out.Height = max(out.Height, heights[i]-rowGap)
	}
	x := float64(margin)
	for i, layer := range l.layers {
		width, y := 0.0, margin+(out.Height-heights[i]+rowGap)/2
		for _, n := range layer {
			width = max(width, size(n).X)
		}
		for _, n := range layer {
			boxes[n] = box{round(x), round(y), width, size(n).Y}
			y += size(n).Y + rowGap
		}
		x += width + columnGap
	}
	copy(out.Boxes, boxes)
	out.Width, out.Height = round(x-columnGap+margin), round(out.Height+2*margin)
	l.route(boxes, out.Curves)
	for i, e := range l.edges {
		if l.chains[i] == nil { // from a node to itself: below it
			b := boxes[e[0]]
			bottom := point{b.X + b.Width - 24, b.Y + b.Height}
			out.Curves[i].Points = []point{bottom, {bottom.X + 16, bottom.Y}}
		}
	}
	return out
}

// route draws edges. Those of one node are spread over its side, in the order of where they lead.
func (l *layering) route(boxes []box, curves []curve) {
	type end struct {
		edge  int
		other float64 // where the edge leads, as far as the next layer
	}
	leaving, entering := make([][]end, len(l.sizes)), make([][]end, len(l.sizes))
	middle := func(n int) float64 { return boxes[n].Y + boxes[n].Height/2 }
	for i, chain := range l.chains {
		if chain == nil {
			continue
		}
		first, last := chain[0], chain[len(chain)-1]
		leaving[first] = append(leaving[first], end{i, middle(chain[1])})
		entering[last] = append(entering[last], end{i, middle(chain[len(chain)-2])})
	}
	spread := func(ends []end, b box) map[int]float64 {
		slices.SortStableFunc(ends, func(a, b end) int { return cmp.Compare(a.other, b.other) })
		ys := map[int]float64{}
		for i, e := range ends {
			ys[e.edge] = round(b.Y + b.Height*float64(i+1)/float64(len(ends)+1))
		}
		return ys
	}
	starts, stops := make([]map[int]float64, len(l.sizes)), make([]map[int]float64, len(l.sizes))
	for n := range l.sizes {
		starts[n], stops[n] = spread(leaving[n], boxes[n]), spread(entering[n], boxes[n])
	}
	for i, chain := range l.chains {
		if chain == nil {
			continue
		}
		first, last := chain[0], chain[len(chain)-1]
		points := []point{{boxes[first].X + boxes[first].Width, starts[first][i]}}
		for _, n := range chain[1 : len(chain)-1] {
			points = append(points, point{boxes[n].X, round(middle(n))}, point{boxes[n].X + boxes[n].Width, round(middle(n))})
		}
		points = append(points, point{boxes[last].X, stops[last][i]})
		if curves[i].Back = l.back[i]; l.back[i] {
			slices.Reverse(points)
		}
		curves[i].Points = points
	}
}
