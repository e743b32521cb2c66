package disk

import (
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
		_, err = f.WriteString(host + "\n" + strconv.Itoa(self.origin.PID) + "\n" + self.origin.Program)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
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

// sweep removes what dead processes have left: their files in live, temporary
// files, and their leases.
func (s *Store) sweep() {
	var dead []int64
	names, _ := filepath.Glob(filepath.Join(s.dir, liveDir, "*"+lockSuffix))
	for _, path := range names {
		name := strings.TrimSuffix(filepath.Base(path), lockSuffix)
		id, err := strconv.ParseUint(name, 16, 64)
		if err != nil {
			continue
		}
		if name != s.self.name && s.bury(path) {
			dead = append(dead, int64(id))
		}
	}
	temps, _ := filepath.Glob(filepath.Join(s.dir, tempDir, "*"))
	for _, path := range temps {
		name, _, _ := strings.Cut(filepath.Base(path), "-")
		if _, err := os.Stat(filepath.Join(s.dir, liveDir, name+lockSuffix)); errors.Is(err, os.ErrNotExist) {
			_ = os.Remove(path)
		}
	}
	if len(dead) > 0 {
		s.gc.orphans.Store(true)
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
	_ = os.Remove(strings.TrimSuffix(path, lockSuffix) + socketSuffix)
	return os.Remove(path) == nil
}
