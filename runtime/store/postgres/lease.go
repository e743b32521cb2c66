package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// The newest execution of a call is its lease while it runs. It is had until another one has
// begun, which may be when it has expired. All that happens to it is one statement, and one
// round trip: see the functions in migrations.

// What begin_execution says.
const (
	begun = iota
	finished
	held
)

// beginning is an execution that is to begin, with what came of it afterwards.
type beginning struct {
	key                key.Key
	lock, work, scope  int64
	nonce              int64
	started, until, at pgtype.Timestamptz
	text, record       []byte
	again              bool
	arguments          []byte // nil: there are none

	outcome int
	token   int64
	origin  []byte
}

// Begin implements store.Store. Executions that begin at the same time do so together.
func (s *Store) Begin(ctx context.Context, x store.Record) (store.Lease, error) {
	if err := s.checkWrite(ctx); err != nil {
		return store.Lease{}, err
	}
	x.Kind, x.Stack, x.Log, x.Progress = 0, "", "", store.Progress{}
	b := beginning{key: x.Key, lock: s.keyLock(x.Key), nonce: int64(x.Nonce), started: s.toServer(x.Started), again: x.Again, arguments: x.Arguments}
	b.text, b.record = s.pack(&x)
	var err error
	if b.work, b.scope, err = s.scopes.keep(ctx, s, &x); err != nil {
		return store.Lease{}, err
	}
	sent := s.now()
	if err := s.begins.ask(ctx, &b); err != nil {
		return store.Lease{}, err
	}
	s.tell(sent, b.at.Time)
	switch b.outcome {
	case finished:
		return store.Lease{}, store.ErrFinished
	case held:
		s.watches.held(x.Key, b.token, b.until.Time.Sub(b.at.Time))
		return store.Lease{}, &store.HeldError{Ref: x.Ref, Expires: s.fromServer(b.until), Origin: originOf(b.origin)}
	}
	s.gc.began()
	return store.Lease{Ref: x.Ref, Token: uint64(b.token), Expires: s.fromServer(b.until)}, nil
}

// beginAll begins executions at once. Their keys are in order: see start_executions.
func (s *Store) beginAll(ctx context.Context, all []*beginning) error {
	slices.SortFunc(all, func(a, b *beginning) int { return bytes.Compare(a.key[:], b.key[:]) })
	n := len(all)
	locks, keys, works, scopes, nonces := make([]int64, n), make([][]byte, n), make([]int64, n), make([]int64, n), make([]int64, n)
	started, texts, records := make([]pgtype.Timestamptz, n), make([][]byte, n), make([][]byte, n)
	agains, arguments := make([]bool, n), make([][]byte, n)
	for i, b := range all {
		agains[i], arguments[i] = b.again, b.arguments
		locks[i], keys[i], works[i], scopes[i], nonces[i] = b.lock, keyOf(b.key), b.work, b.scope, b.nonce
		started[i], texts[i], records[i] = b.started, b.text, b.record
	}
	rows, err := s.pool.Query(ctx, s.sql.begin, s.id, s.o.Lease, s.o.Trust, locks, keys, works, scopes, nonces, started, texts, records, agains, arguments)
	if err != nil {
		return s.failed(ctx, err)
	}
	defer rows.Close()
	i := 0
	for ; rows.Next() && i < n; i++ {
		b := all[i]
		var token pgtype.Int8
		if err := rows.Scan(&b.outcome, &token, &b.until, &b.at, &b.origin); err != nil {
			return s.failed(ctx, err)
		}
		b.token = token.Int64
	}
	if err := rows.Err(); err != nil {
		return s.failed(ctx, err)
	}
	if i != n {
		return fmt.Errorf("postgres: %d answers to %d questions", i, n)
	}
	return nil
}

// keyLock is the advisory lock of a key.
func (s *Store) keyLock(k key.Key) int64 { return int64(binary.BigEndian.Uint64(k[:]) ^ s.seed) }

// pack returns the columns of a record, with the server's times.
func (s *Store) pack(x *store.Record) (text, record []byte) {
	requested := int64(0)
	if t := s.toServer(x.Requested); t.Valid {
		requested = t.Time.UnixMicro()
	}
	return pack(x, requested)
}

// originOf returns who began an execution, by the column record alone.
func originOf(record []byte) store.Origin {
	var r store.Record
	(&unpacker{}).read(&r, "", record)
	return r.Origin
}

// Renew implements store.Store.
func (s *Store) Renew(ctx context.Context, l store.Lease, x store.Record) (store.Lease, error) {
	if err := s.checkWrite(ctx); err != nil {
		return store.Lease{}, err
	}
	x.Ref, x.Kind, x.Stack = l.Ref, 0, ""
	text, record := s.pack(&x)
	sent := s.now()
	var until, at pgtype.Timestamptz
	err := s.row(ctx, s.sql.renew, []any{keyOf(l.Key), int64(l.Token), s.o.Lease, text, record}, &until, &at)
	if err != nil {
		return store.Lease{}, err
	}
	s.tell(sent, at.Time)
	if !until.Valid {
		return store.Lease{}, store.ErrLost
	}
	l.Expires = s.fromServer(until)
	return l, nil
}

