package disk

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// LockGC keeps everybody from collecting garbage.
func LockGC(t *testing.T, dir string) (unlock func()) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, gcFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockFile(f, false, true); err != nil {
		t.Fatal(err)
	}
	return func() { _ = f.Close() }
}

// GCPolls passes when GC has looked for its lock some times.
func GCPolls(n int) <-chan time.Time { return time.After(time.Duration(n) * gcPoll) }

// SetPageSize sets how many records are read at once.
func SetPageSize(n int) (reset func()) {
	was := pageSize
	pageSize = n
	return func() { pageSize = was }
}

// OnHeld has a store tell how long it held the write lock, each time.
func (s *Store) OnHeld(tell func(time.Duration)) { s.w.held.Store(&tell) }

// RepairAtOnce lets damage be repaired however often it is found.
func RepairAtOnce() { repairEvery = 0 }

// FindDamage has a store take its database for damaged.
func (s *Store) FindDamage() { s.w.repairSoon(true) }

// SetMaxTasks sets how many tasks a queue takes.
func SetMaxTasks(n int64) (reset func()) {
	was := maxTasks
	maxTasks = n
	return func() { maxTasks = was }
}
