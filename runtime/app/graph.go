package app

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/schedule"
)

// This file is the view of the flow: works, who was seen to call them, schedules and passes.

// flowView is what the API says of it.
type flowView struct {
	Nodes     []nodeView     `json:"nodes"`
	Edges     []edgeView     `json:"edges"`
	Schedules []scheduleView `json:"schedules"`
	Passes    []passView     `json:"passes"`
}

// nodeView is a work, or who calls works: a loop, or other code.
type nodeView struct {
	ID         string `json:"id"`   // identifies it in edges
	Kind       string `json:"kind"` // work, loop, code
	Name       string `json:"name"`
	Work       string `json:"work,omitempty"` // its id in addresses; "" for what is no work, or not shown
	Status     string `json:"status,omitempty"`
	Running    int    `json:"running"`
	Pending    int    `json:"pending"`
	Executions int64  `json:"executions"`
	Errors     int64  `json:"errors"`
}

// edgeView says that one was seen to call the other.
type edgeView struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Calls int64  `json:"calls"` // made or joined; hits are not counted
}

// scheduleView is a schedule with what comes next.
type scheduleView struct {
	tickView
	Following []time.Time `json:"following"` // the next ticks, at most followed
}

// followed is how many ticks of a schedule are shown.
const followed = 5

const (
	kindWork = "work"
	kindLoop = "loop"
	kindCode = "code"
)

// Label is what a node is called on a page.
func (n nodeView) Label() string {
	switch {
	case n.Work != "":
		return n.Work
	case n.Kind == kindCode:
		return "other code"
	case n.Kind == kindLoop && n.Name == "":
		return "the flow"
	case n.Kind == kindLoop:
		return "flow " + preview.Line(n.Name)
	}
	return preview.Line(n.Name)
}

// flow looks at everything.
func (s *site) flow() flowView {
	all := s.discover()
	l := s.loopView(all)
	v := flowView{Schedules: schedules(l.Ticks, time.Now()), Passes: l.Passes}
	v.Nodes, v.Edges = s.graph(all)
	return v
}

// schedules adds to schedules what comes next.
func schedules(ticks []tickView, now time.Time) []scheduleView {
	list := make([]scheduleView, 0, len(ticks))
	for _, t := range ticks {
		v := scheduleView{tickView: t, Following: []time.Time{}}
		if parsed, err := schedule.Parse(t.Schedule); err == nil {
			for _, next := range parsed.NextN(now, followed) {
				v.Following = append(v.Following, local(next))
			}
		}
		list = append(list, v)
	}
	return list
}

// graph returns the loop of the app, all works, and who else calls those, in this order. Works of one name
// are told apart as those who are called, but not as those who call.
func (s *site) graph(all []*runtime.Runner) (nodes []nodeView, edges []edgeView) {
	g := grapher{known: map[runtime.Caller]string{}}
	l := s.app.Loop
	g.add(runtime.Caller{InLoop: true, Loop: l.Name}, nodeView{ID: kindLoop, Kind: kindLoop, Name: l.Name, Status: l.Status().State.String()})
	for _, r := range all {
		g.add(runtime.Caller{Work: r.Name()}, s.workNode(r))
	}
	for _, r := range all {
		for _, c := range runtime.Inspect(r).Callers() {
			calls := c.Calls
			c.Calls = 0
			g.edges = append(g.edges, edgeView{g.caller(c), s.id(r), calls})
		}
	}
	return g.nodes, g.edges
}

// workNode is a work that the page shows.
func (s *site) workNode(r *runtime.Runner) nodeView {
	stats := r.Stats()
	n := nodeView{
		ID: s.id(r), Kind: kindWork, Name: r.Name(), Work: s.id(r), Status: runtime.NotStarted.String(),
		Running: stats.InFlight, Pending: stats.Pending, Executions: stats.Executions, Errors: stats.Errors,
	}
	for d := range runtime.Inspect(r).Calls(0) {
		n.Status = d.Status.String()
		break
	}
	switch {
	case n.Running > 0:
		n.Status = runtime.Running.String()
	case n.Pending > 0:
		n.Status = runtime.Pending.String()
	}
	return n
}

// grapher gathers a graph.
type grapher struct {
	nodes []nodeView
	edges []edgeView
	known map[runtime.Caller]string // the id of each
}

func (g *grapher) add(c runtime.Caller, n nodeView) string {
	g.nodes = append(g.nodes, n)
	if _, known := g.known[c]; !known {
		g.known[c] = n.ID
	}
	return n.ID
}

