package nats

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

// task is a task of the queue: the last message of its subject, which has it in a header, as JSON,
// and small arguments as the body. It is replaced by compare-and-set only.
type task struct {
	subject     string
	seq         uint64 // of the message
	key         key.Key
	pool, route string // tokens of the subject
	args        []byte // if they are small, and were read

	Work   string
	Limit  int `json:",omitempty"`
	Origin store.Origin
	Queued int64    // in microseconds, of the server
	First  uint64   `json:",omitempty"` // seq of the first message of the task; 0: of this one
	Taken  int      `json:",omitempty"`
	Wanted []uint64 // callers
	Worker uint64   `json:",omitempty"` // who has it; 0: nobody
	Until  int64    `json:",omitempty"` // when it is not the worker's any more
	Due    int64    `json:",omitempty"` // not before is it taken
	Write  uint64   // random: finds out whether it was stored

	// Large arguments are chunks.
	Upload uint64   `json:",omitempty"`
	Chunks int      `json:",omitempty"`
	Size   int64    `json:",omitempty"`
	Sum    [16]byte `json:",omitzero"`
}

// inlineArgs is the size up to which arguments are in the message.
const inlineArgs = 16 << 10

// isTaken tells whether a worker has the task.
func (t *task) isTaken(now time.Time) bool { return t.Worker != 0 && now.UnixMicro() < t.Until }

// order is what the oldest task has the least of.
func (t *task) order() uint64 {
	if t.First == 0 {
		return t.seq
	}
	return t.First
}

// taskOf returns the task that a message has; nil if it has none.
func (n *names) taskOf(m *message) *task {
	parts := strings.Split(m.subject, ".")
	h := m.header[stateHeader]
	if len(parts) != 5 || len(h) != 1 {
		return nil
	}
	t := &task{seq: m.seq, pool: parts[2], route: parts[3], args: m.data}
	b, err := base64.RawURLEncoding.DecodeString(h[0])
	if err == nil {
		err = json.Unmarshal(b, t)
	}
	if err == nil {
		t.key, err = key.Parse(parts[4])
	}
	if err != nil {
		return nil
	}
	t.subject = n.task(t.pool, t.route, t.key)
	return t
}

// headerOf returns a value as a header.
func headerOf(v any) (natsgo.Header, error) {
	b, err := json.Marshal(v)
	return natsgo.Header{stateHeader: {base64.RawURLEncoding.EncodeToString(b)}}, err
}

// find returns the task of a call, nil if there is none.
func (q *tasks) find(ctx context.Context, k key.Key) (*task, error) {
	return q.read(ctx, q.s.names.task("*", "*", k))
}

func (q *tasks) read(ctx context.Context, subject string) (*task, error) {
	m, err := q.s.leader(ctx, q.s.names.tasks, subject)
	if m == nil || err != nil {
		return nil, err
	}
	return q.s.names.taskOf(m), nil
}

// put stores a task if its message is still the one that it was read from. It returns errConflict
// otherwise.
func (q *tasks) put(ctx context.Context, t *task) error {
	t.Write = rand.Uint64()
	if t.seq != 0 && t.First == 0 {
		t.First = t.seq
	}
	header, err := headerOf(t)
	if err != nil {
		return err
	}
	seq, unsure, err := q.s.publish(ctx, t.subject, t.seq, header, t.args)
	if unsure && errors.Is(err, errConflict) {
		there, failed := q.read(ctx, t.subject)
		if failed != nil {
			return failed
		}
		if there != nil && there.Write == t.Write {
			seq, err = there.seq, nil
		}
	}
	if err == nil {
		t.seq = seq
		q.saw(t)
	}
	return err
}

// change has next change the task of a call, if there is one. next returns false if it is to stay as
// it is. A task that nobody has and nobody wants any more goes.
func (q *tasks) change(ctx context.Context, subject string, next func(t *task, now time.Time) bool) (*task, error) {
	for {
		t, err := q.read(ctx, subject)
		if t == nil || err != nil {
			return nil, err
		}
		if !next(t, q.s.serverNow()) {
			return t, nil
		}
		if len(t.Wanted) == 0 && t.Worker == 0 {
			removed, err := q.drop(ctx, t)
			if removed || err != nil {
				return nil, err
			}
			continue
		}
		if err := q.put(ctx, t); !errors.Is(err, errConflict) {
			return t, err
		}
	}
}

// goneHeader says that a task was dropped, and which message was its last.
const goneHeader = "Workgen-Gone"

// drop drops a task if it is still as it was, and says so to those who take tasks.
func (q *tasks) drop(ctx context.Context, t *task) (removed bool, err error) {
	removed, err = q.s.remove(ctx, q.s.names.tasks, t.seq)
	if !removed {
		return false, err
	}
	gone := q.s.names.ns + ".q." + t.pool + "." + t.route + "." + t.key.String()
	_ = q.s.nc.PublishMsg(&natsgo.Msg{Subject: gone, Header: natsgo.Header{goneHeader: {strconv.FormatUint(t.seq, 10)}}})
	q.gone(t.group(), t.key, t.seq)
	q.s.drop(t.ref(), 0, &result{upload: t.Upload, chunks: t.Chunks})
	return true, nil
}

func (t *task) ref() store.Ref { return store.Ref{Work: t.Work, Key: t.key} }

func (t *task) group() group { return group{t.pool, t.route} }

// send stores arguments: in the message, or in chunks.
func (q *tasks) send(ctx context.Context, t *task, args []byte) error {
	if t.Size = int64(len(args)); t.Size <= inlineArgs {
		t.args = args
		return nil
	}
	t.Upload, t.Sum = rand.Uint64()|1, xxh3.Hash128(args).Bytes()
	for chunk := range slices.Chunk(args, q.s.inline) {
		subject := q.s.names.chunk(t.ref(), 0, t.Upload, t.Chunks)
		if _, _, err := q.s.publish(ctx, subject, anything, nil, chunk); err != nil {
			return err
		}
		t.Chunks++
	}
	return nil
}

// arguments returns what send was given.
func (q *tasks) arguments(t *task) ([]byte, error) {
	if t.Chunks == 0 {
		return t.args, nil
	}
	return io.ReadAll(q.s.chunks(t.ref(), 0, &result{upload: t.Upload, chunks: t.Chunks, stored: t.Size, sum: t.Sum}))
}

// public returns a task for a worker.
func (q *tasks) public(t *task, args []byte) (queue.Task, error) {
	pool, ok := untoken(t.pool)
	route, err := key.Parse(t.route)
	if !ok || err != nil {
		return queue.Task{}, errAnswer
	}
	return queue.Task{
		Ref: t.ref(), Route: queue.Route(route), Pool: pool, Args: args, Limit: t.Limit, Origin: t.Origin,
		Queued: q.s.fromServer(time.UnixMicro(t.Queued)), Taken: t.Taken,
	}, nil
}
