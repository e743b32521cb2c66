package tier

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// job is a result of the shared store that is to be copied.
type job struct {
	ref   store.Ref
	token uint64 // in the shared store
	told  uint64 // when it was looked up
	data  store.Bytes
}

// maxQueued bounds the results that wait to be copied, in bytes. What comes then is copied when it
// is looked up again.
var maxQueued = 64 << 20

// copy has a result of the shared store copied.
func (t *Store) copy(f *store.Found, told uint64) {
	e := f.Result()
	if e == nil || len(f.Results) > 1 || len(e.Inputs) > 0 {
		return
	}
	j := job{e.Ref, e.Token, told, e.Data}
	if e.Data == nil {
		if e.Body != nil {
			e.Body = &tee{ReadCloser: e.Body, t: t, j: j}
		}
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.queued+len(j.data) > maxQueued {
		return
	}
	t.queue, t.queued = append(t.queue, j), t.queued+len(j.data)
	if !t.copier {
		t.copier = true
		t.work.Go(t.copyAll)
	}
}

// copyAll makes the copies that are queued, one after the other.
func (t *Store) copyAll() {
	for {
		t.mu.Lock()
		if len(t.queue) == 0 {
			t.copier = false
			t.mu.Unlock()
			return
		}
		j := t.queue[0]
		t.queue, t.queued = t.queue[1:], t.queued-len(j.data)
		t.mu.Unlock()
		ctx, cancel := context.WithTimeout(t.ctx, slow)
		t.keepFound(ctx, j, j.data)
		cancel()
	}
}

// tee is a result of the shared store that is written to a pipe while it is read, from which it is
// copied.
type tee struct {
	io.ReadCloser
	t     *Store
	j     job
	begun bool
	w     *io.PipeWriter
	whole atomic.Bool // it was read to its end
}

// begin begins the copy. Results that nobody reads have none.
func (b *tee) begin() {
	b.begun = true
	r, w := io.Pipe()
	b.w = w
	spawned := b.t.spawn(func() {
		stop := context.AfterFunc(b.t.closing, func() {
			if !b.whole.Load() { // nobody knows whether it ever is
				_ = w.CloseWithError(errPart)
			}
		})
		defer stop()
		defer r.Close()
		b.t.keepFound(b.t.ctx, b.j, readerTo{r}) // for as long as it is read
	})
	if !spawned {
		_ = r.Close()
	}
}

// write gives the copy what was read. If the local store does not take it in time, the copy is given
// up, so that who reads does not wait for it. Then, and when it fails, there is none.
func (b *tee) write(p []byte) {
	const most = 2 * patience // since both stores are asked before it begins
	late := time.AfterFunc(most, func() { _ = b.w.CloseWithError(errLate) })
	defer late.Stop()
	_, _ = b.w.Write(p)
}

func (b *tee) Read(p []byte) (int, error) {
	if !b.begun {
		b.begin()
	}
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.write(p[:n])
	}
	switch {
	case err == io.EOF:
		b.whole.Store(true)
		_ = b.w.Close()
	case err != nil:
		_ = b.w.CloseWithError(err)
	}
	return n, err
}

func (b *tee) Close() error {
	if b.begun {
		_ = b.w.CloseWithError(errPart)
	}
	return b.ReadCloser.Close()
}

var (
	errPart = errors.New("tier: the result was not read to its end")
	errLate = errors.New("tier: the local store hangs")
)

// readerTo is a result that is read from a pipe.
type readerTo struct{ r io.Reader }

func (r readerTo) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, r.r) }

// keepFound copies a result that was found in the shared store, with its record.
func (t *Store) keepFound(ctx context.Context, j job, result io.WriterTo) {
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for rec, err := range t.shared.History(soon, store.Filter{Prefix: j.ref.Key.String(), Status: succeeded, Limit: 1}) {
		if err == nil && rec.Seq == j.token {
			rec.Ref = j.ref
			t.keep(ctx, rec, j.told, result)
		}
	}
}

// keep puts a result that the shared store has into the local one, with its record there. told is what
// it was before the shared store had been asked.
func (t *Store) keep(ctx context.Context, rec store.Record, told uint64, result io.WriterTo) {
	if t.void(ctx, &rec, told) {
		return
	}
	log := withCopy(&rec)
	rec.Writer = "" // is another one here
	begun := rec
	begun.Attempt, begun.Nonce = 0, 0 // nothing executes
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	l, err := t.local.Begin(soon, begun)
	if err != nil {
		t.notKept(err)
		return
	}
	rec.Log = log
	if t.void(ctx, &rec, told) {
		err = errVoid
	} else {
		err = t.local.End(ctx, l, rec, result)
	}
	soon, cancel = context.WithTimeout(t.ctx, patience)
	defer cancel()
	switch {
	case err != nil:
		t.notKept(err)
		rec.Status = store.Stopped
		_ = t.local.End(soon, l, rec, nil)
	case t.void(soon, &rec, told): // it was deleted meanwhile
		_ = t.local.Discard(soon, &store.Entry{Ref: l.Ref, Token: l.Token}, store.Deleted, whyDeleted)
	}
}

var errVoid = errors.New("tier: the result may have been deleted")

// void tells whether a result may have been deleted since it was looked up.
func (t *Store) void(ctx context.Context, rec *store.Record, told uint64) bool {
	if t.told.Load() != told {
		return true
	}
	if !t.readOnly {
		return false
	}
	_, buried, err := t.buried(ctx, &store.Entry{Ref: rec.Ref, Token: rec.Seq})
	return buried || err != nil
}

// notKept says why a result is not copied, unless that is nothing special.
func (t *Store) notKept(err error) {
	for _, usual := range []error{
		store.ErrFinished, store.ErrHeld, store.ErrLost, store.ErrReadOnly, store.ErrClosed, store.ErrTooLarge,
		errVoid, errPart, context.Canceled,
	} {
		if errors.Is(err, usual) {
			return
		}
	}
	t.warn("a result is not copied into the local store of a tier", err)
}

// copied is how the last line of the log begins in the record of a copy. The token follows, and
// who has written the record in the shared store if that knows.
const (
	copied    = "workgen: copied from the shared store, where its record is "
	writtenBy = ", written by "
)

// withCopy returns the log of a record of the shared store, with the line that says that it is a copy.
func withCopy(r *store.Record) string {
	log := r.Log
	if log != "" && !strings.HasSuffix(log, "\n") {
		log += "\n"
	}
	log += copied + strconv.FormatUint(r.Seq, 10)
	if r.Writer != "" {
		log += writtenBy + strconv.Quote(r.Writer)
	}
	return log + "\n"
}

// copyOf returns the token that a record has in the shared store if it is that of a copy.
func copyOf(r *store.Record) (token uint64, ok bool) {
	log := strings.TrimSuffix(r.Log, "\n")
	number, ok := strings.CutPrefix(log[strings.LastIndexByte(log, '\n')+1:], copied)
	if !ok {
		return 0, false
	}
	number, _, _ = strings.Cut(number, writtenBy)
	token, err := strconv.ParseUint(number, 10, 64)
	return token, err == nil
}
