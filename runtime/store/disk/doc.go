// Package disk is the store for one machine: an SQLite database, and files beside it
// for large results, in one directory. Any number of processes may have it open.
//
//	s, err := disk.Open("daily", disk.Options{})
//
// What is promised, beyond what package store says:
//
//   - A result that was put survives the death of the process at any instant, and
//     loss of power (unless [Options.Relaxed] is set).
//   - Readers never wait for writers. Writers take turns, and those of one process
//     that come at the same time share one wait for the disk.
//   - The lease of a process that died is free at once, whatever its time. Those who
//     wait for a key are woken by its holder; waiting takes no thread.
//   - Of a call the record of the last execution that has ended is kept, and of those
//     without a result the newest 10,000. Of an execution that has not ended there is
//     who has its lease.
//   - A result that was damaged, cut or removed is a *store.CorruptError, once. All
//     bytes are under a checksum.
//   - The directory stays within [Options.MaxBytes], but for what is written while
//     garbage is collected, and 12 MB of SQLite's log.
//
// The directory must be on a local file system: network ones lie about locks. It may
// be removed while no process has it open.
//
// # Files
//
//	store.db, -wal, -shm   records, small results, leases, marks
//	results/ab/cdef…       large results, named by the SHA-256 of their bytes
//	tmp/                   files that have no name yet
//	live/                  one locked file, and a socket, per open Store
//	turn.lock, gc.lock     locked by who writes, and by who collects garbage
//
// A large result is written under a temporary name and synced, gets its name while
// its writer has the turn, and then its row is committed. Whoever has the turn
// hence knows that a file without a row is of no use. What dead processes have left
// is removed by the next one that opens the store.
//
// # Locks
//
// The locks on files are taken in this order: gc.lock, turn.lock, SQLite's own. The
// mutexes of this package are leaves: nothing is locked while one of them is held,
// but for that of the collector, which is taken first of all.
//
// A process that is stopped (SIGSTOP) in the middle of a commit, which takes less than
// a millisecond mostly, stops all who want to write until it goes on or is killed, as
// it would with SQLite alone. Those who read go on, and those who write can leave when
// their contexts end.
package disk
