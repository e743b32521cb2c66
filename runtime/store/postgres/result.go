package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/internal/blob"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// chunkSize is the size in bytes up to which what is stored of a result is in one row, and that of
// the chunks otherwise.
const chunkSize = 256 << 10

// Forms of a result, bits.
const (
	formZstd   = 1 << iota
	formChunks // data says where they are, see chunks
)

// result is a row of the table, with its call and the times of its execution.
type result struct {
	key               key.Key
	seq, size, stored int64
	finished, expires pgtype.Timestamptz
	form              int16 // -1: the row is missing
	sum, data         []byte
}

// checksum covers all of a row, so that no bytes of another one are taken for it.
func (r *result) checksum() []byte {
	b := append(make([]byte, 0, 80), r.key[:]...)
	for _, i := range [...]int64{r.seq, microsOf(r.finished), microsOf(r.expires), r.size, int64(r.form)} {
		b = binary.LittleEndian.AppendUint64(b, uint64(i))
	}
	h := xxh3.Hash128(b)
	d := xxh3.Hash128Seed(r.data, h.Lo)
	d.Hi ^= h.Hi
	sum := d.Bytes()
	return sum[:]
}

func microsOf(t pgtype.Timestamptz) int64 {
	if !t.Valid {
		return 0
	}
	return t.Time.UnixMicro()
}

// chunks is what the data of a result is that is in chunks.
type chunks struct {
	upload int64
	blob.Chunks
}

const chunksSize = 8 + 8 + 8 + 16

func (c *chunks) bytes() []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(c.upload))
	b = binary.LittleEndian.AppendUint64(b, uint64(c.N))
	b = binary.LittleEndian.AppendUint64(b, uint64(c.Size))
	return append(b, c.Sum[:]...)
}

func chunksOf(b []byte) (c chunks) {
	c.upload = int64(binary.LittleEndian.Uint64(b))
	c.N = int(binary.LittleEndian.Uint64(b[8:]))
	c.Size = int64(binary.LittleEndian.Uint64(b[16:]))
	copy(c.Sum[:], b[24:])
	return c
}

// resultWriter takes a result and decides where it goes: it stays in memory while it is small, and
// is compressed and sent in chunks, as it comes, when it is not.
type resultWriter struct {
	*blob.Uploader
	s      *Store
	ctx    context.Context
	l      store.Lease
	upload int64
	tx     pgx.Tx // in which chunks are sent; nil: there are none
}

func (s *Store) writer(ctx context.Context, l store.Lease) *resultWriter {
	w := &resultWriter{s: s, ctx: ctx, l: l}
	w.Uploader = blob.NewUploader(chunkSize, s.most(), w.send)
	return w
}

// most is how many bytes a result may have, at most; 0: any number.
func (s *Store) most() int64 {
	most := max(s.o.MaxResult, 0)
	if s.o.MaxBytes > 0 && (most == 0 || s.o.MaxBytes < most) {
		most = s.o.MaxBytes
	}
	return most
}

// send sends a chunk. The first begins the transaction, in which the execution ends as well.
func (w *resultWriter) send(n int, chunk []byte) error {
	if w.tx == nil {
		tx, err := w.s.pool.BeginTx(w.ctx, readCommitted)
		if err != nil {
			return err
		}
		w.tx, w.upload = tx, int64(rand.Uint64())
		// Where the connection breaks, what it holds is free soon.
		if _, err := tx.Exec(w.ctx, `SET LOCAL idle_in_transaction_session_timeout = '1min'`); err != nil {
			return err
		}
	}
	var runs bool
	args := []any{keyOf(w.l.Key), int64(w.l.Token), w.upload, n, chunk}
	if err := w.tx.QueryRow(w.ctx, w.s.sql.putChunk, args...).Scan(&runs); err != nil {
		return err
	}
	if !runs {
		return errNotRunning
	}
	return nil
}

// errNotRunning says that an execution has ended already, so that its result need not be sent.
var errNotRunning = errors.New("postgres: the execution has ended")

