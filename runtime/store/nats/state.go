package nats

import (
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// state is what there is of a call: its newest execution, which is its lease while it runs, and its
// result when it succeeded. It is one message, the last of the call's subject. Times are the
// server's.
type state struct {
	seq     uint64    // of the message; 0: there is none
	at      time.Time // when it was stored; zero while that is not known
	base    uint64    // seq of the state that an execution in the history was taken from
	damaged error     // it cannot be read

	execution
	write  uint64        // random: who wrote it, and when
	holder uint64        // the Store that has the lease
	until  time.Time     // when the lease expires
	lease  time.Duration // how long it lasts at most
	latest *execution    // while it runs, and when it was stopped: what Found.Latest is beside it

	old    *execution // which has the result, if the newest one was Again and has not got one; nil otherwise
	beside bool       // it is old of a newer one, and listed beside that
	args   []byte     // the arguments of the call, if they are short

	result
}

// execution is a record, but for what it has in common with others.
type execution struct {
	store.Record
	scope scopeID
}

// result is where the bytes of a result are, and how.
type result struct {
	form   byte     // see result.go
	stored int64    // how long it is, as it is kept
	sum    [16]byte // of what is kept
	upload uint64   // which chunks, if it is in chunks
	chunks int
	data   []byte // if it is not
}

// expires returns when the lease of what runs expires: what the message says is believed as far as
// it fits to when it was stored.
func (st *state) expires() time.Time {
	if st.at.IsZero() {
		return st.until
	}
	least, most := st.at.Add(st.lease-store.Tolerance), st.at.Add(st.lease+store.Tolerance)
	switch {
	case st.until.Before(least):
		return least
	case st.until.After(most):
		return most
	}
	return st.until
}

// isHeld tells whether somebody has the lease.
func (st *state) isHeld(now time.Time) bool {
	return st.Status == store.Running && st.damaged == nil && now.Before(st.expires())
}

// owner returns the execution that has the result, nil if there is none. It may have expired.
func (st *state) owner() *execution {
	switch {
	case st.damaged != nil:
		return nil
	case st.Status == store.Succeeded:
		return &st.execution
	}
	return st.old
}

// live returns the execution that has the result, nil if there is none.
func (st *state) live(now time.Time) *execution {
	if x := st.owner(); x != nil && !store.HasExpired(x.Finished, x.Expires, now) {
		return x
	}
	return nil
}

// isLive tells whether there is a result.
func (st *state) isLive(now time.Time) bool { return st.live(now) != nil }

// leaseExpired is why an execution was lost whose lease has expired.
const leaseExpired = "its lease has expired"

// asOf returns the newest execution as it is now: a result that has expired has gone, and who has
// lost a lease is lost.
func (st *state) asOf(now time.Time) execution {
	x := st.execution
	switch {
	case st.damaged != nil:
		x.Status, x.Error = store.Unreadable, st.damaged.Error()
		if x.Gone.IsZero() {
			x.Gone = st.at
		}
	case x.Status == store.Running && !now.Before(st.expires()):
		x.Status, x.Error, x.Finished = store.Lost, leaseExpired, st.expires()
	case x.Status == store.Succeeded && store.HasExpired(x.Finished, x.Expires, now):
		x.Status, x.Gone = store.Expired, x.Expires
	}
	return x
}

// newest returns what Found.Latest is: the newest execution that has ended and says something of
// the call, nil if there is none, or the call was deleted since.
func (st *state) newest(now time.Time) *execution {
	if st.seq == 0 || st.isHeld(now) {
		return st.latest
	}
	x := st.asOf(now)
	switch {
	case x.Status == store.Stopped && x.Gone.IsZero():
		return st.latest
	case !x.Gone.IsZero() && !x.Status.Gone():
		return nil
	}
	return &x
}

// ended returns the state after st in which nobody has the lease, and nothing else is there but
// what the record says.
func (st *state) ended() *state {
	next := &state{execution: st.execution, holder: st.holder, latest: st.latest, args: st.args}
	if next.Status != store.Stopped || !next.Gone.IsZero() {
		next.latest = nil
	}
	return next
}
