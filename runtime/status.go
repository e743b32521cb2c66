package runtime

import (
	"strconv"
	"time"
)

// Status says how far a call has come.
type Status uint8

// A call goes from Pending through Running to one of the last three and never
// back, except that [Retry] makes it Pending again. A call that is stopped before its body began skips Running, and one
// whose arguments could not be copied goes from Pending to Failed.
const (
	NotStarted Status = iota // no such call was made yet
	Pending                  // made; its body waits for a Concurrency slot, or to be retried
	Running                  // its body runs
	Succeeded                // its body returned without an error
	Failed                   // its body returned an error, panicked or timed out
	Stopped                  // cancelled: by Stop, by Close, or because every caller left
)

var statusNames = [...]string{"not started", "pending", "running", "succeeded", "failed", "stopped"}

// String gives the status in lower-case words, such as "not started".
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "Status(" + strconv.Itoa(int(s)) + ")"
}

// ended reports whether nothing can change any more.
func (s Status) ended() bool { return s >= Succeeded }

// CallStatus is the status of a call at one moment, with its history. It is a
// plain value: later changes of the call do not show in it.
//
// The times are wall clock readings, zero for what has not happened (yet).
// Started minus Requested is the time spent waiting for a slot.
type CallStatus struct {
	Status
	Number    uint64    // of the call in its runner, from 1; 0 for one that was refused
	Requested time.Time // the first caller came
	Started   time.Time // the body began, for the first time
	Finished  time.Time // the callers were released; a deaf body may go on
	Attempts  int       // times that the body began: more than one under Retry
	Stored    bool      // the result came from the store: the body did not begin here
	Reason    error     // why it failed or stopped, or is going to be retried; nil otherwise

	Progress CallProgress // of the latest execution; zero when its body says nothing
}

// stamp is a wall clock reading in Unix nanoseconds, 0 for none: a third of the
// size of a time.Time, of which every kept call would hold three.
type stamp int64

func stampOf(t time.Time) stamp { return stamp(t.UnixNano()) }

func (s stamp) time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(s))
}
