package disk

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// Who wants to make room on a disk that is full needs some for that: to open the database, and
// to write what is to go into its log. So there is a file that does nothing but take room. It
// is removed when there is none left for those who open the store, delete, or collect garbage,
// and made again when there is. Where others take all room again at once, what is in the log
// may be more than fits into it: then nothing can be deleted until somebody makes room.

// maxReserve is the size of that file in bytes, and reservePart which part of a small disk it
// is at most.
const maxReserve, reservePart = 256 << 10, 8

// isFull tells whether an error says that there is no room, or that somebody may have no more.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// makeReserve makes the reserve as large as it is to be, but of what is free without it
// no more than half: another process may just have given its reserve up, and needs the room.
func (s *Store) makeReserve() {
	have := s.reserved()
	if have == maxReserve {
		return
	}
	free, total := diskSpace(s.dir)
	missing := min(maxReserve, total/reservePart, have+(free-have)/2) - have
	if missing <= 0 {
		return
	}
	f, err := os.OpenFile(filepath.Join(s.dir, reserveFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return
	}
	_, _ = f.Write(make([]byte, missing))
	_ = f.Close()
}

// useReserve removes the reserve, and reports whether there was one.
func (s *Store) useReserve() bool {
	removed := os.Remove(filepath.Join(s.dir, reserveFile)) == nil
	if removed {
		s.reserveUsed.Store(true)
	}
	return removed
}

// reserved returns how many bytes the reserve takes.
func (s *Store) reserved() int64 { return sizeOf(filepath.Join(s.dir, reserveFile)) }

// isCrowded tells whether the log of a database is too large for the room that is left on the
// disk: what is in it goes into the database, and nothing can be deleted when that cannot be.
// Others may fill the disk at any moment.
func isCrowded(log string, size int64) bool {
	if size < minLog {
		return false
	}
	free, _ := diskSpace(filepath.Dir(log))
	return free < 32*size
}

// relieve keeps the log short on a disk that is being filled by others, and makes the reserve
// again when there is room.
func (s *Store) relieve() {
	if path := s.path() + logSuffix; isCrowded(path, sizeOf(path)) {
		_ = s.w.clear(context.Background(), false, func(tx *tx) error {
			tx.shorten = true
			return nil
		})
	}
	s.makeReserve()
}

// makeRoom makes room for ops that found none, and reports whether there may be some now.
func (w *writer) makeRoom(ops []*op) bool {
	made := w.log.shorten(w.c, logWait)
	for _, o := range ops {
		if o.makesRoom && w.s.useReserve() {
			_ = w.log.shorten(w.c, logWait)
			return true
		}
	}
	return made
}
