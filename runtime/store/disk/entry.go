package disk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/internal/blob"
	"github.com/workgen/workgen/runtime/store"
)

// result is a row of the table, with its call.
type result struct {
	ref                          store.Ref
	seq, finished, expires, size int64
	form                         int64
	data                         []byte

	peeked bool // damage is told, and not acted upon
}

// checksum covers all of a row, so that no bytes of another one are taken for it.
func (r *result) checksum() [16]byte {
	var b [32 + 5*8]byte
	n := copy(b[:], r.ref.Key[:])
	for _, i := range [...]int64{r.seq, r.finished, r.expires, r.size, r.form} {
		binary.LittleEndian.PutUint64(b[n:], uint64(i))
		n += 8
	}
	h := xxh3.Hash128(b[:])
	d := xxh3.Hash128Seed(r.data, h.Lo)
	d.Hi ^= h.Hi
	return d.Bytes()
}

func appendInt(b []byte, i int64) []byte { return binary.LittleEndian.AppendUint64(b, uint64(i)) }

const (
	nameSize = sha256.Size
	refSize  = nameSize + 8 // of data when the result is in a file
)

// hasExpired is store.HasExpired for times as the tables have them.
func hasExpired(finished, expires, now int64) bool {
	return expires != 0 && (expires <= now || finished > now+tolerance)
}

// tolerance is store.Tolerance in microseconds.
const tolerance = int64(store.Tolerance / time.Microsecond)

// damageError says what is wrong with what is kept of a result.
type damageError struct{ error }

func damagef(format string, args ...any) error { return &damageError{fmt.Errorf(format, args...)} }

// entry returns an entry without its data.
func (r *result) entry() *store.Entry {
	return &store.Entry{
		Ref: r.ref, Token: uint64(r.seq), Finished: timeOf(r.finished), Expires: timeOf(r.expires), Size: r.size,
	}
}

// open opens what is kept of a result, which is not plain.
func (s *Store) open(ctx context.Context, r *result) (*store.Entry, error) {
	e := r.entry()
	unreadable := func(err error) error { return s.unreadable(r, &damageError{err}) }
	switch {
	case r.form == 0:
		return nil, damagef("has %d bytes instead of %d", len(r.data), r.size)
	case r.form == formZstd:
		if err := blob.Open(e, r.data, unreadable); err != nil {
			return nil, &damageError{err}
		}
	case r.form == formZstd|formFile && len(r.data) == refSize:
		f, err := s.openFile(ctx, r)
		if err != nil {
			return nil, err
		}
		e.Body = blob.NewBody(&file{f, sha256.New(), r.data[:nameSize]}, r.size, unreadable)
	default:
		return nil, damagef("has the unknown form %d", r.form)
	}
	return e, nil
}

// openFile opens the file of a result, which must be as long as it was.
func (s *Store) openFile(ctx context.Context, r *result) (*os.File, error) {
	f, err := os.Open(s.fileOf(r.data[:nameSize]))
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, s.missing(ctx, r, err)
		}
		return nil, err
	}
	want := int64(binary.LittleEndian.Uint64(r.data[nameSize:]))
	if info, err := f.Stat(); err != nil || info.Size() != want {
		_ = f.Close()
		if err != nil {
			return nil, err
		}
		return nil, damagef("its file has %d bytes instead of %d", info.Size(), want)
	}
	return f, nil
}

// missing tells a file that is gone from a result that went, with its file, after
// its row was read.
func (s *Store) missing(ctx context.Context, r *result, err error) error {
	c, again := s.readers.take(ctx)
	if again != nil {
		return again
	}
	_, found, again := c.q(`SELECT 1 FROM result WHERE seq = ?`).int(r.seq).number()
	s.readers.give(c)
	switch {
	case again != nil:
		return again
	case !found:
		return store.ErrNotFound
	}
	return damagef("%w", err)
}

// file reads the file of a result.
type file struct {
	f    *os.File
	sum  hash.Hash
	name []byte
}

// Read implements io.Reader. It returns io.EOF only when the checksum is right, which is the name.
func (f *file) Read(p []byte) (int, error) {
	n, err := f.f.Read(p)
	f.sum.Write(p[:n])
	if err == io.EOF && !bytes.Equal(f.sum.Sum(nil), f.name) {
		err = errors.New("checksum of the file is wrong")
	}
	return n, err
}

// Close implements io.Closer.
func (f *file) Close() error { return f.f.Close() }

// unreadable drops a result that cannot be read, and returns the error that says so.
func (s *Store) unreadable(r *result, damage *damageError) *store.CorruptError {
	e := &store.CorruptError{Ref: r.ref, Err: damage.error}
	if r.peeked {
		return e
	}
	err := s.w.write(context.Background(), false, func(tx *tx) error {
		return tx.goes(r.seq, store.Unreadable, damage.Error())
	})
	if err != nil && err != store.ErrReadOnly {
		e.Err = fmt.Errorf("%w (and cannot be dropped: %w)", damage.error, err)
	}
	return e
}
