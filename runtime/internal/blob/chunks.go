package blob

import (
	"errors"
	"io"

	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/store"
)

// Chunks says what was sent in chunks.
type Chunks struct {
	N    int
	Size int64    // of all of them, in bytes
	Sum  [16]byte // of all of them: XXH3
}

// Uploader is a Writer that sends what is compressed in chunks, as it comes, unless it fits in one.
type Uploader struct {
	Writer
	Sent Chunks // so far
	Err  error  // of send

	chunkSize int
	most      int64
	send      func(n int, chunk []byte) error
	buf       []byte // what was not sent
	sum       *xxh3.Hasher
}

// NewUploader returns an Uploader of a result that may take most bytes, 0 or less for any number.
// send sends the chunk n, from 0.
func NewUploader(chunkSize int, most int64, send func(n int, chunk []byte) error) *Uploader {
	u := &Uploader{chunkSize: chunkSize, most: most, send: send}
	u.To = compressed{u}
	return u
}

// compressed is where an Uploader compresses to.
type compressed struct{ *Uploader }

// Write implements io.Writer.
func (u compressed) Write(p []byte) (int, error) {
	u.Sent.Size += int64(len(p))
	if u.isTooLarge(u.Sent.Size) {
		return 0, store.ErrTooLarge
	}
	for rest := p; len(rest) > 0; {
		if len(u.buf) == u.chunkSize {
			if err := u.sendChunk(); err != nil {
				return 0, err
			}
		}
		n := min(len(rest), u.chunkSize-len(u.buf))
		u.buf = append(u.buf, rest[:n]...)
		rest = rest[n:]
	}
	return len(p), nil
}

func (u *Uploader) isTooLarge(size int64) bool { return u.most > 0 && size > u.most }

// sendChunk sends what is in the buffer.
func (u *Uploader) sendChunk() error {
	if u.Err = u.send(u.Sent.N, u.buf); u.Err != nil {
		return u.Err
	}
	if u.sum == nil {
		u.sum = xxh3.New()
	}
	_, _ = u.sum.Write(u.buf)
	u.Sent.N++
	u.buf = u.buf[:0]
	return nil
}

// Finish returns what is to be stored of the result, unless it was sent in chunks: Sent is of all of
// them then. It returns store.ErrTooLarge for more than there may be.
func (u *Uploader) Finish() (data []byte, compressed bool, err error) {
	plain, compressed, err := u.Writer.Finish()
	switch {
	case err != nil:
		return nil, compressed, err
	case !compressed && u.isTooLarge(u.Size):
		return nil, false, store.ErrTooLarge
	case !compressed:
		return plain, false, nil
	case u.Sent.N == 0:
		return u.buf, true, nil
	}
	if err := u.sendChunk(); err != nil {
		return nil, true, err
	}
	u.Sent.Sum = u.sum.Sum128().Bytes()
	return nil, true, nil
}

// ErrMissing says that a chunk is not there.
var ErrMissing = errors.New("a chunk is missing: it was dropped since it was looked up, or lost")

// NewChunkReader returns a reader of chunks, which get returns one after the other. At the end it
// compares the checksum.
func NewChunkReader(c Chunks, get func(n int) ([]byte, error)) io.Reader {
	return &chunkReader{all: c, get: get}
}

type chunkReader struct {
	all Chunks
	get func(n int) ([]byte, error)

	next int
	buf  []byte // what was not read of the last one
	size int64  // of those that were got
	sum  xxh3.Hasher
}

// Read implements io.Reader. It returns io.EOF only when the checksum is right.
func (r *chunkReader) Read(p []byte) (int, error) {
	for len(r.buf) == 0 {
		if r.next == r.all.N {
			if r.sum.Sum128().Bytes() != r.all.Sum || r.size != r.all.Size {
				return 0, errors.New("checksum of the chunks is wrong")
			}
			return 0, io.EOF
		}
		chunk, err := r.get(r.next)
		if err != nil {
			return 0, err
		}
		_, _ = r.sum.Write(chunk)
		r.buf = chunk
		r.size += int64(len(chunk))
		r.next++
	}
	n := copy(p, r.buf)
	r.buf = r.buf[n:]
	return n, nil
}
