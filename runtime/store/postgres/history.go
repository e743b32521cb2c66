package postgres

import (
	"bytes"
	"context"
	"iter"
	"math"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// pageSize is how many records are read at once. Nothing is held between two pages,
// so a list that is read slowly is in nobody's way.
var pageSize = 4000

// History implements store.Store.
func (s *Store) History(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		p := pager{s: s, f: f, text: strings.ToLower(f.Text)}
		for more := true; more; {
			err := s.check(ctx)
			if err == nil {
				more, err = p.page(ctx)
			}
			if err != nil {
				yield(store.Record{}, err)
				return
			}
			for i := range p.records {
				if err := ctx.Err(); err != nil {
					yield(store.Record{}, err)
					return
				}
				if !yield(p.records[i], nil) {
					return
				}
			}
		}
		if p.partial {
			yield(store.Record{}, &store.PartialError{Before: p.f.Before})
		}
	}
}

// pager reads the pages of one list.
type pager struct {
	s        *Store
	f        store.Filter
	text     string         // that is searched for, in lower case
	records  []store.Record // of the page
	listed   int
	searched int  // records, if the filter searches
	partial  bool // they are not all

	rows   []store.Record // that were read last, and their scopes; kept for the room they take
	scopes []int64
}

// page reads the next page and tells whether there may be another one.
func (p *pager) page(ctx context.Context) (more bool, err error) {
	p.records = p.records[:0]
	limit := pageSize
	if p.f.Searches() {
		limit = min(limit, store.MaxSearched-p.searched)
	} else if p.f.Limit > 0 {
		limit = min(limit, p.f.Limit-p.listed)
	}
	q, err := p.selection(ctx, limit)
	if q == nil || err != nil {
		return false, err
	}
	if p.f.Searches() {
		return p.search(ctx, q, limit)
	}
	rows, n, err := p.read(ctx, q)
	if err != nil {
		return false, err
	}
	p.keep(rows)
	return n == limit && (p.f.Limit == 0 || p.listed < p.f.Limit), nil
}

// keep adds records to the page, those that are wanted, now that it is known what became of them.
func (p *pager) keep(records []store.Record) {
	for i := range records {
		r := &records[i]
		if p.f.Limit > 0 && p.listed == p.f.Limit {
			return
		}
		if p.f.Wants(r.Status) && p.f.MatchSearch(r) {
			p.records = append(p.records, *r)
			p.listed++
		}
	}
}

// read reads the executions that a selection selects, and returns their number, and goes on after
// them.
func (p *pager) read(ctx context.Context, q *selection) ([]store.Record, int, error) {
	s := p.s
	sql := `SELECT statement_timestamp(), ` + recordColumns + writerColumn + ` FROM ` + s.ns + `.execution e WHERE e.seq = ANY(ARRAY(` + q.sql + `)) ORDER BY e.seq DESC`
	rows, err := s.pool.Query(ctx, sql, q.args...)
	if err != nil {
		return nil, 0, s.failed(ctx, err)
	}
	defer rows.Close()
	l := lister{s: s}
	var now pgtype.Timestamptz
	columns := append([]any{&now}, l.columns()...)
	records, scopes := p.rows[:0], p.scopes[:0]
	for rows.Next() {
		if err := rows.Scan(columns...); err != nil {
			return nil, 0, s.failed(ctx, err)
		}
		l.now = now.Time
		r, scope := l.record()
		records, scopes = append(records, r), append(scopes, scope)
		p.f.Before = r.Seq
	}
	if err := rows.Err(); err != nil {
		return nil, 0, s.failed(ctx, err)
	}
	rows.Close()
	p.rows, p.scopes = records, scopes
	of, err := s.scopes.load(ctx, s, distinct(scopes))
	if err != nil {
		return nil, 0, err
	}
	for i := range records {
		of[scopes[i]].set(&records[i])
	}
	if p.f.Arguments {
		err = p.arguments(ctx, records)
	}
	return records, len(records), err
}

// arguments sets those of records.
func (p *pager) arguments(ctx context.Context, records []store.Record) error {
	s := p.s
	keys := make([][]byte, len(records))
	for i := range records {
		keys[i] = keyOf(records[i].Key)
	}
	rows, err := s.pool.Query(ctx, s.sql.arguments, keys)
	if err != nil {
		return s.failed(ctx, err)
	}
	defer rows.Close()
	found := map[key.Key][]byte{}
	for rows.Next() {
		var k, data []byte
		if err := rows.Scan(&k, &data); err != nil || len(k) != len(key.Key{}) {
			return s.failed(ctx, err)
		}
		found[key.Key(k)] = data
	}
	for i := range records {
		records[i].Arguments = found[records[i].Key]
	}
	return s.failed(ctx, rows.Err())
}

// distinct returns numbers once each.
func distinct(ns []int64) (some []int64) {
	seen := map[int64]bool{}
	for _, n := range ns {
		if !seen[n] {
			seen[n] = true
			some = append(some, n)
		}
	}
	return some
}

