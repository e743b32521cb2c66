package disk

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
)

// schemaVersion is the version of the tables and files. A store of a newer one is
// not opened, and an older one is set aside.
const schemaVersion = 4

// applicationID is in the header of the database, for file(1) and for us.
const applicationID = 0x776f726b // "work"

// VersionError says that a store was written by a newer version of this package, or, to those
// who only look, by an older one.
type VersionError struct {
	Dir         string
	Have, Knows int64
}

func (e *VersionError) Error() string {
	if e.Have < e.Knows {
		return fmt.Sprintf("store %s is of the older version %d: a program built with this version sets it aside when it opens it", e.Dir, e.Have)
	}
	return fmt.Sprintf("store %s has version %d, this program knows versions up to %d: update the program, or give it another directory", e.Dir, e.Have, e.Knows)
}

// The tables. Times are microseconds since 1970, 0 is none.
var schema = []string{
	`CREATE TABLE work(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)`,

	// The scopes of keys. symbols and build are for people.
	`CREATE TABLE scope(
		id INTEGER PRIMARY KEY,
		work INTEGER NOT NULL, schema TEXT NOT NULL, code TEXT NOT NULL, symbols TEXT NOT NULL, build TEXT NOT NULL,
		UNIQUE(work, schema, code, build))`,

	// The history. While the newest execution of a key runs it is the lease of the key, and
	// its seq the token. Of those with status 1 there is a result.
	`CREATE TABLE execution(
		seq INTEGER PRIMARY KEY,
		key BLOB NOT NULL,
		work INTEGER NOT NULL,
		scope INTEGER NOT NULL,
		status INTEGER NOT NULL,
		holder INTEGER NOT NULL,  -- who began it: names a file in live
		nonce INTEGER NOT NULL,
		started INTEGER NOT NULL,
		finished INTEGER NOT NULL,
		expires INTEGER NOT NULL, -- the lease while it runs, then the result
		gone INTEGER NOT NULL,
		used INTEGER NOT NULL,
		hits INTEGER NOT NULL,
		text BLOB NOT NULL,       -- see record.go
		record BLOB NOT NULL)`,
	`CREATE INDEX execution_key ON execution(key)`,
	// A work's executions are searched for a text here: in the table they are far from each other.
	`CREATE INDEX execution_work ON execution(work, status, seq, text)`,
	`CREATE INDEX execution_status ON execution(status)`,
	`CREATE INDEX execution_used ON execution(used) WHERE status = 1`,
	`CREATE INDEX execution_expires ON execution(expires) WHERE status = 1 AND expires > 0`,

	// data is the result, or the name of a file with it; see entry.go. Two columns
	// are those of execution: who gets a result looks only here.
	`CREATE TABLE result(
		seq INTEGER PRIMARY KEY,
		finished INTEGER NOT NULL,
		expires INTEGER NOT NULL,
		size INTEGER NOT NULL,
		form INTEGER NOT NULL,
		sum BLOB NOT NULL,
		data BLOB NOT NULL)`,

	// The files beside the database, and how many results are in each.
	`CREATE TABLE file(name BLOB PRIMARY KEY, size INTEGER NOT NULL, refs INTEGER NOT NULL) WITHOUT ROWID`,

	// One row: the bytes in files, when the history was last bounded, and by how much a token
	// was later than its execution at most.
	`CREATE TABLE total(id INTEGER PRIMARY KEY, files INTEGER NOT NULL, bounded INTEGER NOT NULL, lag INTEGER NOT NULL)`,
	`INSERT INTO total VALUES(1, 0, 0, 1000000)`,

	// The keys that were deleted lately, see deleted.go.
	`CREATE TABLE deleted(seq INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL)`,

	`CREATE TABLE mark(name TEXT PRIMARY KEY, version INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID`,

	fmt.Sprintf(`PRAGMA application_id = %d`, applicationID),
	fmt.Sprintf(`PRAGMA user_version = %d`, schemaVersion),
}

// version returns the version of a database, 0 of an empty one.
func version(c *conn, dir string) (int64, error) {
	v, err := c.value(`PRAGMA user_version`)
	if err == nil && v > schemaVersion {
		err = &VersionError{Dir: dir, Have: v, Knows: schemaVersion}
	}
	return v, err
}

// create makes the tables of an empty database. The caller holds the write lock.
func create(c *conn) error {
	// Neither can be changed inside of a transaction, nor once there are tables.
	if err := c.exec(`PRAGMA auto_vacuum = INCREMENTAL`, `PRAGMA journal_mode = WAL`); err != nil {
		return err
	}
	return transact(c, schema)
}

// transact executes statements, all or none.
func transact(c *conn, statements []string) error {
	if err := c.exec(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	if err := c.exec(statements...); err != nil {
		_ = c.exec(`ROLLBACK`)
		return err
	}
	return c.exec(`COMMIT`)
}

// setAside moves the files of an older version into a directory of their own, and says so:
// what they have cannot be told from what this version keeps. The caller holds the write lock, and
// no connection is open here.
func setAside(dir, database string, version int64) error {
	if users := inUse(dir); users != "" {
		return fmt.Errorf("it is of the older version %d, and %s has it open: end that program first", version, users)
	}
	base := filepath.Join(dir, "version"+strconv.FormatInt(version, 10))
	old := base
	for n := 2; ; n++ {
		err := os.Mkdir(old, 0o700)
		if err == nil {
			break
		}
		if !os.IsExist(err) {
			return err
		}
		old = base + "-" + strconv.Itoa(n)
	}
	for _, name := range []string{database + "-wal", database + "-shm", resultsDir, "write.lock", database} {
		err := os.Rename(filepath.Join(dir, name), filepath.Join(old, name))
		if err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	if err := os.Mkdir(filepath.Join(dir, resultsDir), 0o700); err != nil {
		return err
	}
	slog.Warn("a store of an older version is set aside, and a new one begins: remove what is of no use any more",
		slog.String("store", dir), slog.Int64("version", version), slog.String("old", old))
	return nil
}
