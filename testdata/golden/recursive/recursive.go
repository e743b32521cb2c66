// Package recursive has works over types that contain themselves.
package recursive

// Node is a binary tree.
type Node struct {
	Name        string
	Weights     []float64
	Left, Right *Node
}

// Dir and File contain each other, in every way.
type (
	Dir struct {
		Name   string
		Files  []*File
		Dirs   map[string]Dir
		Parent *Dir `workgen:"-"`
	}
	File struct {
		Size  int64
		In    *Dir
		Links [2]*File
		Extra struct{ Alt []*File }
	}
)

// Types without a struct.
type (
	List    []List
	Trie    map[byte]Trie
	Pointer *Pointer
	Arrays  [2]*Arrays
	Forest  map[string][]Forest
)

// Linked is generic, Pair holds two of anything.
type (
	Linked[T any] struct {
		Value T
		Next  *Linked[T]
	}
	Pair[A, B any] struct {
		First  A
		Second B
	}
)

// Rose contains itself through a slice of values.
type Rose struct {
	Label  string
	Petals []Rose
	Thorns map[string]*Rose
}

// Config reaches recursive types and is none.
type Config struct {
	Tree   *Node
	Groups map[string][]*Node
	Roses  [2]Rose
	Plain  []string
}

// Walk takes a tree.
//
//workgen:work
type Walk struct{}

// Run counts nodes.
func (Walk) Run(root *Node) int { return count(root) }

func count(n *Node) int {
	if n == nil {
		return 0
	}
	return 1 + count(n.Left) + count(n.Right)
}

// Everything takes all the others. It may write to its arguments.
//
//workgen:work
type Everything struct {
	Seen *Linked[string] `workgen:"key"`
}

// Run changes what it is given.
func (w *Everything) Run(dir *Dir, byValue File, list List, trie Trie, p Pointer, arrays *Arrays, forest Forest, ints *Linked[int], pairs Linked[Pair[string, *Linked[bool]]], rose Rose, cfg Config) string {
	if dir != nil {
		dir.Name = "changed"
	}
	if len(list) > 0 {
		list[0] = list
	}
	if trie != nil {
		trie[0] = trie
	}
	if w.Seen != nil {
		return w.Seen.Value
	}
	return rose.Label
}

// Grow returns a cyclic value and one that shares a part.
//
//workgen:work memory
type Grow struct{}

// Run makes them.
func (Grow) Run(name string) (*Dir, Config, error) {
	d := &Dir{Name: name}
	f := &File{In: d}
	f.Links[0] = f
	d.Files = []*File{f, f}
	n := &Node{Name: name}
	n.Left = n
	return d, Config{Tree: n, Groups: map[string][]*Node{"a": {n, n}}}, nil
}

// Same returns a recursive value as it is.
//
//workgen:work
type Same struct{}

// Run returns its argument.
func (Same) Run(l List) List { return l }