// End implements store.Store.
func (s *Store) End(ctx context.Context, l store.Lease, x store.Record, result io.WriterTo) error {
	if err := s.checkWrite(ctx); err != nil {
		return err
	}
	if len(x.Inputs) > 0 {
		return errors.New("postgres: a result with inputs that were found on the way cannot be kept")
	}
	x.Ref = l.Ref
	var err error
	switch x.Status {
	case store.Succeeded:
		err = s.endWith(ctx, l, &x, result)
	case store.Failed, store.GivenUp, store.Stopped:
		if x.Status != store.Failed {
			x.Expires = time.Time{}
		}
		err = s.end(ctx, l, &x, nil)
	default:
		return fmt.Errorf("postgres: %v is no end of an execution", x.Status)
	}
	if err == nil {
		s.changed(l.Key)
	}
	if err == nil && x.Again && x.Status == store.Succeeded { // it may have replaced another
		s.notices.sendDeleted()
		s.deleted.look()
	}
	return err
}

// ending is an execution that is to end, with what came of it afterwards.
type ending struct {
	key                      key.Key
	seq                      int64
	status                   store.Status
	finished, expires, retry pgtype.Timestamptz
	error, text, record      []byte
	again                    bool
	result                   *result // nil: it has none

	ended pgtype.Int4 // see end_execution
}

func (s *Store) ending(l store.Lease, x *store.Record, r *result) *ending {
	e := &ending{
		key: l.Key, seq: int64(l.Token), status: x.Status, finished: s.toServer(x.Finished), expires: s.toServer(x.Expires),
		retry: s.toServer(x.Retry), error: []byte(x.Error), again: x.Again, result: r,
	}
	e.text, e.record = s.pack(x)
	if r != nil {
		e.finished, e.expires = r.finished, r.expires // what is under the checksum
	}
	return e
}

// bytes is how many a result has, about.
func (e *ending) bytes() int {
	if e.result == nil {
		return 0
	}
	return len(e.result.data)
}

// end has the end of an execution kept, with its result if it has one, together with others. One that
// has ended in that way already, under the same lease, stays as it is.
func (s *Store) end(ctx context.Context, l store.Lease, x *store.Record, r *result) error {
	e := s.ending(l, x, r)
	if err := s.ends.ask(ctx, e); err != nil {
		return err
	}
	return e.answer()
}

// answer is what End returns.
func (e *ending) answer() error {
	now := e.ended.Valid && e.ended.Int32 == 0
	if now || e.status == store.Stopped || e.ended.Valid && store.Status(e.ended.Int32) == e.status {
		return nil
	}
	return store.ErrLost
}

// endTogether is endAll in a transaction of its own.
func (s *Store) endTogether(ctx context.Context, all []*ending) error {
	return s.endAll(ctx, s.pool, all)
}

// endAll ends executions at once, by some connection. Their keys are in order, which is the same for
// all who lock several rows.
func (s *Store) endAll(ctx context.Context, c connection, all []*ending) error {
	slices.SortFunc(all, func(a, b *ending) int { return bytes.Compare(a.key[:], b.key[:]) })
	n := len(all)
	keys, seqs, statuses := make([][]byte, n), make([]int64, n), make([]int16, n)
	finished, expires, retries := make([]pgtype.Timestamptz, n), make([]pgtype.Timestamptz, n), make([]pgtype.Timestamptz, n)
	errors, texts, records := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	agains, lock := make([]bool, n), pgtype.Int8{}
	sizes, stored, forms, sums, data := make([]int64, n), make([]int64, n), make([]int16, n), make([][]byte, n), make([][]byte, n)
	for i, e := range all {
		keys[i], seqs[i], statuses[i] = keyOf(e.key), e.seq, int16(e.status)
		finished[i], expires[i], retries[i] = e.finished, e.expires, e.retry
		errors[i], texts[i], records[i] = e.error, e.text, e.record
		if agains[i] = e.again; e.again && e.status == store.Succeeded {
			lock = pgtype.Int8{Int64: s.lock(lockDelete), Valid: true}
		}
		if r := e.result; r != nil {
			sizes[i], stored[i], forms[i], sums[i], data[i] = r.size, r.stored, r.form, r.sum, r.data
		}
	}
	rows, err := c.Query(ctx, s.sql.end, lock, agains, keys, seqs, statuses, finished, expires, retries, errors, texts, records, sizes, stored, forms, sums, data)
	if err != nil {
		return s.failed(ctx, err)
	}
	defer rows.Close()
	i := 0
	for ; rows.Next() && i < n; i++ {
		if err := rows.Scan(&all[i].ended); err != nil {
			return s.failed(ctx, err)
		}
	}
	if err := rows.Err(); err != nil {
		return s.failed(ctx, err)
	}
	if i != n {
		return fmt.Errorf("postgres: %d answers to %d questions", i, n)
	}
	return nil
}

// connection is one, or several.
type connection interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// changed wakes those who wait for a call.
func (s *Store) changed(k key.Key) {
	s.watches.ring(k)
	s.notices.send(k)
}

// release gives up the leases of this Store.
func (s *Store) release() {
	ctx, cancel := context.WithTimeout(s.running, closing)
	defer cancel()
	rows, err := s.pool.Query(ctx, s.sql.release, s.id)
	if err != nil {
		return
	}
	defer rows.Close()
	for rows.Next() {
		var k []byte
		if rows.Scan(&k) == nil && len(k) == len(key.Key{}) {
			s.changed(key.Key(k))
		}
	}
}
