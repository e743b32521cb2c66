// Package build says what the running program was built with, as far as it decides what
// code returns: the Go release, its experiments, and GODEBUG.
//
// What it says is a list of ingredients, one per line and sorted, for people to read and
// for a digest in durable keys:
//
//	GODEBUG urlstrictcolons: 0
//	GOEXPERIMENT: jsonv2
//	Go release: go1.26
//
// A patch release of Go is no ingredient, nor are settings of GODEBUG that only trace,
// or change how the garbage collector and the scheduler work. A setting that is not
// known counts.
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

// Running describes the running program. It follows changes of the environment variable
// GODEBUG, as the packages do that look at it, and may be called concurrently.
func Running() Build {
	godebug := os.Getenv("GODEBUG")
	s := latest.Load()
	if s == nil || s.godebug != godebug {
		text := describe(runtime.Version(), settings(), godebug)
		sum := sha256.Sum256([]byte(text))
		s = &state{godebug, Build{text, hex.EncodeToString(sum[:16])}}
		latest.Store(s)
	}
	return s.build
}

// A state is what was found for a value of GODEBUG.
type state struct {
	godebug string
	build   Build
}

var latest atomic.Pointer[state]

// settings are those of the build info, by name. There are none where the program was
// built by something else than the go command.
var settings = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			out[s.Key] = s.Value
		}
	}
	return out
})

// describe lists the ingredients. version is that of Go, and godebug the environment
// variable.
func describe(version string, settings map[string]string, godebug string) string {
	lines := []string{"Go release: " + release(version)}
	if _, x := cutExperiments(version); x != "" {
		lines = append(lines, "GOEXPERIMENT: "+x)
	}
	// go.mod and //go:debug say what holds where the variable says nothing.
	effective := map[string]string{}
	for _, list := range []string{settings["DefaultGODEBUG"], godebug} {
		for setting := range strings.SplitSeq(list, ",") {
			if name, value, ok := strings.Cut(setting, "="); ok && !harmless[name] {
				effective[name] = value
			}
		}
	}
	for name, value := range effective {
		lines = append(lines, "GODEBUG "+name+": "+value)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
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
