package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// processor is the time that the process has spent on processors, collecting garbage
// included. What it waited for one, while other programs ran, does not count.
func processor() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err) // every Linux has it
	}
	return time.Duration(t.Nano())
}
