package disk

import (
	"fmt"
)

// schemaVersion is the version of the tables and files. A store of a newer one is
// not opened.
const schemaVersion = 2

// applicationID is in the header of the database, for file(1) and for us.
const applicationID = 0x776f726b // "work"

// VersionError says that a store was written by a newer version of this package.
type VersionError struct {
	Dir         string
	Have, Knows int64
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("store %s has version %d, this program knows versions up to %d: update the program, or give it another directory", e.Dir, e.Have, e.Knows)
}

// The tables. Times are microseconds since 1970, 0 is none.
var schema = []string{
	`CREATE TABLE work(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)`,
	scopeTable,

	// What is kept of each call, whatever its status. Only those with status 1
	// have a result.
	`CREATE TABLE call(
		seq INTEGER PRIMARY KEY,
		key BLOB NOT NULL UNIQUE,
		work INTEGER NOT NULL,
		scope INTEGER NOT NULL,
		status INTEGER NOT NULL,
		finished INTEGER NOT NULL,
		expires INTEGER NOT NULL,
		kept INTEGER NOT NULL, -- when it was put, or went
		used INTEGER NOT NULL,
		hits INTEGER NOT NULL,
		record BLOB NOT NULL) -- see pack.go`,
	`CREATE INDEX call_work ON call(work, seq)`,
	`CREATE INDEX call_used ON call(used) WHERE status = 1`,
	`CREATE INDEX call_expires ON call(expires) WHERE status = 1 AND expires > 0`,
	`CREATE INDEX call_gone ON call(seq) WHERE status > 1`,

	// data is the result, or the name of a file with it; see entry.go. Two columns
	// are those of call: who gets a result looks only here.
	`CREATE TABLE result(
		seq INTEGER PRIMARY KEY,
		token INTEGER NOT NULL,
		finished INTEGER NOT NULL,
		expires INTEGER NOT NULL,
		size INTEGER NOT NULL,
		form INTEGER NOT NULL,
		sum BLOB NOT NULL,
		data BLOB NOT NULL)`,

	// The files beside the database, and how many results are in each.
	`CREATE TABLE file(name BLOB PRIMARY KEY, size INTEGER NOT NULL, refs INTEGER NOT NULL) WITHOUT ROWID`,
	`CREATE TABLE total(id INTEGER PRIMARY KEY, files INTEGER NOT NULL)`, // bytes in files
	`INSERT INTO total VALUES(1, 0)`,

	`CREATE TABLE lease(
		token INTEGER PRIMARY KEY AUTOINCREMENT,
		key BLOB NOT NULL UNIQUE,
		holder INTEGER NOT NULL, -- names a file in live
		expires INTEGER NOT NULL)`,

	deletedTable,

	fmt.Sprintf(`PRAGMA application_id = %d`, applicationID),
	fmt.Sprintf(`PRAGMA user_version = %d`, schemaVersion),
}

// deletedTable is that of the keys that were deleted lately, see deleted.go. Stores
// of version 1 may lack it.
const deletedTable = `CREATE TABLE IF NOT EXISTS deleted(seq INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL)`

// scopeTable is that of the scopes of keys. symbols and build are for people.
const scopeTable = `CREATE TABLE scope(
		id INTEGER PRIMARY KEY,
		work INTEGER NOT NULL, schema TEXT NOT NULL, code TEXT NOT NULL, symbols TEXT NOT NULL, build TEXT NOT NULL DEFAULT '',
		UNIQUE(work, schema, code, build))`

// fromVersion1 changes the tables of version 1, which knew nothing of builds.
var fromVersion1 = []string{
	`ALTER TABLE scope RENAME TO scope1`,
	scopeTable,
	`INSERT INTO scope SELECT id, work, schema, code, symbols, '' FROM scope1`,
	`DROP TABLE scope1`,
	deletedTable,
	fmt.Sprintf(`PRAGMA user_version = %d`, schemaVersion),
}

// migrate makes the tables of an empty database, and brings those of an older version
// up to date. The caller has the turn.
func migrate(c *conn, dir string) error {
	version, err := c.value(`PRAGMA user_version`)
	if err != nil {
		return err
	}
	if version > schemaVersion {
		return &VersionError{Dir: dir, Have: version, Knows: schemaVersion}
	}
	if version == schemaVersion {
		return nil
	}
	if version == 1 {
		return transact(c, fromVersion1)
	}
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
