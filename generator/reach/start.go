package reach

import (
	"maps"
	"slices"
	"strings"

	"github.com/workgen/workgen/generator/ambient"
)

// When a program starts, it executes the functions init and the initialisers of package
// variables, whether anything refers to them or not: reg.Add("square", square) registers
// a function. Such code counts for a work if it can change what Run sees, and not if it
// cannot: func init() { root.AddCommand(cmd) } reaches a whole program, of which Run may
// use one function.
//
// Run sees memory by the package variables of the module that it reaches, and what
// packages outside keep. Whatever is executed at the start gets at memory in the same two
// ways, or has made it. So it counts
//
//   - if, in what it may execute, a package variable is written to, or handed on such that
//     what it points to may be written to, and Run reaches that variable. Two variables
//     that share memory do so because one's initialiser refers to the other, or to a third,
//     or because a function init that refers to both has made them: that one counts then,
//     and so makes Run reach both;
//   - if it calls packages outside that Run calls, too, or that have one below them in
//     common: one may keep there what the other finds. What packages without variables
//     that matter are told is kept nowhere;
//   - if it changes what all code can see: the environment, the working directory, a
//     variable of a package outside. A function outside that is given nothing to write
//     to, and returns nothing, is taken for one that does;
//   - if it cannot be followed: assembly, cgo, unsafe.
//
// It may execute every function that it names, and the methods of every type that it
// names: who calls a method has a value, and where that was made its type was named. But
// for functions that are put into fields of structs of packages outside, as the RunE of
// a cobra.Command: nothing in the module that is executed at the start calls those, or it
// counts. If they write to variables that Run reaches, a warning says so, as of any other
// code that may be executed later.
//
// It counts if it does any of this in any build: see differ.go.

// A start is what code that is executed at the start can change.
type start struct {
	anything bool            // it cannot be followed, or changes what all code sees
	shared   map[*decl]bool  // variables: written to, or handed on
	packages map[string]bool // outside: they may keep something
	below    []string        // packages, and what they import; nil until needed
}

// isNothing reports whether it changes nothing.
func (s *start) isNothing() bool { return !s.anything && len(s.shared) == 0 && len(s.packages) == 0 }

// start returns that of a function or initialiser.
func (w *world) start(d *decl) *start {
	if s := w.starts[d]; s != nil {
		return s
	}
	s := &start{shared: map[*decl]bool{}, packages: map[string]bool{}}
	w.starts[d] = s
	all := newMention()
	seen := map[*decl]bool{}
	for next := []*decl{d}; len(next) > 0 && !s.anything; {
		d := next[0]
		next = next[1:]
		if d == nil || seen[d] || exempt(d.pkg.PkgPath) {
			continue
		}
		seen[d] = true
		m := w.mentioned(d)
		s.anything = m.anything
		maps.Copy(s.shared, m.shared)
		maps.Copy(s.packages, m.packages)
		next = append(next, m.decls...)
		maps.Copy(all.types, m.types)
		all.loose = all.loose || m.loose
	}
	if all.loose { // what has no types may call methods of all that is at hand
		for path := range all.types {
			all.calls(path)
		}
		s.anything = s.anything || all.anything
		maps.Copy(s.packages, all.packages)
	}
	return s
}

// changes reports whether what is executed at the start can change what Run sees, as
// far as that is known yet.
func (r *Reach) changes(s *start) bool {
	if s.anything {
		return true
	}
	for v := range s.shared {
		if _, ok := r.at[v]; ok {
			return true
		}
	}
	if len(s.packages) == 0 {
		return false
	}
	if s.below == nil {
		s.below = r.world.below(s.packages)
	}
	for path := range r.outside {
		if !r.expanded[path] {
			r.expanded[path] = true
			for _, p := range r.world.below(map[string]bool{path: true}) {
				r.below[p] = true
			}
		}
	}
	return slices.ContainsFunc(s.below, func(p string) bool { return r.below[p] })
}

// starts adds what is executed at the start and can change what Run sees.
func (r *Reach) starts() {
	for _, d := range r.pending {
		if _, ok := r.at[d]; !ok && r.changes(r.world.start(d)) {
			r.reach(d, r.started[d.pkg], d.node.Pos())
		}
	}
}

// below lists what packages outside keep, and those that they import on any system.
func (w *world) below(paths map[string]bool) (out []string) {
	seen := map[string]bool{}
	for next := slices.Sorted(maps.Keys(paths)); len(next) > 0; {
		w.build.Complete(next)
		var imported []string
		for _, path := range next {
			if seen[path] || exempt(path) || ambient.Logs(path) {
				continue
			}
			seen[path] = true
			d := w.build.Dependencies[path]
			if w.isStandard(path) {
				out = append(out, strings.Fields(registries[path])...)
				continue
			}
			out = append(out, path)
			if d != nil && d.Module != nil {
				imported = append(imported, d.Everywhere()...)
			}
		}
		next = imported
	}
	return out
}

// isStandard reports whether a package outside is of the standard library.
func (w *world) isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	d := w.build.Dependencies[path]
	return !strings.Contains(first, ".") && (d == nil || d.Module == nil)
}

// registries are the packages of the standard library that keep what they are told, or look
// at what others keep, by path: whose variables they are.
var registries = map[string]string{
	"archive/zip": "archive/zip", "database/sql": "database/sql", "expvar": "expvar net/http", "flag": "flag", "image": "image",
	"crypto": "crypto", "crypto/ecdsa": "crypto", "crypto/rsa": "crypto", "crypto/tls": "crypto crypto/x509", "crypto/x509": "crypto crypto/x509",
	"encoding/gob": "encoding/gob", "math/rand": "math/rand", "mime": "mime", "mime/multipart": "mime", "testing": "flag testing",
	"net/http": "crypto crypto/x509 mime net/http", "net/http/cgi": "mime net/http", "net/http/fcgi": "mime net/http",
	"net/http/httptest": "flag mime net/http", "net/http/httputil": "mime net/http", "net/http/pprof": "net/http",
	"net/rpc": "encoding/gob net/http net/rpc", "net/rpc/jsonrpc": "net/rpc", "net/smtp": "crypto crypto/x509",
}
