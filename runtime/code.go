package runtime

import (
	"fmt"
	"log/slog"
	"unsafe"

	"github.com/workgen/workgen/runtime/internal/build"
	"github.com/workgen/workgen/runtime/internal/recent"
	"github.com/workgen/workgen/runtime/internal/sources"
)

// Code identifies the code of one work in durable keys, as the generator found it.
// Generated code declares one per work that can use a store, in workgen_code.go; it is
// not changed.
//
// Results that other code made are not found: when Sum or Version differ, the call is
// executed. Where Sum stands for the code, what the running program was built with counts
// too: the Go release, its experiments, build tags, and the settings of GODEBUG that can
// change results.
type Code struct {
	// Version is what version= in the directive says: it stands for the code, and the
	// other fields are not set. For "binary" the running program stands.
	Version string
	// Sum identifies everything that Run reaches: a digest of Symbols, with longer hashes.
	Sum string
	// Module is the path of the work's own module. Modules are the paths of others that
	// Run reaches, whose versions count as the running program has them; Hashed those of
	// others whose content is in Sum. A work of another module than the program's counts
	// all modules that are linked. Where the program does not know a version, it counts
	// itself: each build of it then has keys of its own.
	Module          string
	Modules, Hashed []string
	// Variables are those that Run reaches and the linker can set (-ldflags=-X). Where it
	// did, their values count.
	Variables []Variable
	// Symbols lists what Sum was made from, for people who ask why a call was executed:
	// lines of a name, a space and a hash. Blank lines mean nothing.
	Symbols string
}

// A Variable is one of a package that the linker can set.
type Variable = build.Variable

// Linked describes a variable by the name that the linker has for it, main.version, and the
// value that it has in the source. at is where it is, nil if generated code cannot tell. It is
// to be called when a package is initialised, before anything else writes there.
func Linked(name, source string, at unsafe.Pointer) Variable { return build.Linked(name, source, at) }

// scope is what stands for the code in keys, "" when nothing does.
func (c *Code) scope() string {
	switch {
	case c == nil:
		return ""
	case c.Version != "":
		return "version=" + c.Version
	}
	return c.Sum
}

// build reports what the running program was built with, as far as it counts in keys: not
// at all where a version stands for it, or nothing stands for the code.
func (c *Code) build() *build.Reporter {
	switch {
	case c == nil:
		return nil
	case c.Version == binary:
		return build.NewReporter(build.Reach{Program: true})
	case c.Version != "":
		return nil
	}
	return build.NewReporter(build.Reach{Module: c.Module, Modules: c.Modules, Hashed: c.Hashed, Variables: c.Variables})
}

// binary is the version of works for which the running program stands.
const binary = "binary"

// symbols is c.Symbols; there are none where there is no Code.
func (c *Code) symbols() string {
	if c == nil {
		return ""
	}
	return c.Symbols
}

// outdated reports whether the code is no longer what c was generated for: the sources are
// on disk and differ, for go generate was forgotten. That is said once per work. Functions
// of generated code call it, several calls deep.
func (r *runner) outdated(c *Code) bool {
	if c == nil || c.Version != "" {
		return false
	}
	generated := sources.Generated()
	if generated == "" {
		return false
	}
	change := sources.Changed(generated, c.Symbols)
	if change == nil {
		return false
	}
	if outdatedWorks.Add(r.name) {
		at := change.File
		if change.Line > 0 {
			at += fmt.Sprintf(":%d", change.Line)
		}
		r.logAt(slog.LevelWarn, "the code has changed since workgen ran: until it runs again, stored results count for this build of the program only",
			slog.String("changed", change.Name), slog.String("at", at), slog.String("fix", "run go generate, or workgen ./..., and build again"))
	}
	return true
}

// outdatedWorks are the names of works whose code was generated for another one.
var outdatedWorks recent.Set[string]