// caller returns the id of a caller, of which Calls is 0.
func (g *grapher) caller(c runtime.Caller) string {
	if id, known := g.known[c]; known {
		return id
	}
	n := nodeView{Kind: kindCode}
	switch {
	case c.InLoop:
		n.Kind, n.Name = kindLoop, c.Loop
	case c.Work != "":
		n.Kind, n.Name = kindWork, c.Work
	}
	n.ID = fmt.Sprintf("%s:%d", n.Kind, len(g.nodes)) // no work has a colon in its id
	return g.add(c, n)
}

// relation is the other end of an edge, as a page shows it.
type relation struct {
	Node  nodeView
	Calls int64
	Note  string     // why Below is left out
	Below []relation // what it calls
}

// callersView is what the page of a work shows of the graph.
type callersView struct{ Callers, Callees []relation }

// callers returns who was seen to call a work, and whom it was seen to call, most often first.
func (s *site) callers(r *runtime.Runner) (v callersView) {
	nodes, edges := s.graph(s.discover())
	byID := map[string]nodeView{}
	for _, n := range nodes {
		byID[n.ID] = n
	}
	id := s.id(r)
	for _, e := range edges {
		if e.To == id {
			v.Callers = append(v.Callers, relation{Node: byID[e.From], Calls: e.Calls})
		}
		if e.From == id {
			v.Callees = append(v.Callees, relation{Node: byID[e.To], Calls: e.Calls})
		}
	}
	often := func(a, b relation) int { return cmp.Compare(b.Calls, a.Calls) }
	slices.SortStableFunc(v.Callers, often)
	slices.SortStableFunc(v.Callees, often)
	return v
}

// flowPage is the view.
type flowPage struct {
	flowView
	Picture *picture   // nil: there is nothing to draw, or too much
	Tree    []relation // who calls whom from the top
	Idle    []nodeView // works that nobody was seen to call
	Plot    passPlot
}

// viewFlow is the page.
func (h *handler) viewFlow(w http.ResponseWriter, r *http.Request) {
	h.show(w, r, "flow", func(context.Context) (string, any, error) {
		v := h.site.flow()
		b := flowPage{flowView: v, Plot: plotPasses(v.Passes)}
		b.Picture = drawn(v)
		b.Tree, b.Idle = v.tree()
		return "Flow", b, nil
	})
}

func (h *handler) getFlow(w http.ResponseWriter, r *http.Request) {
	h.json(w, http.StatusOK, h.site.flow())
}

// tree returns the graph as a list: below each caller whom it calls. What is below several is only shown below the
// first one.
func (v *flowView) tree() (tree []relation, idle []nodeView) {
	byID, called, calls := map[string]nodeView{}, map[string]bool{}, map[string][]edgeView{}
	for _, n := range v.Nodes {
		byID[n.ID] = n
	}
	for _, e := range v.Edges {
		called[e.To] = called[e.To] || e.From != e.To
		calls[e.From] = append(calls[e.From], e)
	}
	shown := map[string]bool{}
	var below func(n nodeView) []relation
	below = func(n nodeView) (list []relation) {
		shown[n.ID] = true
		for _, e := range calls[n.ID] {
			to := relation{Node: byID[e.To], Calls: e.Calls}
			switch {
			case e.To == n.ID:
				to.Note = "itself"
			case !shown[e.To]:
				to.Below = below(to.Node)
			case len(calls[e.To]) > 0:
				to.Note = "see above"
			}
			list = append(list, to)
		}
		return list
	}
	add := func(n nodeView) { tree = append(tree, relation{Node: n, Below: below(n)}) }
	for _, n := range v.Nodes {
		if !called[n.ID] && len(calls[n.ID]) > 0 {
			add(n)
		}
	}
	for _, n := range v.Nodes { // those in rings that nothing else leads to
		if called[n.ID] && !shown[n.ID] {
			add(n)
		}
	}
	for _, n := range v.Nodes {
		if !shown[n.ID] && n.Kind == kindWork {
			idle = append(idle, n)
		}
	}
	return tree, idle
}

// picture is the graph as it is drawn.
type picture struct {
	Width, Height float64
	Nodes         []nodePicture
	Edges         []edgePicture
}

type nodePicture struct {
	nodeView
	box
	Title string // the name, as far as there is room
}

// TextX, TitleY and LineY are where its texts begin.
func (n nodePicture) TextX() float64  { return n.X + 12 }
func (n nodePicture) TitleY() float64 { return n.Y + 19 }
func (n nodePicture) LineY() float64  { return n.Y + 35 }

