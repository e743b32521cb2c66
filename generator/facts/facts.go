// Package facts knows what the functions of other modules look at besides their
// arguments.
//
// What one package says of itself is a [Package]: of each function and package variable,
// which ambient inputs its code uses and which functions and variables of other modules,
// its own among them, it refers to. It depends on no other package's code, so it is
// computed once per version of a module and kept in a file; see cache. A [Graph] joins
// packages: it follows references, from the functions that the user's code refers to,
// and reads packages as it comes to them. The standard library is not followed: package
// ambient decides on it.
//
// Only references that name a function or variable are followed, be they calls or not.
// Methods that are called through interfaces, functions in variables, fields and
// parameters, reflection, and functions init are not, but for what init assigns to
// variables as an initialiser could. Nor is what happens under more than two conditions.
package facts

import (
	"go/token"
	"slices"

	"github.com/workgen/workgen/generator/ambient"
	"github.com/workgen/workgen/generator/scan"
)

// A Package is what the functions and variables of one package look at. It may be read
// concurrently.
type Package struct {
	Path string // import path
	Name string
	// Entries are by name: Load, Config.Path for a method.
	Entries map[string]*Entry
}

// An Entry is what one function, method or package variable looks at.
type Entry struct {
	Name     string
	Variable bool
	Uses     []Use // in the order of the code
	Refs     []Ref // in the order of the code
}

// Refer adds a reference: of several ones to one thing that which is under the fewest
// conditions counts.
func (e *Entry) Refer(r Ref) {
	i := slices.IndexFunc(e.Refs, func(o Ref) bool { return o.ID == r.ID })
	if i < 0 {
		e.Refs = append(e.Refs, r)
	} else if r.At.Conditions < e.Refs[i].At.Conditions {
		e.Refs[i] = r
	}
}

// Use adds a use, as Refer does.
func (e *Entry) Use(u Use) {
	i := slices.IndexFunc(e.Uses, func(o Use) bool { return o.What == u.What && o.When == u.When })
	if i < 0 {
		e.Uses = append(e.Uses, u)
	} else if u.At.Conditions < e.Uses[i].At.Conditions {
		e.Uses[i] = u
	}
}

// A Use is the use of something that package ambient knows.
type Use struct {
	Kind scan.Kind
	What string       // time.Now
	When ambient.When // Always, or a condition on what the caller passes
	At   Place
}

// A Ref is a reference to a function or variable.
type Ref struct {
	ID
	At Place
}

// An ID names a function, method or package variable of a module other than the main
// ones.
type ID struct{ Path, Name string }

// A Place is one in the files of a package.
type Place struct {
	File         string // without its folder
	Line, Column int
	// Conditions is how many conditions have to hold for it to be executed, when the
	// function is called.
	Conditions int
}

// A Way leads from a function to an ambient input.
type Way struct {
	Use   Use
	Steps []Step // the function first, what it depends on last
}

// A Step is one entry on a way.
type Step struct {
	Name string // with the name of the package: lib.Config.Path
	What string // function, method, variable or the kind of the input
	// Pos is where the entry before refers to it: file names are those of the disk, or
	// begin with a module's path and version, example.com/lib@v1.2.0/load.go. The first
	// step has none.
	Pos token.Position
}
