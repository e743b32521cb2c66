package build

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

// binary is the version of works for which the running program stands.
const binary = "binary"

// Scope is what stands for the code in keys, "" when nothing does.
func (c *Code) Scope() string {
	switch {
	case c == nil:
		return ""
	case c.Version != "":
		return "version=" + c.Version
	}
	return c.Sum
}

// Reporter reports what the running program was built with, as far as it counts in keys:
// not at all where a version stands for it, or nothing stands for the code. It looks at
// nothing yet.
func (c *Code) Reporter() *Reporter {
	if c == nil || c.Version != "" && c.Version != binary {
		return nil
	}
	return &Reporter{code: c}
}

// Lines returns Symbols; of no Code, none.
func (c *Code) Lines() string {
	if c == nil {
		return ""
	}
	return c.Symbols
}

// Binary stands for the running program.
var Binary = &Code{Version: binary}
