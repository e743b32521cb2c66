package disk

import (
	"crypto/sha256"
	"hash"
	"os"
	"path/filepath"
	"strconv"

	"github.com/workgen/workgen/runtime/internal/blob"
	"github.com/workgen/workgen/runtime/store"
)

// inlineBelow is the size in bytes up to which what is compressed is in the database.
const inlineBelow = 64 << 10

// Forms of a result, bits.
const (
	formZstd = 1 << iota
	formFile // data is the name of the file and its size
)

// resultWriter takes a result and decides where it goes: it stays in memory while it is
// small, and goes on into a temporary file, compressed, when it is not.
type resultWriter struct {
	blob.Writer
	s   *Store
	out output
}

func (s *Store) resultWriter() *resultWriter {
	w := &resultWriter{s: s, out: output{s: s}}
	w.To = &w.out
	return w
}

// output is what a resultWriter makes of the result.
type output struct {
	s    *Store
	buf  []byte // what is not in the file
	f    *os.File
	sum  hash.Hash
	size int64
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
func (w *resultWriter) finish() (form int64, data []byte, err error) {
	plain, compressed, err := w.Finish()
	if err != nil || !compressed {
		return 0, plain, err
	}
	if w.out.f == nil {
		return formZstd, w.out.buf, nil
	}
	if !w.s.o.Relaxed {
		if err := w.out.f.Sync(); err != nil {
			return 0, nil, err
		}
	}
	if err := w.out.f.Close(); err != nil {
		return 0, nil, err
	}
	return formZstd | formFile, appendInt(w.out.sum.Sum(nil), w.out.size), nil
}

// drop lets go of everything; the file goes too if it still has its first name.
func (w *resultWriter) drop() {
	w.Free()
	if w.out.f != nil {
		_ = w.out.f.Close() // again, if all went well
		_ = os.Remove(w.out.f.Name())
	}
}

// place gives the file its name for good. An equal one that is there already is
// replaced, so that one which was damaged is healed. The write lock is held.
func (w *resultWriter) place(name []byte) error {
	to := w.s.fileOf(name)
	if _, err := os.Stat(w.out.f.Name()); err != nil {
		_, err := os.Stat(to) // in an attempt before this one
		return err
	}
	dir := filepath.Dir(to)
	if err := os.Mkdir(dir, 0o700); err == nil && !w.s.o.Relaxed {
		if err := syncDir(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	if err := os.Rename(w.out.f.Name(), to); err != nil {
		return err
	}
	if w.s.o.Relaxed {
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
