package disk

import (
	"encoding/binary"
	"errors"

	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/internal/blob"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// The arguments of a call that are short are packed into each of its records. Longer ones are kept
// once for the call, compressed, in a table that is made for the first of them: programs that do
// not know it can use the same store. They go with the last record of the call, and when its result
// is evicted.

const inlineArguments = 1 << 10

// inlined returns arguments that are packed into the record.
func inlined(arguments []byte) []byte {
	if len(arguments) > inlineArguments {
		return nil
	}
	return arguments
}

// data is a checksum of 8 bytes, and what is compressed.
const argumentsTable = `CREATE TABLE IF NOT EXISTS arguments(key BLOB PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID`

// hasArguments reports whether there is the table.
func (c *conn) hasArguments() (bool, error) {
	if c.arguments {
		return true, nil
	}
	_, found, err := c.q(`SELECT 1 FROM sqlite_master WHERE name = 'arguments'`).number()
	c.arguments = found
	return found, err
}

// keepArguments keeps the arguments of a call that are not packed into its record.
func (tx *tx) keepArguments(k key.Key, arguments []byte) error {
	if len(arguments) <= inlineArguments {
		return nil
	}
	if found, err := tx.hasArguments(); err != nil {
		return err
	} else if !found {
		if err := tx.exec(argumentsTable); err != nil {
			return err
		}
	}
	_, found, err := tx.q(`SELECT 1 FROM arguments WHERE key = ?`).bytes(k[:]).number()
	if found || err != nil {
		return err
	}
	data := blob.Compress(make([]byte, 8, 8+len(arguments)/2), arguments)
	binary.LittleEndian.PutUint64(data, argumentsSum(k, data[8:]))
	return tx.q(`INSERT INTO arguments(key, data) VALUES(?, ?)`).bytes(k[:]).bytes(data).run()
}

func argumentsSum(k key.Key, data []byte) uint64 {
	return xxh3.HashSeed(data, keySeed(&store.Record{Ref: store.Ref{Key: k}}))
}

// readArguments sets the arguments of a record that are not packed into it, if there are any that
// can be read.
func (c *conn) readArguments(r *store.Record) error {
	found, err := c.hasArguments()
	if !found || err != nil {
		return err
	}
	q := c.q(`SELECT data FROM arguments WHERE key = ?`).bytes(r.Key[:])
	if found, err = q.step(); !found || err != nil {
		return err
	}
	defer q.done()
	if data := q.colView(0); len(data) > 8 && binary.LittleEndian.Uint64(data) == argumentsSum(r.Key, data[8:]) {
		r.Arguments, _ = blob.Decompress(data[8:], store.MaxArguments)
	}
	return nil
}

// dropArguments drops those of some calls.
func (tx *tx) dropArguments(keys string, args ...any) error {
	found, err := tx.hasArguments()
	if !found || err != nil {
		return err
	}
	return tx.q(`DELETE FROM arguments WHERE key IN (` + keys + `)`).bind(args).run()
}

// forgetArguments drops some arguments that no record is left of.
func (tx *tx) forgetArguments(_, n int) (int, error) {
	err := tx.dropArguments(`SELECT key FROM arguments WHERE NOT EXISTS (SELECT 1 FROM execution WHERE execution.key = arguments.key) LIMIT ?`, int64(n))
	return tx.dropped(err)
}

// shedArguments drops some arguments, to make room.
func (tx *tx) shedArguments(n int) (int, error) {
	return tx.dropped(tx.dropArguments(`SELECT key FROM arguments LIMIT ?`, int64(n)))
}

// dropped returns how many dropArguments has dropped.
func (tx *tx) dropped(err error) (int, error) {
	if err != nil || !tx.arguments {
		return 0, err
	}
	return int(tx.changes()), nil
}

// copyArguments copies what can be read of them into a database that is made anew.
func copyArguments(old, c *conn) error {
	if found, err := old.hasArguments(); !found || err != nil {
		return nil // it has none, or they cannot be read
	}
	return errors.Join(c.exec(argumentsTable), copyTable(old, c, "arguments", "key data", func([]any) bool { return true }))
}
