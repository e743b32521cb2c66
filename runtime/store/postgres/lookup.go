package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

const lookupSQL = `SELECT e.at, e.live, e.form, e.sum, e.data, ` + recordColumns + `, e.writer FROM @.lookup_calls($1, $2) AS e`

// olderSQL has the results of calls beside executions that were Again.
const olderSQL = `SELECT v.key, v.seq, v.size, v.finished, v.expires, coalesce(r.form, -1::smallint), r.sum, r.data
	FROM unnest($1::bytea[]) AS a(key)
	CROSS JOIN LATERAL (SELECT x.* FROM @.execution x
		WHERE x.key = a.key AND (x.status = 1 OR x.gone IS NOT NULL) AND @.is_trusted(x.writer, x.ender, $2)
		ORDER BY x.seq DESC LIMIT 1) AS v
	LEFT JOIN @.result r ON r.seq = v.seq
	WHERE v.status = 1 AND @.has_expired(v.finished, v.expires, statement_timestamp()) IS NOT TRUE`

// answer is what the tables have of a call.
type answer struct {
	now    time.Time // by the clock of the server
	hit    bool      // there is a result that has not expired
	result result

	// When there is none, or it was executed Again since:
	holder *store.Record // who has the lease
	until  time.Time     // when that expires, by the clock of the server
	latest *store.Record
	scope  int64 // of latest
}

// lookup is a question about some calls, with what is known of them afterwards.
type lookup struct {
	refs    []store.Ref
	answers map[key.Key]*answer
}

// lookUp answers questions at once.
func (s *Store) lookUp(ctx context.Context, lookups []*lookup) error {
	var keys [][]byte
	asked := map[key.Key]bool{}
	for _, l := range lookups {
		for _, r := range l.refs {
			if !asked[r.Key] {
				asked[r.Key] = true
				keys = append(keys, keyOf(r.Key))
			}
		}
	}
	answers, err := s.answers(ctx, keys)
	for _, l := range lookups {
		l.answers = answers
	}
	return err
}

// Lookup implements store.Store. Calls that are looked up at the same time are looked up together.
func (s *Store) Lookup(ctx context.Context, refs []store.Ref, found []store.Found) error {
	if err := s.check(ctx); err != nil || len(refs) == 0 {
		return err
	}
	l := lookup{refs: refs}
	if err := s.lookups.ask(ctx, &l); err != nil {
		return err
	}
	for i, r := range refs {
		found[i] = s.found(r, l.answers[r.Key])
	}
	return nil
}

// Peek implements store.Administrator.
func (s *Store) Peek(ctx context.Context, r store.Ref) (*store.Entry, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	l := lookup{refs: []store.Ref{r}}
	if err := s.lookups.ask(ctx, &l); err != nil {
		return nil, err
	}
	a := l.answers[r.Key]
	if a == nil || !a.hit {
		return nil, store.ErrNotFound
	}
	e, err := s.entry(r, &a.result, true)
	if err != nil {
		return nil, &store.CorruptError{Ref: r, Err: err}
	}
	return e, nil
}

// found makes an answer for one of those who have asked.
func (s *Store) found(r store.Ref, a *answer) (f store.Found) {
	if a == nil {
		return f
	}
	if a.hit {
		e, err := s.entry(r, &a.result, false)
		if err != nil {
			f.Damaged = s.unreadable(r, a.result.seq, err)
			return f
		}
		s.hits.add(a.result.seq)
		f.Results = []*store.Entry{e}
	}
	if a.latest != nil {
		latest := *a.latest
		latest.Ref = r
		f.Latest = &latest
	}
	if a.holder != nil {
		f.Holder = &store.HeldError{Ref: r, Expires: s.translated(a.until), Origin: a.holder.Origin}
		s.watches.held(r.Key, int64(a.holder.Seq), a.until.Sub(a.now))
	}
	return f
}

