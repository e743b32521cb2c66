package peers

import (
	"time"

	"golang.org/x/sys/unix"
)

// clock is the time that the thread has spent on a processor: what it waited for
// one does not count. The goroutine is locked to its thread.
func clock() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err) // every Linux has it
	}
	return time.Duration(t.Nano())
}
