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
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/store"
)

// kept is a row of result, with its call.
type kept struct {
	ref                            store.Ref
	token, finished, expires, size int64
	form                           int64
	data                           []byte

	peeked bool // damage is told, and not acted upon
}

// checksum covers all of a row, so that no bytes of another one are taken for it.
func (r *kept) checksum() [16]byte {
	var b [32 + 5*8]byte
	n := copy(b[:], r.ref.Key[:])
	for _, i := range [...]int64{r.token, r.finished, r.expires, r.size, r.form} {
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

// inMemory is the size up to which a result is read at once.
const inMemory = 1 << 20

// entry returns an entry without its data.
func (r *kept) entry() *store.Entry {
	return &store.Entry{
		Ref: r.ref, Token: uint64(r.token), Finished: timeOf(r.finished), Expires: timeOf(r.expires), Size: r.size,
	}
}

// open opens what is kept of a result, which is not plain.
func (s *Store) open(ctx context.Context, r *kept) (*store.Entry, error) {
	e := r.entry()
	switch {
	case r.form == 0:
		return nil, damagef("has %d bytes instead of %d", len(r.data), r.size)
	case r.form == formZstd && r.size <= inMemory:
		d := decoders.Get().(*zstd.Decoder)
		defer decoders.Put(d)
		data, err := d.DecodeAll(r.data, make([]byte, 0, r.size))
		if err != nil || int64(len(data)) != r.size {
			return nil, damagef("cannot be decompressed: %w", err)
		}
		e.Data = data
	case r.form == formZstd:
		e.Body = s.body(r, nil)
	case r.form == formZstd|formFile && len(r.data) == refSize:
		f, err := s.openFile(ctx, r)
		if err != nil {
			return nil, err
		}
		e.Body = s.body(r, f)
	default:
		return nil, damagef("has the unknown form %d", r.form)
	}
	return e, nil
}

// openFile opens the file of a result, which must be as long as it was.
func (s *Store) openFile(ctx context.Context, r *kept) (*os.File, error) {
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
func (s *Store) missing(ctx context.Context, r *kept, err error) error {
	c, again := s.readers.take(ctx)
	if again != nil {
		return again
	}
	now, found, again := c.kept(r.ref)
	s.readers.give(c)
	var damage *damageError
	switch {
	case again != nil && !errors.As(again, &damage):
		return again
	case again == nil && (!found || now.token != r.token):
		return store.ErrNotFound
	}
	return damagef("%w", err)
}

var decoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic("disk: " + err.Error()) // the options are wrong
	}
	return d
}}

// body is a result that is read as a stream.
type body struct {
	s    *Store
	r    *kept
	f    *os.File // nil: the data is in memory
	sum  hash.Hash
	dec  *zstd.Decoder
	left int64
	err  error // what Read returns from now on
}

func (s *Store) body(r *kept, f *os.File) *body {
	b := &body{s: s, r: r, f: f, left: r.size, dec: decoders.Get().(*zstd.Decoder)}
	var src io.Reader = bytes.NewReader(r.data)
	if f != nil {
		b.sum = sha256.New()
		src = io.TeeReader(f, b.sum)
	}
	if err := b.dec.Reset(src); err != nil {
		b.fail(err)
	}
	return b
}

// Read implements io.Reader. Its last act is to compare the checksum.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.dec.Read(p)
	b.left -= int64(n)
	if err == io.EOF && b.left == 0 {
		err = b.verify()
	} else if err == io.EOF || b.left < 0 {
		err = errors.New("has another length than it should")
	}
	switch {
	case err == nil:
		return n, nil
	case err == io.EOF:
		b.err = err
	default:
		b.fail(err)
	}
	return n, b.err
}

// verify compares the checksum of the file, which is its name, and returns io.EOF.
func (b *body) verify() error {
	if b.sum != nil {
		if _, err := io.Copy(b.sum, b.f); err != nil { // what came after the last frame
			return err
		}
		if string(b.sum.Sum(nil)) != string(b.r.data[:nameSize]) {
			return errors.New("checksum of the file is wrong")
		}
	}
	return io.EOF
}

func (b *body) fail(err error) {
	b.err = b.s.unreadable(b.r, &damageError{err})
}

// Close implements io.Closer.
func (b *body) Close() error {
	if b.dec == nil {
		return nil
	}
	_ = b.dec.Reset(nil)
	decoders.Put(b.dec)
	b.dec, b.err = nil, os.ErrClosed
	if b.f != nil {
		return b.f.Close()
	}
	return nil
}

// unreadable drops a result that cannot be read, and returns the error that says so.
func (s *Store) unreadable(r *kept, damage *damageError) *store.CorruptError {
	e := &store.CorruptError{Ref: r.ref, Err: damage.error}
	if r.peeked {
		return e
	}
	err := s.w.write(context.Background(), false, func(tx *tx) error {
		return tx.discard(r.ref.Key, r.token, store.Unreadable, damage.Error())
	})
	if err != nil {
		e.Err = fmt.Errorf("%w (and cannot be dropped: %w)", damage.error, err)
	}
	return e
}