// answers reads what the tables have of calls.
func (s *Store) answers(ctx context.Context, keys [][]byte) (map[key.Key]*answer, error) {
	rows, err := s.pool.Query(ctx, s.sql.lookup, keys, s.o.Trust)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	defer rows.Close()
	answers := make(map[key.Key]*answer, len(keys))
	l := lister{s: s}
	var now pgtype.Timestamptz
	var live bool
	var form int16
	var sum, data []byte
	columns := append([]any{&now, &live, &form, &sum, &data}, l.columns()...)
	for rows.Next() {
		if err := rows.Scan(columns...); err != nil {
			return nil, s.failed(ctx, err)
		}
		k := key.Key(l.key)
		a := answers[k]
		if a == nil {
			a = &answer{now: now.Time}
			answers[k] = a
		}
		if live {
			a.hit = true
			a.result = result{
				key: k, seq: l.seq, size: l.size, finished: l.finished, expires: l.expires, form: form, sum: sum, data: data,
			}
			continue
		}
		l.now = now.Time
		if r, scope := l.record(); r.Status == store.Running {
			a.holder, a.until = &r, l.expires.Time
		} else {
			a.add(r, scope)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, s.failed(ctx, err)
	}
	rows.Close()
	if err := s.older(ctx, answers); err != nil {
		return nil, err
	}
	return answers, s.complete(ctx, answers)
}

// older looks for the results of calls that are, or were, executed Again.
func (s *Store) older(ctx context.Context, answers map[key.Key]*answer) error {
	var keys [][]byte
	for k, a := range answers {
		if !a.hit && (a.holder != nil && a.holder.Again || a.latest != nil && (a.latest.Again || a.latest.Status == store.Succeeded)) {
			keys = append(keys, keyOf(k))
		}
	}
	if keys == nil {
		return nil
	}
	rows, err := s.pool.Query(ctx, s.sql.older, keys, s.o.Trust)
	if err != nil {
		return s.failed(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		var k []byte
		var r result
		if err := rows.Scan(&k, &r.seq, &r.size, &r.finished, &r.expires, &r.form, &r.sum, &r.data); err != nil || len(k) != len(key.Key{}) {
			return s.failed(ctx, err)
		}
		r.key = key.Key(k)
		answers[r.key].beside(r)
	}
	return s.failed(ctx, rows.Err())
}

// beside sets the result that there is beside executions Again. What is older than that says
// nothing.
func (a *answer) beside(r result) {
	a.hit, a.result = true, r
	if a.latest != nil && int64(a.latest.Seq) <= r.seq {
		a.latest = nil
	}
	if a.holder != nil && int64(a.holder.Seq) <= r.seq {
		a.holder = nil
	}
}

// complete sets what the newest records have in common with others.
func (s *Store) complete(ctx context.Context, answers map[key.Key]*answer) error {
	var ids []int64
	for _, a := range answers {
		if a.latest != nil {
			ids = append(ids, a.scope)
		}
	}
	scopes, err := s.scopes.load(ctx, s, ids)
	if err != nil {
		return err
	}
	for _, a := range answers {
		if a.latest != nil {
			scopes[a.scope].set(a.latest)
		}
	}
	return nil
}

// add adds an execution that has ended of a call without result.
func (a *answer) add(r store.Record, scope int64) {
	switch {
	case r.Status == store.Stopped && r.Gone.IsZero():
	case a.latest == nil || r.Seq > a.latest.Seq:
		if a.latest, a.scope = &r, scope; !r.Gone.IsZero() && !r.Status.Gone() {
			a.latest = nil // the call was deleted since
		}
	}
}

// unreadable drops a result that cannot be read, and returns the error that says so.
func (s *Store) unreadable(r store.Ref, seq int64, damage error) *store.CorruptError {
	ctx, cancel := context.WithTimeout(s.running, closing)
	defer cancel()
	err := s.Discard(ctx, &store.Entry{Ref: r, Token: uint64(seq)}, store.Unreadable, damage.Error())
	if err != nil {
		damage = errors.Join(damage, err)
	}
	return &store.CorruptError{Ref: r, Err: damage}
}
