//go:build !linux

package peers

import "time"

var start = time.Now()

// clock is the time that has gone by.
func clock() time.Duration { return time.Since(start) }
