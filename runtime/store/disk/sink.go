package disk

import (
	"crypto/sha256"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/workgen/workgen/runtime/store"
)

const (
	// compressAbove is the size in bytes above which results are compressed.
	compressAbove = 4 << 10

	// inlineBelow is the size up to which what is left of them is in the database.
	inlineBelow = 64 << 10
)

// Forms of a result, bits.
const (
	formZstd = 1 << iota
	formFile // data is the name of the file and its size
)

// sink takes a result and decides where it goes: it stays in memory while it is
// small, and goes on into a temporary file, compressed, when it is not.
type sink struct {
	s    *Store
	size int64  // of the result
	head []byte // all of it, while it is not compressed
	enc  *zstd.Encoder
	out  output
}

// output is what a sink makes of the result.
type output struct {
	s    *Store
	buf  []byte // what is not in the file
	f    *os.File
	sum  hash.Hash
	size int64
}

var encoders = sync.Pool{New: func() any {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false))
	if err != nil {
		panic("disk: " + err.Error()) // the options are wrong
	}
	return e
}}

// Write implements io.Writer.
func (k *sink) Write(p []byte) (int, error) {
	k.size += int64(len(p))
	if k.enc == nil {
		if len(k.head)+len(p) <= compressAbove {
			k.head = append(k.head, p...)
			return len(p), nil
		}
		k.out = output{s: k.s}
		k.enc = encoders.Get().(*zstd.Encoder)
		k.enc.Reset(&k.out)
		if _, err := k.enc.Write(k.head); err != nil {
			return 0, err
		}
		k.head = nil
	}
	return k.enc.Write(p)
}

// Write implements io.Writer for the encoder.
func (o *output) Write(p []byte) (int, error) {
	o.size += int64(len(p))
	if limit := o.s.o.MaxBytes; limit > 0 && o.size > limit {
		return 0, store.ErrTooLarge
	}
	if o.f == nil {
		if len(o.buf)+len(p) <= inlineBelow {
			o.buf = append(o.buf, p...)
			return len(p), nil
		}
		f, err := os.OpenFile(o.s.tempFile(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return 0, err
		}
		o.f, o.sum = f, sha256.New()
		if err := o.append(o.buf); err != nil {
			return 0, err
		}
		o.buf = nil
	}
	return len(p), o.append(p)
}

func (o *output) append(p []byte) error {
	o.sum.Write(p)
	_, err := o.f.Write(p)
	return err
}

// finish returns what is to be kept. A file is on the disk then, under a temporary
// name.
func (k *sink) finish() (form int64, data []byte, err error) {
	if k.enc == nil {
		return 0, k.head, nil
	}
	if err := k.enc.Close(); err != nil {
		return 0, nil, err
	}
	if k.out.f == nil {
		return formZstd, k.out.buf, nil
	}
	if !k.s.o.Relaxed {
		if err := k.out.f.Sync(); err != nil {
			return 0, nil, err
		}
	}
	if err := k.out.f.Close(); err != nil {
		return 0, nil, err
	}
	return formZstd | formFile, appendInt(k.out.sum.Sum(nil), k.out.size), nil
}

// drop lets go of everything; the file goes too if it still has its first name.
func (k *sink) drop() {
	if k.enc != nil {
		k.enc.Reset(nil)
		encoders.Put(k.enc)
	}
	if k.out.f != nil {
		_ = k.out.f.Close() // again, if all went well
		_ = os.Remove(k.out.f.Name())
	}
}

// place gives the file its name for good. An equal one that is there already is
// replaced, so that one which was damaged is healed. The turn is held.
func (k *sink) place(name []byte) error {
	to := k.s.fileOf(name)
	if _, err := os.Stat(k.out.f.Name()); err != nil {
		_, err := os.Stat(to) // in an attempt before this one
		return err
	}
	dir := filepath.Dir(to)
	if err := os.Mkdir(dir, 0o700); err == nil && !k.s.o.Relaxed {
		if err := syncDir(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	if err := os.Rename(k.out.f.Name(), to); err != nil {
		return err
	}
	if k.s.o.Relaxed {
		return nil
	}
	return syncDir(dir)
}

// fileOf returns the path of a file by its name, which is the SHA-256 of its bytes.
func (s *Store) fileOf(name []byte) string {
	const digits = "0123456789abcdef"
	text := make([]byte, 0, 64)
	for _, b := range name {
		text = append(text, digits[b>>4], digits[b&15])
	}
	return filepath.Join(s.dir, resultsDir, string(text[:2]), string(text[2:]))
}

// tempFile returns a path that nobody else uses.
func (s *Store) tempFile() string {
	return filepath.Join(s.dir, tempDir, s.self.name+"-"+strconv.FormatInt(s.temps.Add(1), 10))
}

var _ io.Writer = (*sink)(nil)
