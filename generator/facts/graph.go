package facts

import (
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"github.com/workgen/workgen/generator/ambient"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/scan"
)

// A Graph knows the packages of one build as far as they were needed. It must not be used
// concurrently.
type Graph struct {
	build    *load.Build
	read     func(p *load.Package) *Package
	packages map[string]*Package // by import path; nil for one that cannot be read
	nodes    map[ID]*node
	ways     map[ID][]Way
	search   int
	cache    *cache
}

// A node is a function or variable that is referred to.
type node struct {
	ID
	entry *Entry  // nil when it looks at nothing, and when nothing is known of it
	refs  []*node // of entry.Refs

	seen int // the last search that came here
	from *node
	at   Place // in the package of from
}

// New returns a Graph without anything in it. Read computes what a package of the build
// says of itself, which has been type-checked. Content is a hash of the files of a
// package that has no version.
func New(build *load.Build, read func(p *load.Package) *Package, content func(d *load.Dependency) string) *Graph {
	return &Graph{
		build: build, read: read, packages: map[string]*Package{}, nodes: map[ID]*node{}, ways: map[ID][]Way{},
		cache: newCache(build, content),
	}
}

// Load makes sure that what some functions and variables lead to is known: Ways then
// has nothing to read. To ask for many at once is quicker than for one after the other.
func (g *Graph) Load(ids []ID) {
	var next []*node
	for _, id := range ids {
		if g.nodes[id] == nil {
			next = append(next, g.node(id))
		}
	}
	for len(next) > 0 {
		g.readAll(next)
		var more []*node
		for _, n := range next {
			more = append(more, g.expand(n)...)
		}
		next = more
	}
}

// node adds a node.
func (g *Graph) node(id ID) *node {
	n := &node{ID: id}
	g.nodes[id] = n
	return n
}

// expand finds what n refers to, and returns what was not known before.
func (g *Graph) expand(n *node) (added []*node) {
	p := g.packages[n.Path]
	if p == nil || p.Entries[n.Name] == nil {
		return nil
	}
	n.entry = p.Entries[n.Name]
	for _, r := range n.entry.Refs {
		to := g.nodes[r.ID]
		if to == nil {
			to = g.node(r.ID)
			added = append(added, to)
		}
		n.refs = append(n.refs, to)
	}
	return added
}

// readAll reads the packages of nodes: from the cache, or else from their source.
func (g *Graph) readAll(nodes []*node) {
	var missing []string
	for _, n := range nodes {
		if _, known := g.packages[n.Path]; known {
			continue
		}
		p := g.cache.load(n.Path)
		g.packages[n.Path] = p
		if p == nil {
			missing = append(missing, n.Path)
		}
	}
	if len(missing) == 0 {
		return
	}
	slices.Sort(missing)
	for some := range slices.Chunk(missing, atOnce) {
		pkgs, whole := g.build.Bodies(some)
		for i, source := range pkgs {
			p := g.read(source)
			p.prune()
			g.packages[source.PkgPath] = p
			if whole[i] {
				g.cache.store(source.PkgPath, p)
			}
		}
	}
}

// atOnce is how many packages are read at once: all of the syntax and types of these is
// in memory.
const atOnce = 16

// Ways returns a way to an input of each kind that a function or variable leads to, in the
// order of the kinds: to one that always counts, if there is one, with the fewest
// conditions on it.
func (g *Graph) Ways(id ID) []Way {
	if ways, ok := g.ways[id]; ok {
		return ways
	}
	g.Load([]ID{id})
	found := g.find(g.nodes[id])
	var ways []Way
	for _, e := range found {
		ways = append(ways, Way{e.use, g.steps(e.node, e.use)})
	}
	slices.SortFunc(ways, func(a, b Way) int { return strings.Compare(string(a.Use.Kind), string(b.Use.Kind)) })
	g.ways[id] = ways
	return ways
}

// most is how many conditions may have to hold on a way. In libraries that people use,
// those under more of them were nearly all for other cases than the caller's.
const most = 2

