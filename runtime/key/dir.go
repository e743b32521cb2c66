package key

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Tags of what a directory holds.
const (
	tagFile       = 1
	tagExecutable = 2
	tagDir        = 3
	tagLink       = 4
)

// contentOfDir returns the digest of the directory at path, and whether there is
// one.
func contentOfDir(path string) (d digest, found bool, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, false, nil
	}
	if err != nil {
		return d, false, err
	}
	if !info.IsDir() {
		return d, false, &fs.PathError{Op: "read", Path: path, Err: errIsNoDir}
	}
	d, err = readDir(path, os.Stat)
	if errors.Is(err, fs.ErrNotExist) {
		err = &fs.PathError{Op: "read", Path: path, Err: ErrChanging} // what was there is gone
	}
	return d, err == nil, err
}

// readDir returns the digest of a directory. When something appears in it or
// goes meanwhile, it begins anew.
func readDir(path string, stat func(string) (fs.FileInfo, error)) (d digest, err error) {
	for range attempts {
		before, err := stat(path)
		if err != nil {
			return d, err
		}
		if !before.IsDir() {
			break
		}
		d, err = listDir(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return d, err
		}
		after, statErr := stat(path)
		if statErr != nil {
			return d, statErr
		}
		if err == nil && os.SameFile(before, after) && stampOf(before) == stampOf(after) {
			return d, nil
		}
	}
	return d, &fs.PathError{Op: "read", Path: path, Err: ErrChanging}
}

// listDir hashes what is in a directory.
func listDir(path string) (d digest, err error) {
	entries, err := os.ReadDir(path) // in the order of the names
	if err != nil {
		return d, err
	}
	sha := sha256.New()
	var b []byte
	for _, entry := range entries {
		b = appendString(b[:0], entry.Name())
		b, err = appendEntry(b, filepath.Join(path, entry.Name()), entry.Type())
		if err != nil {
			return d, err
		}
		sha.Write(b) // a hash.Hash never fails
	}
	sha.Sum(d[:0])
	return d, nil
}

// appendEntry appends the tag and content of what is at path.
func appendEntry(b []byte, path string, kind fs.FileMode) ([]byte, error) {
	switch kind {
	case fs.ModeDir:
		d, err := readDir(path, os.Lstat)
		return append(append(b, tagDir), d[:]...), err
	case fs.ModeSymlink:
		text, err := os.Readlink(path)
		return appendString(append(b, tagLink), text), err
	}
	d, info, err := readFile(path, os.Lstat) // which refuses all but files
	if err != nil {
		return b, err
	}
	tag := byte(tagFile)
	if info.Mode()&0o111 != 0 {
		tag = tagExecutable
	}
	return append(append(b, tag), d[:]...), nil
}

// appendString appends what Encoder.String writes.
func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}
