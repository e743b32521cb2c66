// Package names declares what generated code would like to call its own.
package names

import (
	"bytes"
	"math"
	"time"
)

// Names of imports, helpers and variables of generated code.
type (
	key     int
	runtime struct{ Items []v }
	slices  []string
	v       struct{ Names slices }
)

func encodeRuntime() {}

func cloneRuntime() {}

func e(hash, args, id int) int { return hash + args + id }

// workSchema is the user's.
const workSchema = 1

// work is a name that generated code uses for a variable.
//
//workgen:work ttl=90s
type work struct {
	Maps bool `workgen:"key"`
}

// Run returns its argument.
func (w work) Run(k key, rt runtime, context float64, when time.Time) runtime {
	encodeRuntime()
	cloneRuntime()
	_ = e(workSchema, 2, 3)
	_ = bytes.MinRead + int(math.MaxInt8)
	return rt
}
