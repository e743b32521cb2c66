// Package files has works whose inputs are the contents of files.
package files

import (
	"context"
	"os"

	"github.com/workgen/workgen/runtime/key"
)

// Load reads a file.
//
//workgen:work
type Load struct {
	During func() `workgen:"-"` // called while it executes
}

func (l *Load) Run(_ context.Context, path key.File) (string, error) {
	if l.During != nil {
		l.During()
	}
	b, err := os.ReadFile(string(path))
	return string(b), err
}

// Source is where data comes from.
type Source struct {
	Name  string
	Paths []key.File
}

// Merge reads many files and directories.
//
//workgen:work
type Merge struct {
	Config *key.File `workgen:"key"`
}

func (m *Merge) Run(_ context.Context, from Source, by map[string]key.Dir) (int, error) {
	n := len(by)
	if m.Config != nil {
		n++
	}
	return n + len(from.Paths), nil
}

// Part is part of a file.
type Part struct {
	Of   key.File
	From int64
}

// Cut has an input outside in a field only.
//
//workgen:work
type Cut struct{}

func (Cut) Run(part *Part) string { return string(part.Of) }

// Locate returns the path of a file that all machines have.
//
//workgen:work portable
type Locate struct {
	Root key.Dir `workgen:"key"`
}

func (l *Locate) Run(_ context.Context, path key.File) (Part, error) {
	info, err := os.Stat(string(path))
	if err != nil {
		return Part{}, err
	}
	return Part{path, info.Size()}, nil
}

// Hint is a number with a file that is no input.
type Hint struct {
	N    int
	Seen key.File `workgen:"-"`
}

// Double has no input outside.
//
//workgen:work
type Double struct{}

func (Double) Run(h Hint) int { return 2 * h.N }

// Input is a path or the text itself.
//
//workgen:oneof key.File string
type Input any

// Parse has an input outside when it is given a path.
//
//workgen:work
type Parse struct {
	During func() `workgen:"-"` // called while it executes
}

func (p *Parse) Run(from Input) (string, error) {
	p.During()
	if path, ok := from.(key.File); ok {
		b, err := os.ReadFile(string(path))
		return string(b), err
	}
	return from.(string), nil
}
