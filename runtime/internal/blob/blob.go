// Package blob writes and reads the results that stores keep: compressed, and large ones in chunks.
package blob

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/workgen/workgen/runtime/store"
)

const (
	// CompressAbove is the size in bytes above which results are compressed.
	CompressAbove = 4 << 10

	// inMemory is the size up to which a result is read at once.
	inMemory = 1 << 20
)

var encoders = sync.Pool{New: func() any {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false))
	if err != nil {
		panic("blob: " + err.Error()) // the options are wrong
	}
	return e
}}

var decoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic("blob: " + err.Error()) // the options are wrong
	}
	return d
}}

// Writer takes a result: it stays in memory while it is small, and is compressed, as it comes, when
// it is not.
type Writer struct {
	To   io.Writer // gets what is compressed
	Size int64     // of the result, as far as it was written

	head []byte // all of it, while it is not compressed
	enc  *zstd.Encoder
}

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	w.Size += int64(len(p))
	if w.enc == nil {
		if len(w.head)+len(p) <= CompressAbove {
			w.head = append(w.head, p...)
			return len(p), nil
		}
		w.enc = encoders.Get().(*zstd.Encoder)
		w.enc.Reset(w.To)
		if _, err := w.enc.Write(w.head); err != nil {
			return 0, err
		}
		w.head = nil
	}
	return w.enc.Write(p)
}

// Finish returns the result if it was not compressed, and otherwise writes the rest of it.
func (w *Writer) Finish() (plain []byte, compressed bool, err error) {
	if w.enc == nil {
		return w.head, false, nil
	}
	return nil, true, w.enc.Close()
}

// Free lets go of everything. It must be called once, at the end.
func (w *Writer) Free() {
	if w.enc != nil {
		w.enc.Reset(nil)
		encoders.Put(w.enc)
	}
}

// Open gives an entry of some Size its result, which is compressed in data: as a body if it is large,
// see NewBody. The error says that it is damaged.
func Open(e *store.Entry, data []byte, unreadable func(error) error) error {
	if e.Size > inMemory {
		e.Body = NewBody(bytes.NewReader(data), e.Size, unreadable)
		return nil
	}
	d := decoders.Get().(*zstd.Decoder)
	defer decoders.Put(d)
	got, err := d.DecodeAll(data, make([]byte, 0, e.Size))
	if err != nil {
		return fmt.Errorf("cannot be decompressed: %w", err)
	}
	if int64(len(got)) != e.Size {
		return errLength
	}
	e.Data = got
	return nil
}

var errLength = errors.New("has another length than it should")

// Compress appends data to b, compressed.
func Compress(b, data []byte) []byte {
	e := encoders.Get().(*zstd.Encoder)
	defer encoders.Put(e)
	return e.EncodeAll(data, b)
}

// Decompress returns what Compress has appended, if that has no more than most bytes.
func Decompress(data []byte, most int) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(data); err != nil || !h.HasFCS || h.FrameContentSize > uint64(most) {
		return nil, errLength
	}
	d := decoders.Get().(*zstd.Decoder)
	defer decoders.Put(d)
	return d.DecodeAll(data, nil)
}
