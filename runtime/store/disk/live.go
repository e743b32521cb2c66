package disk

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/workgen/workgen/runtime/store"
)

// Every open Store has a file in the directory live, which it keeps locked. The
// system lets go of the lock when the process ends, however it does: whoever can
// lock the file knows that its owner is dead.
//
// A file is made, then locked, and its name is told to others after that. In
// between somebody may take it for a dead one's; then another name is tried.

// identity is that of an open Store.
type identity struct {
	id     int64
	name   string // of its files
	lock   *os.File
	origin store.Origin
}

const lockSuffix, socketSuffix = ".lock", ".sock"

func nameOf(id int64) string { return strconv.FormatUint(uint64(id), 16) }

// newIdentity makes and locks a file that nobody else has.
func newIdentity(dir string) (*identity, error) {
	for {
		var b [8]byte
		if _, err := rand.Read(b[:]); err != nil {
			return nil, err
		}
		self := &identity{id: int64(binary.LittleEndian.Uint64(b[:]) >> 1)}
		self.name = nameOf(self.id)
		f, err := os.OpenFile(filepath.Join(dir, self.name+lockSuffix), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		locked, err := lockFile(f, false, false)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if !locked || !isAt(f) {
			_ = f.Close()
			continue
		}
		host, _ := os.Hostname()
		self.lock, self.origin = f, store.Origin{Host: host, PID: os.Getpid(), Program: filepath.Base(os.Args[0])}
		self.introduce()
		return self, nil
	}
}

// isAt tells whether a file is still where it was made. If so while it is locked, it
// stays there: who removes it has to lock it first.
func isAt(f *os.File) bool {
	here, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(f.Name())
	return err == nil && os.SameFile(here, there)
}

// restore makes and locks the file again, which somebody has removed.
func (i *identity) restore() error {
	if isAt(i.lock) {
		return nil
	}
	f, err := os.OpenFile(i.lock.Name(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if locked, err := lockFile(f, false, false); err != nil || !locked {
		return errors.Join(err, f.Close())
	}
	_ = i.lock.Close()
	i.lock = f
	i.introduce()
	return nil
}

// introduce writes into the file who its owner is, for people: it does without if the disk is
// full.
func (i *identity) introduce() {
	_, _ = i.lock.WriteString(i.origin.Host + "\n" + strconv.Itoa(i.origin.PID) + "\n" + i.origin.Program)
}

// close ends an identity; its holder's leases can be taken over.
func (i *identity) close() {
	_ = os.Remove(i.lock.Name())
	_ = i.lock.Close()
}

// alive tells whether the owner of an identity still is, and who that is.
func (s *Store) alive(id int64) (store.Origin, bool) {
	f, err := os.Open(filepath.Join(s.dir, liveDir, nameOf(id)+lockSuffix))
	if err != nil {
		return store.Origin{}, !errors.Is(err, os.ErrNotExist) // if in doubt it is
	}
	defer f.Close()
	if locked, err := lockFile(f, true, false); locked && err == nil {
		return store.Origin{}, false
	}
	b := make([]byte, 1024)
	n, _ := f.ReadAt(b, 0)
	var o store.Origin
	if parts := strings.SplitN(string(b[:n]), "\n", 3); len(parts) == 3 {
		o.Host, o.Program = parts[0], parts[2]
		o.PID, _ = strconv.Atoi(parts[1])
	}
	return o, true
}

// inUse names a process that has a store open, "" when there is none.
func inUse(dir string) string {
	s := &Store{dir: dir}
	for _, id := range identities(filepath.Join(dir, liveDir)) {
		if o, alive := s.alive(id); alive {
			return o.String()
		}
	}
	return ""
}

// identities returns those that have a file in a directory.
func identities(dir string) (ids []int64) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), lockSuffix)
		if id, err := strconv.ParseUint(name, 16, 64); ok && err == nil {
			ids = append(ids, int64(id))
		}
	}
	return ids
}

// sweep removes what dead processes have left: their files in live, temporary
// files, and their leases.
func (s *Store) sweep() {
	var dead []int64
	dir := filepath.Join(s.dir, liveDir)
	for _, id := range identities(dir) {
		if id != s.self.id && s.bury(filepath.Join(dir, nameOf(id)+lockSuffix)) {
			dead = append(dead, id)
		}
	}
	temps, _ := os.ReadDir(filepath.Join(s.dir, tempDir))
	for _, temp := range temps {
		path := filepath.Join(s.dir, tempDir, temp.Name())
		if strings.HasPrefix(path, s.rebuilt()) { // by a process that died, or one that holds the write lock
			_ = s.w.write(context.Background(), false, func(*tx) error { _ = os.Remove(path); return nil })
			continue
		}
		name, _, _ := strings.Cut(temp.Name(), "-")
		if _, err := os.Stat(filepath.Join(s.dir, liveDir, name+lockSuffix)); errors.Is(err, os.ErrNotExist) {
			_ = os.Remove(path)
		}
	}
	if len(dead) > 0 {
		s.orphans.Store(true)
		s.dead(dead)
	}
}

// bury removes the files of an identity if its owner is dead.
func (s *Store) bury(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	if locked, err := lockFile(f, true, false); !locked || err != nil {
		return false
	}
	base := strings.TrimSuffix(path, lockSuffix)
	_ = os.Remove(base + socketSuffix)
	s.countOf(base + hitsSuffix)
	return os.Remove(path) == nil
}