// An end is where a search has ended.
type end struct {
	node       *node
	use        Use
	conditions int
}

// find searches from a node for the inputs of each kind.
func (g *Graph) find(start *node) map[scan.Kind]end {
	type arrival struct {
		node, from *node
		at         Place
	}
	g.search++
	found := map[scan.Kind]end{}
	var queues [most + 1][]arrival // by the number of conditions
	queues[0] = []arrival{{node: start}}
	for conditions := range queues {
		for i := 0; i < len(queues[conditions]); i++ {
			a := queues[conditions][i]
			n := a.node
			if n.seen == g.search {
				continue
			}
			n.seen, n.from, n.at = g.search, a.from, a.at
			if n.entry == nil {
				continue
			}
			for _, u := range n.entry.Uses {
				if u.Kind == scan.Build && n != start && ambient.TellsVersion(g.name(n)) {
					continue
				}
				e := end{n, u, conditions + u.At.Conditions}
				if before, ok := found[u.Kind]; e.conditions <= most && (!ok || e.before(before)) {
					found[u.Kind] = e
				}
			}
			for i, to := range n.refs {
				at := n.entry.Refs[i].At
				if sum := conditions + at.Conditions; to.seen != g.search && sum <= most {
					queues[sum] = append(queues[sum], arrival{to, n, at})
				}
			}
		}
	}
	return found
}

// before reports whether an end is to be told rather than another one.
func (e end) before(other end) bool {
	if always := e.use.When == ambient.Always; always != (other.use.When == ambient.Always) {
		return always
	}
	return e.conditions < other.conditions
}

// steps returns the steps that the last search took to what n uses.
func (g *Graph) steps(n *node, use Use) []Step {
	steps := []Step{{use.What, string(use.Kind), g.position(n.Path, use.At)}}
	for ; n != nil; n = n.from {
		s := Step{Name: g.name(n), What: n.entry.what()}
		if n.from != nil {
			s.Pos = g.position(n.from.Path, n.at)
		}
		steps = append(steps, s)
	}
	slices.Reverse(steps)
	return steps
}

// name is that of a node with the name of its package.
func (g *Graph) name(n *node) string { return g.packages[n.Path].Name + "." + n.Name }

// what says what an entry is.
func (e *Entry) what() string {
	switch {
	case e.Variable:
		return "variable"
	case strings.Contains(e.Name, "."):
		return "method"
	}
	return "function"
}

// position is that of a place in a package.
func (g *Graph) position(path string, at Place) token.Position {
	d := g.build.Dependencies[path]
	pos := token.Position{Line: at.Line, Column: at.Column}
	if d.Module.Source != "" {
		pos.Filename = d.Module.Source + strings.TrimPrefix(path, d.Module.Path) + "/" + at.File
	} else {
		pos.Filename = filepath.Join(filepath.Dir(d.GoFiles[0]), at.File)
	}
	return pos
}

// prune leaves out the entries that lead to nothing outside of the package, and
// references to them.
func (p *Package) prune() {
	needed := map[string]bool{}
	users := map[string][]string{} // by what they refer to
	var next []string
	for name, e := range p.Entries {
		leads := len(e.Uses) > 0
		for _, r := range e.Refs {
			if p.Entries[r.Name] != nil && r.Path == p.Path {
				users[r.Name] = append(users[r.Name], name)
			}
			leads = leads || r.Path != p.Path
		}
		if leads {
			needed[name], next = true, append(next, name)
		}
	}
	for ; len(next) > 0; next = next[1:] {
		for _, user := range users[next[0]] {
			if !needed[user] {
				needed[user], next = true, append(next, user)
			}
		}
	}
	for name, e := range p.Entries {
		if !needed[name] {
			delete(p.Entries, name)
			continue
		}
		e.Refs = slices.DeleteFunc(e.Refs, func(r Ref) bool { return r.Path == p.Path && !needed[r.Name] })
	}
}
