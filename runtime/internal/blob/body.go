package blob

import (
	"errors"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// Unavailable is the error of a source that cannot be read now: nobody knows whether it is damaged.
type Unavailable struct{ Err error }

// Error implements error.
func (u *Unavailable) Error() string { return u.Err.Error() }

// Unwrap returns Err.
func (u *Unavailable) Unwrap() error { return u.Err }

// body is a result that is read as a stream.
type body struct {
	src        source
	dec        *zstd.Decoder // nil: it is closed
	left       int64
	unreadable func(error) error
	err        error // what Read returns from now on
}

// source is what a body reads, and remembers why it cannot be read: the decoder may say less.
type source struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// NewBody returns a reader of a result of some size that is compressed in src, which is closed with
// it if it is an io.Closer. src is read to its end, so that it can compare a checksum there. Its error
// may be an *Unavailable, of which Read returns Err. Any other one is damage, for which Read returns
// what unreadable does.
func NewBody(src io.Reader, size int64, unreadable func(error) error) io.ReadCloser {
	b := &body{src: source{r: src}, left: size, unreadable: unreadable, dec: decoders.Get().(*zstd.Decoder)}
	if err := b.dec.Reset(&b.src); err != nil {
		b.fail(err)
	}
	return b
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.dec.Read(p)
	b.left -= int64(n)
	if err == io.EOF && b.left == 0 {
		_, err = io.Copy(io.Discard, &b.src) // what came after the last frame
		if err == nil {
			err = io.EOF
		}
	} else if err == io.EOF || b.left < 0 {
		err = errLength
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

// fail notes why the result cannot be read.
func (b *body) fail(err error) {
	var now *Unavailable
	if errors.As(b.src.err, &now) {
		b.err = now.Err
	} else {
		b.err = b.unreadable(err)
	}
}

// Close implements io.Closer.
func (b *body) Close() error {
	if b.dec == nil {
		return nil
	}
	_ = b.dec.Reset(nil)
	decoders.Put(b.dec)
	b.dec, b.err = nil, os.ErrClosed
	if c, ok := b.src.r.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
