package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
)

// plenty is how much memory the command uses before it collects garbage: more
// than a module of 100,000 lines takes.
const plenty = 512 << 20

// spendMemory turns the collector off until plenty is used, since a command that
// ends soon need not tidy up: it was half of the time. Settings of the user's
// stay.
func spendMemory() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(plenty)
	// Found unreachable by the first collection, which the limit has caused.
	sentinel := new([64]byte)
	runtime.AddCleanup(sentinel, func(struct{}) {
		debug.SetGCPercent(100)
		debug.SetMemoryLimit(math.MaxInt64)
	}, struct{}{})
}
