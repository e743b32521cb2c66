// Package build says what the running program was built with, as far as it decides what
// a work returns: the Go release, its experiments, GODEBUG, build tags, and the modules
// that are linked.
//
// What it says is a list of ingredients, one per line and sorted, for people to read and
// for a digest in durable keys:
//
//	-tags: netgo,pro
//	GODEBUG urlstrictcolons: 0
//	GOEXPERIMENT: jsonv2
//	Go release: go1.26
//	module golang.org/x/text: v0.3.0 h1:olpwvP2KacW1ZWvsR7uQhoyTYvKAupfQrRGBFM352Gk=
//
// A patch release of Go is no ingredient, nor are settings of GODEBUG that only trace,
// or change how the garbage collector and the scheduler work. A setting that is not
// known counts. Where the modules are not known, the program itself is an ingredient.
package build

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// A Build is what a program was built with. The zero value says nothing.
type Build struct {
	Text string // the ingredients, for people
	Sum  string // their digest: 32 hexadecimal digits
}

// A Reporter describes the running program for one work. Its methods may be called
// concurrently. Nil reports nothing.
type Reporter struct {
	code   *Code
	latest atomic.Pointer[state]
}

// A state is what was found for a value of GODEBUG.
type state struct {
	godebug string
	build   Build
}

// Build describes the running program. It follows changes of the environment variable
// GODEBUG, as the packages do that look at it. The first time it may read the program.
func (r *Reporter) Build() Build {
	if r == nil {
		return Build{}
	}
	godebug := os.Getenv("GODEBUG")
	s := r.latest.Load()
	if s == nil || s.godebug != godebug {
		text := describe(program{runtime.Version(), info(), executable}, godebug, r.code)
		sum := sha256.Sum256([]byte(text))
		s = &state{godebug, Build{text, hex.EncodeToString(sum[:16])}}
		r.latest.Store(s)
	}
	return s.build
}

// A program is what is known of one.
type program struct {
	version string           // of Go
	info    *debug.BuildInfo // nil where something else than the go command built it
	hash    func() string    // of the program itself
}

var info = sync.OnceValue(func() *debug.BuildInfo {
	info, _ := debug.ReadBuildInfo()
	return info
})

// describe lists the ingredients. godebug is the environment variable.
func describe(p program, godebug string, c *Code) string {
	lines := settings(p.info, godebug)
	modules, unknown := modulesOf(p.info, c)
	variables, hidden := variablesOf(p.info, c)
	if hidden != "" && unknown == "" {
		unknown = hidden
	}
	binary := c.Version == binary
	switch {
	case binary:
		lines = append(lines, "program: "+p.hash())
	case unknown != "":
		lines = append(lines, "program ("+unknown+"): "+p.hash())
	}
	if !binary {
		lines = append(append(lines, modules...), variables...)
		if tags := tags(p.info); tags != "" {
			lines = append(lines, "-tags: "+tags)
		}
		if fips := setting(p.info, "GOFIPS140"); fips != "" {
			lines = append(lines, "GOFIPS140: "+fips) // other code of crypto
		}
		lines = append(lines, "Go release: "+release(p.version))
		if _, x := cutExperiments(p.version); x != "" {
			lines = append(lines, "GOEXPERIMENT: "+x)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// settings lists those of GODEBUG.
func settings(info *debug.BuildInfo, godebug string) (lines []string) {
	// go.mod and //go:debug say what holds where the variable says nothing.
	effective := map[string]string{}
	for _, list := range []string{setting(info, "DefaultGODEBUG"), godebug} {
		for setting := range strings.SplitSeq(list, ",") {
			if name, value, ok := strings.Cut(setting, "="); ok && !harmless[name] {
				effective[name] = value
			}
		}
	}
	for name, value := range effective {
		lines = append(lines, "GODEBUG "+name+": "+value)
	}
	return lines
}

// tags are the build tags that were set, sorted. Any of them may choose files, also in
// other modules.
func tags(info *debug.BuildInfo) string {
	list := strings.FieldsFunc(setting(info, "-tags"), func(r rune) bool { return r == ',' || r == ' ' })
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ",")
}

// setting is one of the build info, "" when there is none.
func setting(info *debug.BuildInfo, name string) string {
	if info != nil {
		for _, s := range info.Settings {
			if s.Key == name {
				return s.Value
			}
		}
	}
	return ""
}

// release is the release of a version of Go without its patch: go1.26 of go1.26.8.
// Versions before a release, and those of a commit, are returned as they are.
func release(version string) string {
	version, _ = cutExperiments(version)
	rest, ok := strings.CutPrefix(version, "go1.")
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	if !ok || digits == 0 || digits < len(rest) && rest[digits] != '.' && rest[digits] != ' ' {
		return version
	}
	return version[:len("go1.")+digits]
}

// cutExperiments splits a version of Go from the experiments that it names:
// go1.26.8-X:jsonv2. After the version of a commit there is a space in place of the hyphen.
func cutExperiments(version string) (plain, experiments string) {
	plain, experiments, found := strings.Cut(version, "X:")
	if !found {
		return version, ""
	}
	return strings.TrimRight(plain, " -"), experiments
}
