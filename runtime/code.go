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
type Code = build.Code

// A Variable is one of a package that the linker can set.
type Variable = build.Variable

// Linked describes a variable by the name that the linker has for it, main.version, and the
// value that it has in the source. at is where it is, nil if generated code cannot tell. It is
// to be called when a package is initialised, before anything else writes there.
func Linked(name, source string, at unsafe.Pointer) Variable { return build.Linked(name, source, at) }

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
