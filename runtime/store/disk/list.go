package disk

import (
	"context"
	"encoding/hex"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// pageSize is how many records are read at once. Nothing is held between two pages,
// so a list that is read slowly is in nobody's way.
var pageSize = 4000

// History implements store.Store. It has the record of the last execution of each call that
// has ended.
func (s *Store) History(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		l := lister{s: s, f: f}
		for more := true; more; {
			err := s.check(ctx)
			if err == nil {
				more, err = l.page(ctx)
			}
			if err != nil {
				yield(store.Record{}, err)
				return
			}
			for i := range l.records {
				if err := ctx.Err(); err != nil {
					yield(store.Record{}, err)
					return
				}
				if !yield(l.records[i], nil) {
					return
				}
			}
		}
	}
}

// lister reads records, such as the pages of one list.
type lister struct {
	s       *Store
	f       store.Filter
	now     int64 // microseconds since 1970
	scopes  map[int64]*scope
	u       unpacker
	records []store.Record // of the page
	listed  int
	dense   bool // most records are of the work: it is faster to read all of them
}

type scope struct{ work, schema, code, symbols, build string }

// page reads the next page and tells whether there may be another one.
func (l *lister) page(ctx context.Context) (more bool, err error) {
	c, err := l.s.readers.take(ctx)
	if err != nil {
		return false, err
	}
	defer l.s.readers.give(c)
	l.records = l.records[:0]
	limit := pageSize
	if l.f.Limit > 0 {
		limit = min(limit, l.f.Limit-l.listed)
	}
	l.now = time.Now().UnixMicro()
	q := l.query(c, int64(limit))
	if q == nil {
		return false, nil
	}
	if err := c.q(`BEGIN`).run(); err != nil {
		return false, err
	}
	defer func() { _ = c.q(`COMMIT`).run() }()
	for {
		found, err := q.step()
		if err != nil {
			return false, err
		}
		if !found {
			break
		}
		r, err := l.record(c, q)
		if err != nil {
			q.done()
			return false, err
		}
		l.records = append(l.records, r)
	}
	l.listed += len(l.records)
	if len(l.records) < limit || l.listed == l.f.Limit {
		return false, nil
	}
	first, last := l.records[0].Seq, l.records[len(l.records)-1].Seq
	l.f.Before = last
	l.dense = first-last < 3*uint64(len(l.records))
	return true, nil
}

// query returns the statement for the next page, or nil if nothing can match.
func (l *lister) query(c *conn, limit int64) *stmt {
	f := &l.f
	var first, last key.Key
	if f.Prefix != "" {
		var ok bool
		if first, last, ok = f.Keys(); !ok {
			return nil
		}
	}
	status, any := l.statuses()
	if !any {
		return nil
	}
	var sql strings.Builder
	sql.WriteString(`SELECT ` + recordColumns + ` FROM call WHERE seq < ?`)
	if f.Work != "" {
		if l.dense {
			sql.WriteString(` AND +work = (SELECT id FROM work WHERE name = ?)`) // by no index
		} else {
			sql.WriteString(` AND work = (SELECT id FROM work WHERE name = ?)`)
		}
	}
	if f.Prefix != "" {
		sql.WriteString(` AND key BETWEEN ? AND ?`)
	}
	if !f.Since.IsZero() {
		sql.WriteString(` AND finished >= ?`)
	}
	if !f.Until.IsZero() {
		sql.WriteString(` AND finished < ?`)
	}
	sql.WriteString(status)
	sql.WriteString(` ORDER BY seq DESC LIMIT ?`)
	q := c.q(sql.String())
	before := int64(math.MaxInt64)
	if f.Before > 0 && f.Before < math.MaxInt64 {
		before = int64(f.Before)
	}
	q.int(before)
	if f.Work != "" {
		q.text(f.Work)
	}
	if f.Prefix != "" {
		q.bytes(first[:]).bytes(last[:])
	}
	if !f.Since.IsZero() {
		q.int(micros(f.Since))
	}
	if !f.Until.IsZero() {
		q.int(micros(f.Until))
	}
	for range strings.Count(status, "?") {
		q.int(l.now)
	}
	return q.int(limit)
}

// statuses returns the condition on the status. A result that has expired counts as
// such, whether it was collected yet or not.
func (l *lister) statuses() (sql string, any bool) {
	var or []string
	ahead := strconv.FormatInt(tolerance, 10)
	for st := store.Succeeded; st <= store.Lost; st++ {
		if !l.f.Wants(st) {
			continue
		}
		switch st {
		case store.Succeeded:
			or = append(or, `(status = 1 AND (expires = 0 OR expires > ? AND finished <= ? + `+ahead+`))`)
		case store.Expired:
			or = append(or, `(status = 4 OR status = 1 AND expires > 0 AND (expires <= ? OR finished > ? + `+ahead+`))`)
		default:
			or = append(or, `status = `+strconv.Itoa(int(st)))
		}
	}
	return ` AND (` + strings.Join(or, ` OR `) + `)`, len(or) > 0
}

// recordColumns are the columns that record reads.
const (
	recordColumns = `call.seq, call.key, call.scope, call.status, call.finished, call.expires, call.kept, call.used, call.hits, call.record`
	recordCount   = 10
)

// record returns the record of a row. One that is damaged is unreadable.
func (l *lister) record(c *conn, q *stmt) (r store.Record, err error) {
	sc, err := l.scope(c, q.colInt(2))
	if err != nil {
		return r, err
	}
	r = store.Record{
		Ref: store.Ref{Work: sc.work}, Seq: uint64(q.colInt(0)), Status: store.Status(q.colInt(3)),
		Schema: sc.schema, Code: sc.code, Symbols: sc.symbols, Build: sc.build,
		Finished: timeOf(q.colInt(4)), Expires: timeOf(q.colInt(5)), Hits: q.colInt(8),
	}
	copy(r.Key[:], q.colView(1))
	if r.Hits > 0 {
		r.Used = timeOf(q.colInt(7))
	}
	if err := l.u.unpack(&r, q.colView(9)); err != nil {
		r.Status, r.Error = store.Unreadable, err.Error()
	}
	if r.Status == store.Succeeded && hasExpired(q.colInt(4), q.colInt(5), l.now) {
		r.Status, r.Gone = store.Expired, r.Expires
	} else if r.Status.Gone() {
		r.Gone = timeOf(q.colInt(6))
	}
	return r, nil
}

// scope returns a row of scope, which many records have in common.
func (l *lister) scope(c *conn, id int64) (*scope, error) {
	if sc := l.scopes[id]; sc != nil {
		return sc, nil
	}
	sc := &scope{}
	q := c.q(`SELECT name, schema, code, symbols, build FROM scope JOIN work ON work.id = scope.work WHERE scope.id = ?`).int(id)
	found, err := q.step()
	if err != nil {
		return nil, err
	}
	if found {
		*sc = scope{q.colString(0), q.colString(1), q.colString(2), q.colString(3), q.colString(4)}
		q.done()
	}
	if l.scopes == nil {
		l.scopes = map[int64]*scope{}
	}
	l.scopes[id] = sc
	return sc, nil
}

// parseName reads the name of a file, as fileOf writes it.
func parseName(text string) ([]byte, bool) {
	name, err := hex.DecodeString(text)
	return name, err == nil && len(name) == nameSize
}
