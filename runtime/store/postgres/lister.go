package postgres

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// recordColumns are the columns of an execution e that a lister reads.
const recordColumns = `e.seq, e.key, e.scope, e.status, e.nonce, e.hits, e.size,
	e.started, e.finished, e.expires, e.retry, e.gone, e.used, e.error, e.text, e.record`

// writerColumn is who has written a row of execution e.
const writerColumn = `, coalesce(e.ender, e.writer)`

// lister reads records.
type lister struct {
	s   *Store
	now time.Time // of the server
	u   unpacker

	// The row that was read last. Bytes are valid until the next one.
	seq, scope, nonce, hits, size                 int64
	status                                        int16
	started, finished, expires, retry, gone, used pgtype.Timestamptz
	key, error, text, packed                      pgtype.DriverBytes
	writer                                        pgtype.Text
}

// columns returns where recordColumns and the writer go.
func (l *lister) columns() []any {
	return []any{
		&l.seq, &l.key, &l.scope, &l.status, &l.nonce, &l.hits, &l.size,
		&l.started, &l.finished, &l.expires, &l.retry, &l.gone, &l.used, &l.error, &l.text, &l.packed, &l.writer,
	}
}

// record returns the record of a row, as it is now, and the id of its scope. One that is damaged
// is unreadable.
func (l *lister) record() (r store.Record, scope int64) {
	t := l.s.fromServer
	r = store.Record{
		Seq: uint64(l.seq), Nonce: uint64(l.nonce), Status: store.Status(l.status),
		Started: t(l.started), Finished: t(l.finished), Retry: t(l.retry), Gone: t(l.gone),
		Size: l.size, Hits: l.hits, Error: string(l.error), Writer: l.writer.String,
	}
	copy(r.Key[:], l.key)
	if r.Hits > 0 {
		r.Used = t(l.used)
	}
	requested, err := l.u.unpack(&r, l.text, l.packed)
	if err != nil {
		r.Status, r.Error = store.Unreadable, err.Error()
	}
	if requested != 0 {
		r.Requested = t(pgtype.Timestamptz{Time: time.UnixMicro(requested), Valid: true})
	}
	switch expires := t(l.expires); r.Status {
	case store.Running: // until when it has the lease is no part of the record
		if !l.expires.Time.After(l.now) {
			r.Status, r.Error, r.Finished = store.Lost, leaseExpired, expires
		}
	case store.Succeeded:
		if r.Expires = expires; store.HasExpired(l.finished.Time, l.expiry(), l.now) {
			r.Status, r.Gone = store.Expired, expires
		}
	default:
		r.Expires = expires
	}
	return r, l.scope
}

// expiry returns when the result of a row ceases to be one, the zero time if never.
func (l *lister) expiry() time.Time {
	if !l.expires.Valid {
		return time.Time{}
	}
	return l.expires.Time
}

// leaseExpired is why an execution was lost whose lease has expired.
const leaseExpired = "its lease has expired"

// keyOf returns a key as the tables have it.
func keyOf(k key.Key) []byte { return k[:] }