// finish returns what the row has of the result.
func (w *resultWriter) finish() (form int16, data []byte, err error) {
	data, compressed, err := w.Finish()
	switch {
	case err != nil:
		return 0, nil, err
	case !compressed:
		return 0, orEmpty(data), nil
	case w.tx == nil:
		return formZstd, data, nil
	}
	sent := chunks{w.upload, w.Sent}
	return formZstd | formChunks, sent.bytes(), nil
}

// drop lets go of everything; what was sent is gone, unless it was committed.
func (w *resultWriter) drop() {
	w.Free()
	w.rollback()
}

// rollback ends the transaction, unless it was committed.
func (w *resultWriter) rollback() {
	if w.tx != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), closing)
		defer cancel()
		_ = w.tx.Rollback(ctx)
		w.tx = nil
	}
}

// endWith ends an execution with its result.
func (s *Store) endWith(ctx context.Context, l store.Lease, x *store.Record, from io.WriterTo) error {
	w := s.writer(ctx, l)
	defer w.drop()
	_, err := from.WriteTo(w)
	r := result{key: l.Key, seq: int64(l.Token), size: w.Size, finished: s.toServer(x.Finished), expires: s.expiry(x)}
	if err == nil {
		r.form, r.data, err = w.finish()
	}
	switch {
	case w.Err == errNotRunning:
		w.rollback()
		return s.end(ctx, l, x, &result{data: []byte{}, sum: []byte{}}) // which says how it ended
	case w.Err != nil:
		return s.failed(ctx, w.Err)
	case err != nil:
		return err // of the result
	}
	r.sum, r.stored = r.checksum(), int64(len(r.data))
	if w.tx == nil {
		return s.gc.put(r.stored, s.end(ctx, l, x, &r))
	}
	r.stored = w.Sent.Size
	e := s.ending(l, x, &r)
	if err := s.endAll(ctx, w.tx, []*ending{e}); err != nil {
		return err
	}
	if err := e.answer(); err != nil {
		return err
	}
	return s.gc.put(r.stored, s.failed(ctx, w.tx.Commit(ctx)))
}

// expiry returns when a result is to expire: not after the time that this Store keeps results.
func (s *Store) expiry(x *store.Record) pgtype.Timestamptz {
	expires := x.Expires
	if s.o.MaxAge > 0 {
		if end := s.now().Add(s.o.MaxAge); expires.IsZero() || expires.After(end) {
			expires = end
		}
	}
	return s.toServer(expires)
}

// entry opens a result. The error says that it is damaged. What is peeked at stays when it is.
func (s *Store) entry(ref store.Ref, r *result, peeked bool) (*store.Entry, error) {
	if r.form < 0 {
		return nil, errors.New("the database lost it")
	}
	if !bytes.Equal(r.sum, r.checksum()) {
		return nil, errors.New("checksum of the row is wrong")
	}
	e := &store.Entry{
		Ref: ref, Token: uint64(r.seq), Finished: s.fromServer(r.finished), Expires: s.fromServer(r.expires), Size: r.size,
	}
	seq := r.seq
	unreadable := func(err error) error {
		if peeked {
			return &store.CorruptError{Ref: ref, Err: err}
		}
		return s.unreadable(ref, seq, err)
	}
	switch {
	case r.form == 0 && int64(len(r.data)) == r.size:
		e.Data = r.data
	case r.form == formZstd:
		if err := blob.Open(e, r.data, unreadable); err != nil {
			return nil, err
		}
	case r.form == formZstd|formChunks && len(r.data) == chunksSize:
		c := chunksOf(r.data)
		get := func(n int) ([]byte, error) { return s.chunk(seq, c.upload, n) }
		e.Body = blob.NewBody(blob.NewChunkReader(c.Chunks, get), r.size, unreadable)
	default:
		return nil, fmt.Errorf("has the unknown form %d", r.form)
	}
	return e, nil
}
