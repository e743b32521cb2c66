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
//   - The history has a record of each execution, within [Options.History] and
//     [Options.HistoryAge], and the newest one of each call in any case, unless the work has
//     runtime.MaxStored. When the directory is too large, older records go before results do.
//   - An execution whose process died is lost, and is shown as that at once.
//   - The tasks of a worker whose process died are taken by others at once. Waiting for one takes
//     no thread, and a look at the database four times in a second. See [Store.Queue].
//   - A result that was damaged, cut or removed is a *store.CorruptError, once. All
//     bytes are under a checksum.
//   - A database that is damaged is made anew from what can be read of it, once, and that is
//     logged. So is a directory that was removed while a store was open.
//   - In a bubble of testing/synctest a Store can be used, while no other process has it
//     open: waiting for that one stops the bubble's clock.
//   - The directory stays within [Options.MaxBytes], but for what is written while
//     garbage is collected, and 12 MB of SQLite's log.
//   - On a disk that is full one can read, delete, and collect garbage. What cannot be
//     written is an error that is syscall.ENOSPC. The log is kept short when little room
//     is left.
//
// The directory must be on a local file system: network ones lie about locks. Who
// removes it has all that was in it executed anew.
//
// # Files
//
//	store.db, -wal, -shm   the history, which has the leases, small results, arguments, marks, the queue;
//	                       store.1.db and so on once it was made anew
//	results/ab/cdef…       large results, named by the SHA-256 of their bytes
//	tmp/                   files that have no name yet
//	live/                  one locked file per open Store, and a socket if there are several processes
//	write.lock, gc.lock     locked by who writes, and by who collects garbage
//	reserve                room on the disk that is given up to make room, 256 KB or less
//	version3/              what an older version has left
//
// Only their owner can read them.
//
// A large result is written under a temporary name and synced, gets its name while
// its writer holds the write lock, and then its row is committed. Whoever holds the write lock
// hence knows that a file without a row is of no use. What dead processes have left
// is removed by the next one that opens the store.
//
// # Locks
//
// The locks on files are taken in this order: gc.lock, write.lock, SQLite's own. The
// mutexes of this package are leaves: nothing is locked while one of them is held,
// but for that of the collector, which is taken first of all, and that under which
// deletions are told: who writes never waits for it.
//
// Who collects garbage gives the write lock up after 5 ms and a commit, and leaves without it
// what takes long: to look through the history, to move SQLite's log into the database, to
// remove large files.
//
// A process that is stopped (SIGSTOP) in the middle of a commit, which takes less than
// a millisecond mostly, stops all who want to write until it goes on or is killed, as
// it would with SQLite alone. Those who open the store and read go on, and those who write
// can leave when their contexts end.
package disk
