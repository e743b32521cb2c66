package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/workgen/workgen/runtime/store"
)

// SetNow has a Store believe in another time.
func (s *Store) SetNow(now func() time.Time) error {
	s.now = now
	return s.setClock(context.Background())
}

// Connections returns the pool of a Store.
func (s *Store) Connections() *pgxpool.Pool { return s.pool }

// Heard tells whether notifications come.
func (s *Store) Heard() bool { return s.live.heard.Load() }

// SetChannel has all Stores listen somewhere where nobody speaks, as those behind a pooler do.
func SetChannel(name string) (reset func()) {
	before := listenTo
	listenTo = func(*Store) string { return name }
	return func() { listenTo = before }
}

// SetMaxProof sets how long a notification to oneself may take.
func SetMaxProof(d time.Duration) (reset func()) {
	before := maxProof
	maxProof = d
	return func() { maxProof = before }
}

// AddMigrations has the package know so many more versions, which change nothing.
func AddMigrations(n, oldest int) (reset func()) {
	before := migrations
	for range n {
		migrations = append(migrations[:len(migrations):len(migrations)], migration{"", oldest})
	}
	return func() { migrations = before }
}

// Versions is the version of the tables that this package knows.
func Versions() int { return len(migrations) }

// SetClosing sets how long Close waits for the server.
func SetClosing(d time.Duration) (reset func()) {
	before := closing
	closing = d
	return func() { closing = before }
}

// Fill makes executions as Begin and End would have, of records that say what they are of and when
// they began.
func (s *Store) Fill(records []store.Record) error {
	rows := make([][]any, len(records))
	for i := range records {
		r := &records[i]
		text, record := s.pack(r)
		_, scope, _ := s.scopes.id(r, time.Now())
		rows[i] = []any{
			r.Started.UnixMicro(), r.Key[:], workID(r.Work), scope, int16(r.Status), int64(0), int64(0),
			r.Started, r.Finished, []byte(r.Error), text, record,
		}
	}
	columns := []string{"seq", "key", "work", "scope", "status", "holder", "nonce", "started", "finished", "error", "text", "record"}
	_, err := s.pool.CopyFrom(context.Background(), pgx.Identifier{s.o.Namespace, "execution"}, columns, pgx.CopyFromRows(rows))
	return err
}