// search reads a page of what texts and machines are searched in, and then the records that may have
// them.
func (p *pager) search(ctx context.Context, q *selection, limit int) (more bool, err error) {
	s := p.s
	packed := `''::bytea`
	if p.f.Host != "" {
		packed = `e.record`
	}
	sql := `SELECT e.seq, e.status, e.error, e.text, ` + packed + ` FROM ` + s.ns + `.execution e WHERE e.seq = ANY(ARRAY(` + q.sql + `)) ORDER BY e.seq DESC`
	rows, err := s.pool.Query(ctx, sql, q.args...)
	if err != nil {
		return false, s.failed(ctx, err)
	}
	defer rows.Close()
	var seqs []int64
	n := 0
	for ; rows.Next(); n++ {
		var seq int64
		var status int16
		var message, text, packed pgtype.DriverBytes
		if err := rows.Scan(&seq, &status, &message, &text, &packed); err != nil {
			return false, s.failed(ctx, err)
		}
		p.f.Before = uint64(seq)
		running := store.Status(status) == store.Running // if it is lost, its error comes with the record
		has := running || strings.Contains(strings.ToLower(string(message)), p.text) || strings.Contains(strings.ToLower(string(text)), p.text)
		if has && bytes.Contains(packed, []byte(p.f.Host)) {
			seqs = append(seqs, seq)
		}
	}
	if err := rows.Err(); err != nil {
		return false, s.failed(ctx, err)
	}
	rows.Close()
	if len(seqs) > 0 {
		before := p.f.Before
		records, _, err := p.read(ctx, &selection{sql: `SELECT unnest($1::bigint[])`, args: []any{seqs}})
		if err != nil {
			return false, err
		}
		p.f.Before = before
		p.keep(records)
	}
	p.searched += n
	if n < limit || p.f.Limit > 0 && p.listed == p.f.Limit {
		return false, nil
	}
	p.partial = p.searched == store.MaxSearched
	return !p.partial, nil
}

// selection is a statement that selects the tokens of a page.
type selection struct {
	sql  string
	args []any
}

// arg adds an argument, and returns its place.
func (q *selection) arg(a any) string {
	q.args = append(q.args, a)
	return `$` + strconv.Itoa(len(q.args))
}

// selection returns the statement for the next page, or nil if nothing can match. It reads one
// index, which is in the right order, or one part of it for each status.
func (p *pager) selection(ctx context.Context, limit int) (*selection, error) {
	f, q := &p.f, &selection{}
	where := ``
	and := func(condition string, a any) { where += ` AND ` + condition + q.arg(a) }
	if f.Work != "" {
		and(`e.work = `, workID(f.Work))
	}
	if f.Prefix != "" {
		first, last, ok := f.Keys()
		if !ok {
			return nil, nil
		}
		and(`e.key >= `, keyOf(first))
		and(`e.key <= `, keyOf(last))
	}
	if f.Before > 0 && f.Before < math.MaxInt64 {
		and(`e.seq < `, int64(f.Before))
	}
	if !f.Since.IsZero() {
		since := p.s.toServer(f.Since)
		and(`e.seq >= `, since.Time.UnixMicro()) // tokens are not before their executions
		and(`e.started >= `, since)
	}
	if !f.Until.IsZero() {
		lag := int64(0)
		if err := p.s.row(ctx, p.s.sql.lag, nil, &lag); err != nil {
			return nil, err
		}
		until := p.s.toServer(f.Until)
		and(`e.seq <= `, until.Time.UnixMicro()+lag)
		and(`e.started < `, until)
	}
	if f.Newest {
		where += ` AND NOT EXISTS (SELECT FROM ` + p.s.ns + `.execution l WHERE l.key = e.key AND l.seq > e.seq)`
	}
	from := `SELECT e.seq FROM ` + p.s.ns + `.execution e WHERE true` + where
	order := ` ORDER BY seq DESC LIMIT ` + q.arg(int64(limit))
	if f.Status == nil {
		q.sql = from + order
		return q, nil
	}
	var parts []string
	for _, of := range p.statuses() {
		parts = append(parts, `(`+from+of+order+`)`)
	}
	if len(parts) == 0 {
		return nil, nil
	}
	q.sql = `SELECT seq FROM (` + strings.Join(parts, ` UNION ALL `) + `) AS parts` + order
	return q, nil
}

// statuses returns conditions for the statuses that are wanted. A result that has expired counts as
// such, whether it was collected yet or not; which of two it is is found out when it is read, and so
// it is for who has lost a lease.
func (p *pager) statuses() (conditions []string) {
	for st := store.Succeeded; st <= store.Replaced; st++ {
		if p.f.Wants(st) || st == store.Running && p.f.Wants(store.Lost) {
			conditions = append(conditions, ` AND e.status = `+strconv.Itoa(int(st)))
		}
	}
	if p.f.Wants(store.Expired) && !p.f.Wants(store.Succeeded) {
		conditions = append(conditions, ` AND e.status = 1 AND e.expires IS NOT NULL AND (e.expires <= statement_timestamp() OR e.finished > statement_timestamp() + interval '1 second')`)
	}
	return conditions
}