type edgePicture struct {
	Path, Class string // of SVG
	Title       string
	Label       string // "" where there is no room
	At          point  // of the label
}

// How much is drawn. What is more is a list.
const (
	maxDrawnNodes = 60
	maxDrawnEdges = 150
)

// drawn returns the picture of the nodes that have edges; nil when there are none, or too many.
func drawn(v flowView) *picture {
	index, nodes := map[string]int{}, []nodeView{}
	has := map[string]bool{}
	for _, e := range v.Edges {
		has[e.From], has[e.To] = true, true
	}
	for _, n := range v.Nodes {
		if has[n.ID] {
			index[n.ID] = len(nodes)
			nodes = append(nodes, n)
		}
	}
	if len(nodes) == 0 || len(nodes) > maxDrawnNodes || len(v.Edges) > maxDrawnEdges {
		return nil
	}
	var p picture
	var sizes []point
	for _, n := range nodes {
		d := nodePicture{nodeView: n, Title: fit(n.Label(), maxTitle)}
		sizes = append(sizes, point{24 + max(widthOf(d.Title, titleWidth), widthOf("✗ "+d.Line(), lineWidth)), nodeHeight})
		p.Nodes = append(p.Nodes, d)
	}
	var ends [][2]int
	entering := map[string]int{}
	for _, e := range v.Edges {
		ends = append(ends, [2]int{index[e.From], index[e.To]})
		entering[e.To]++
	}
	l := arrange(sizes, ends)
	p.Width, p.Height = l.Width, l.Height
	for i := range p.Nodes {
		p.Nodes[i].box = l.Boxes[i]
	}
	for i, e := range v.Edges {
		c := l.Curves[i]
		from, to := nodes[ends[i][0]], nodes[ends[i][1]]
		d := edgePicture{Path: c.svg(), Class: "edge", Title: fmt.Sprintf("%s calls %s: %s", from.Label(), to.Label(), times(e.Calls))}
		if c.Back {
			d.Class = "edge back"
		}
		if last := c.Points[len(c.Points)-1]; entering[e.To] <= 2 && !c.Back && e.From != e.To {
			d.Label, d.At = count(e.Calls), point{last.X - 10, last.Y - 4}
		}
		p.Edges = append(p.Edges, d)
	}
	return &p
}

// Line says how a node is, beside the sign of its status.
func (n nodeView) Line() string {
	if n.Kind != kindWork || n.Status == "" {
		return n.Status
	}
	text := n.Status
	if n.Running > 0 {
		text = count(n.Running) + " running"
	}
	if n.Pending > 0 {
		if n.Running == 0 {
			text = ""
		} else {
			text += ", "
		}
		text += count(n.Pending) + " pending"
	}
	switch n.Errors {
	case 0:
	case 1:
		text += ", 1 error"
	default:
		text += ", " + count(n.Errors) + " errors"
	}
	return text
}

// times says how often.
func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return count(n) + " times"
}

const (
	nodeHeight = 44
	maxTitle   = 28
	titleWidth = 7.4 // of a character, at most about
	lineWidth  = 6.6
)

// widthOf is about how wide a text is, and rather less than more.
func widthOf(text string, character float64) float64 {
	n := 0.0
	for _, r := range text {
		if n++; r >= 0x1100 {
			n += .8
		}
	}
	return round(n * character)
}

// fit cuts the front of a text off that is too long: names differ at their ends.
func fit(text string, limit int) string {
	if r := []rune(text); len(r) > limit {
		return "…" + string(r[len(r)-limit+1:])
	}
	return text
}

// svg is a curve as the d of an SVG path.
func (c curve) svg() string {
	var b strings.Builder
	p := c.Points
	fmt.Fprintf(&b, "M%g %g", p[0].X, p[0].Y)
	if len(p) == 2 && p[0].Y == p[1].Y && p[1].X-p[0].X < columnGap/2 { // from a node to itself
		fmt.Fprintf(&b, "C%g %g %g %g %g %g", p[0].X-4, p[0].Y+11, p[1].X+4, p[1].Y+11, p[1].X, p[1].Y)
		return b.String()
	}
	for i := 1; i < len(p); i++ {
		if i%2 == 0 {
			fmt.Fprintf(&b, "L%g %g", p[i].X, p[i].Y)
			continue
		}
		middle := (p[i-1].X + p[i].X) / 2
		fmt.Fprintf(&b, "C%g %g %g %g %g %g", middle, p[i-1].Y, middle, p[i].Y, p[i].X, p[i].Y)
	}
	return b.String()
}
