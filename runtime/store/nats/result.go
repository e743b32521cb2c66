package nats

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/internal/blob"
	"github.com/workgen/workgen/runtime/store"
)

// chunkSize is the size in bytes up to which what is stored of a result is in the record's message,
// and that of the chunks otherwise, unless messages may not be so long.
const chunkSize = 256 << 10

// Forms of a result, bits.
const (
	formZstd   = 1 << iota
	formChunks // it is in chunks
)

// resultWriter takes a result and decides where it goes: it stays in memory while it is small, and
// is compressed and sent in chunks, as it comes, when it is not.
type resultWriter struct {
	*blob.Uploader
	upload uint64 // random: another attempt to end the same execution may still be on its way
}

func (s *Store) writer(ctx context.Context, l store.Lease) *resultWriter {
	upload := rand.Uint64()
	return &resultWriter{upload: upload, Uploader: blob.NewUploader(s.inline, s.o.MaxResult, func(n int, chunk []byte) error {
		_, _, err := s.publish(ctx, s.names.chunk(l.Ref, l.Token, upload, n), anything, nil, chunk)
		return err
	})}
}

// finish returns where the result is.
func (w *resultWriter) finish() (result, error) {
	data, compressed, err := w.Finish()
	r := result{upload: w.upload, data: data}
	if compressed {
		r.form = formZstd
	}
	if w.Sent.N > 0 {
		r.form |= formChunks
		r.stored, r.sum, r.chunks = w.Sent.Size, w.Sent.Sum, w.Sent.N
	} else {
		r.stored, r.sum = int64(len(data)), xxh3.Hash128(data).Bytes()
	}
	return r, err
}

// chunks returns a reader of a result that is in chunks, as it was sent.
func (s *Store) chunks(ref store.Ref, token uint64, r *result) io.Reader {
	all := blob.Chunks{N: r.chunks, Size: r.stored, Sum: r.sum}
	upload := r.upload
	return blob.NewChunkReader(all, func(n int) ([]byte, error) {
		m, err := s.read(context.Background(), s.names.chunks, s.names.chunk(ref, token, upload, n))
		if err != nil {
			return nil, &blob.Unavailable{Err: err}
		}
		if m == nil {
			return nil, blob.ErrMissing
		}
		return m.data, nil
	})
}

// drop removes the chunks of a result that nobody needs any more, as soon as may be. What it misses
// the collector finds.
func (s *Store) drop(ref store.Ref, token uint64, r *result) {
	if r.chunks == 0 || s.o.ReadOnly || s.closed.Load() {
		return
	}
	subject := s.names.upload(ref, token, r.upload) + ".*"
	s.live.wg.Go(func() {
		ctx, cancel := context.WithTimeout(s.running, patience)
		defer cancel()
		_ = s.purge(ctx, s.names.chunks, subject)
	})
}

// entry opens the result of a state, which execution x has. The error says that it is damaged. What is peeked at stays when it is.
func (s *Store) entry(st *state, x *execution, peeked bool) (*store.Entry, error) {
	e := &store.Entry{
		Ref: st.Ref, Token: x.Seq, Finished: s.fromServer(x.Finished), Expires: s.fromServer(x.Expires), Size: x.Size, Inputs: x.Inputs,
	}
	ref, token := st.Ref, x.Seq
	unreadable := func(err error) error {
		if peeked {
			return &store.CorruptError{Ref: ref, Err: err}
		}
		return s.unreadable(ref, token, err)
	}
	if st.form&formChunks != 0 {
		e.Body = blob.NewBody(s.chunks(ref, token, &st.result), x.Size, unreadable)
		return e, nil
	}
	if xxh3.Hash128(st.data).Bytes() != st.sum {
		return nil, errors.New("its checksum is wrong")
	}
	switch {
	case st.form == 0 && int64(len(st.data)) == x.Size:
		if e.Data = st.data; e.Data == nil {
			e.Data = []byte{}
		}
	case st.form == formZstd:
		if err := blob.Open(e, st.data, unreadable); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("has the unknown form %d", st.form)
	}
	return e, nil
}

// expiry returns when a result is to expire: not after the time that this Store keeps results.
func (s *Store) expiry(x *store.Record) time.Time {
	expires := x.Expires
	if s.o.MaxAge > 0 {
		if end := s.now().Add(s.o.MaxAge); expires.IsZero() || expires.After(end) {
			expires = end
		}
	}
	return expires
}
