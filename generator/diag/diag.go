package diag

import (
	"cmp"
	"go/token"
	"slices"
	"sync"
)

// A Diagnostic is one problem in the user's code.
type Diagnostic struct {
	// Warning says that generation goes on in spite of it.
	Warning bool
	// Dependency says of a warning that it is about code of another module.
	Dependency bool
	// Pos is the offending token. The zero position is for problems that have
	// no place in a file, such as a pattern that matches no package.
	Pos token.Position
	// Work is the name of the work concerned, without its package; empty when
	// the problem is not one work's.
	Work string
	// Message starts in lower case, names the thing, and fits on one line.
	Message string
	// Path leads from a parameter, result or field to the type at fault, in
	// reading order; empty when Pos already says it all.
	Path []Step
	// Fix is what to do, in the imperative, on one line and without "fix:";
	// empty only when the message leaves one thing to do.
	Fix string
	// Rewrites are ways to do what Fix says, each enough; nil when only a person
	// can.
	Rewrites []Rewrite
}

// A Step is one element of a Diagnostic's path.
type Step struct {
	Expr string         // as the user would write it: cfg.Hooks[].Done
	Type string         // its type, qualified as in the user's file
	Pos  token.Position // where it is declared
}

// A List collects diagnostics. The zero List is empty and ready to use; a nil
// *List is not. It may be added to concurrently.
type List struct {
	mu    sync.Mutex
	diags []Diagnostic
}

// Add puts d on the list.
func (l *List) Add(d Diagnostic) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.diags = append(l.diags, d)
}

// Empty reports whether nothing but warnings was added, that is, whether
// generation may write its files.
func (l *List) Empty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !slices.ContainsFunc(l.diags, func(d Diagnostic) bool { return !d.Warning })
}

// Len is how many were added.
func (l *List) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.diags)
}

// From returns those that were added after the first n, in this order.
func (l *List) From(n int) []Diagnostic {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.diags[n:])
}

// Sorted returns the diagnostics by file, line, column and message, those
// without a position first. Two that agree in position, work, message
// and path are one problem: only the first added is kept. File names,
// also those of the steps, are relative to dir, see [Rel]. The list itself is
// not changed.
func (l *List) Sorted(dir string) []Diagnostic {
	l.mu.Lock()
	out := slices.Clone(l.diags)
	l.mu.Unlock()
	for i := range out {
		d := &out[i]
		d.Pos.Filename = Rel(dir, d.Pos.Filename)
		// The steps are shared with the list: change a copy of them.
		d.Path = slices.Clone(d.Path)
		for j := range d.Path {
			d.Path[j].Pos.Filename = Rel(dir, d.Path[j].Pos.Filename)
		}
	}
	// Stable, so that of two equal ones the first added stays.
	slices.SortStableFunc(out, compare)
	return slices.CompactFunc(out, func(a, b Diagnostic) bool { return compare(a, b) == 0 })
}

// compare orders diagnostics for the report. Offsets are left out: positions
// from export data and from error texts have none.
func compare(a, b Diagnostic) int {
	return cmp.Or(
		cmp.Compare(a.Pos.Filename, b.Pos.Filename),
		cmp.Compare(a.Pos.Line, b.Pos.Line),
		cmp.Compare(a.Pos.Column, b.Pos.Column),
		cmp.Compare(a.Message, b.Message),
		cmp.Compare(a.Work, b.Work),
		slices.CompareFunc(a.Path, b.Path, func(x, y Step) int { return cmp.Compare(x.Expr, y.Expr) }),
	)
}
