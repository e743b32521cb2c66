package nats

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// Of works with a limit those calls are noted, in one message per work, whose tasks are taken: it is
// replaced by compare-and-set before a task is taken, so that the limit holds over all machines.
// Who gives a task back takes its call out before. Calls whose tasks are not taken, since somebody
// died or another one was faster, leave the room again when it is needed.

// seats is what that message has: when a call was noted, in microseconds, by its key.
type seats map[key.Key]int64

const (
	// limitPoll is how often it is looked whether there is room.
	limitPoll = 500 * time.Millisecond

	// taking is how long it may take from when a call is noted until its task is taken.
	taking = 5 * time.Second
)

// acquire notes a task that is to be taken, and tells whether there is room.
func (q *tasks) acquire(ctx context.Context, t *task) (bool, error) {
	for {
		seq, taken, err := q.seats(ctx, t.Work)
		if err != nil {
			return false, err
		}
		_, there := taken[t.key] // then it counts, whoever gets it
		if !there && len(taken) >= t.Limit {
			if err := q.leaveRoom(ctx, taken); err != nil {
				return false, err
			}
		}
		if !there && len(taken) >= t.Limit {
			return false, nil
		}
		taken[t.key] = q.s.serverNow().UnixMicro()
		if err := q.setSeats(ctx, t.Work, seq, taken); !errors.Is(err, errConflict) {
			return err == nil, err
		}
	}
}

// leaveRoom drops those whose tasks are not taken.
func (q *tasks) leaveRoom(ctx context.Context, taken seats) error {
	now := q.s.serverNow()
	for k, since := range taken {
		t, err := q.find(ctx, k)
		if err != nil {
			return err
		}
		if t != nil && (t.isTaken(now) || time.UnixMicro(since).Add(taking).After(now)) {
			continue
		}
		delete(taken, k)
	}
	return nil
}

// release drops a task that is given back. What it misses is found when somebody needs the room.
func (q *tasks) release(ctx context.Context, t *task) {
	for {
		seq, taken, err := q.seats(ctx, t.Work)
		if _, there := taken[t.key]; err != nil || !there {
			return
		}
		delete(taken, t.key)
		if !errors.Is(q.setSeats(ctx, t.Work, seq, taken), errConflict) {
			return
		}
	}
}

func (q *tasks) seats(ctx context.Context, work string) (seq uint64, taken seats, err error) {
	taken = seats{}
	m, err := q.s.leader(ctx, q.s.names.state, q.s.names.limit(work))
	if m == nil || err != nil {
		return 0, taken, err
	}
	_ = json.Unmarshal(m.data, &taken) // what cannot be read is none
	return m.seq, taken, nil
}

func (q *tasks) setSeats(ctx context.Context, work string, seq uint64, taken seats) error {
	b, err := json.Marshal(taken)
	if err == nil {
		_, err = q.s.set(ctx, q.s.names.limit(work), seq, b)
	}
	return err
}
