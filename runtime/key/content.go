package key

import (
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"sync"
)

// digest is a SHA-256.
type digest = [sha256.Size]byte

// attempts is how often something that changes while it is read is read anew.
const attempts = 3

// contentOfFile returns the digest of the file at path, and whether there is one.
func contentOfFile(path string) (d digest, found bool, err error) {
	d, _, err = readFile(path, os.Stat)
	if errors.Is(err, fs.ErrNotExist) {
		return d, false, nil
	}
	return d, err == nil, err
}

// readFile returns the digest of a regular file, remembered or by reading it,
// and what stat, which is os.Stat or os.Lstat, said of it.
func readFile(path string, stat func(string) (fs.FileInfo, error)) (d digest, info fs.FileInfo, err error) {
	for range attempts {
		info, err = stat(path)
		if err != nil {
			return d, nil, err
		}
		if info.IsDir() {
			return d, nil, &fs.PathError{Op: "read", Path: path, Err: errIsDir}
		}
		if !info.Mode().IsRegular() {
			return d, nil, &fs.PathError{Op: "read", Path: path, Err: errNotRegular}
		}
		var same bool
		if d, same, err = contentOf(path, info); same || err != nil {
			return d, info, err
		}
	}
	return d, nil, &fs.PathError{Op: "read", Path: path, Err: ErrChanging}
}

var (
	errIsDir      = errors.New("is a directory: use key.Dir")
	errIsNoDir    = errors.New("is not a directory: use key.File")
	errNotRegular = errors.New("is not a regular file, so its content is not known before it is used")
)

// ErrChanging is why a file or directory that was written to while it was read has no value.
var ErrChanging = errors.New("changes while it is read: make the call when it is complete")

// contentOf returns the digest of the file that info tells of. same is false
// when another one is at path by now, or it changed while it was read.
func contentOf(path string, info fs.FileInfo) (d digest, same bool, err error) {
	s := stampOf(info)
	id, err := s.at(path)
	if err != nil {
		return d, false, err
	}
	if d, ok := remembered.Get(id); ok {
		return d, true, nil
	}
	if s.settled(clock()) {
		// One reads for all. Of a file that may still change unnoticed everybody
		// has to see for himself.
		mu := reading.of(path)
		mu.Lock()
		defer mu.Unlock()
		if d, ok := remembered.Get(id); ok {
			return d, true, nil
		}
	}
	began := clock()
	d, n, same, err := hashFile(path, info)
	// A size that is not that of the content belongs to a file which the system
	// makes up when it is read (/proc, /sys), and says nothing of changes. It is
	// mostly 0; and to read what is empty takes no time.
	if same && n == s.size && n > 0 && s.settled(began) {
		remembered.Put(id, d)
	}
	return d, same, err
}

// hashFile reads the file that info tells of. n is the number of bytes read.
func hashFile(path string, info fs.FileInfo) (d digest, n int64, same bool, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|dontBlock, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return d, 0, false, nil // it was there a moment ago
	}
	if err != nil {
		return d, 0, false, err
	}
	defer f.Close() // nothing was written
	before, err := f.Stat()
	if err != nil {
		return d, 0, false, err
	}
	if !os.SameFile(info, before) || stampOf(before) != stampOf(info) {
		return d, 0, false, nil
	}
	h := hashers.Get().(*hasher)
	defer hashers.Put(h)
	if d, n, err = h.hash(f); err != nil {
		return d, n, false, err
	}
	after, err := f.Stat()
	if err != nil {
		return d, n, false, err
	}
	return d, n, stampOf(after) == stampOf(info), nil
}

// hasher is what hashing a file takes.
type hasher struct {
	sha hash.Hash
	buf [128 << 10]byte
}

var hashers = sync.Pool{New: func() any { return &hasher{sha: sha256.New()} }}

// hash reads f to its end.
func (h *hasher) hash(f *os.File) (d digest, n int64, err error) {
	h.sha.Reset()
	for {
		m, err := f.Read(h.buf[:])
		h.sha.Write(h.buf[:m]) // a hash.Hash never fails
		n += int64(m)
		if err == io.EOF {
			h.sha.Sum(d[:0])
			return d, n, nil
		}
		if err != nil {
			return d, n, err
		}
	}
}
