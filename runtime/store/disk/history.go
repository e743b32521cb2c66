package disk

import (
	"bytes"
	"context"
	"encoding/hex"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// pageSize is how many records are read at once. Nothing is held between two pages,
// so a list that is read slowly is in nobody's way. The first page has firstPage, and those that
// follow four times as many each, up to that: most who read a list want its beginning only.
var pageSize = 4000

const firstPage = 250

// History implements store.Store.
func (s *Store) History(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		l := lister{s: s, f: f, text: []byte(strings.ToLower(f.Text)), host: []byte(f.Host)}
		for more := true; more; {
			err := s.check(ctx)
			if err == nil {
				err = s.again(ctx, func() (err error) {
					next := l // from where it was, if that fails
					if more, err = next.page(ctx); err == nil {
						l = next
					}
					return err
				})
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
		if l.partial {
			yield(store.Record{}, &store.PartialError{Before: l.f.Before})
		}
	}
}

// lister reads records, such as the pages of one list.
type lister struct {
	s        *Store
	f        store.Filter
	text     []byte // that is searched for, in lower case
	host     []byte // likewise
	now      int64  // microseconds since 1970
	scopes   map[int64]*scope
	u        unpacker
	records  []store.Record // of the page
	size     int            // of the page, at most
	listed   int
	searched int  // records, if the filter searches
	partial  bool // they are not all
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
	l.size = min(max(4*l.size, firstPage), pageSize)
	limit := l.size
	if l.f.Searches() {
		limit = min(limit, store.MaxSearched-l.searched)
	} else if l.f.Limit > 0 {
		limit = min(limit, l.f.Limit-l.listed)
	}
	l.now = time.Now().UnixMicro()
	if err := c.q(`BEGIN`).run(); err != nil {
		return false, err
	}
	defer func() { _ = c.q(`COMMIT`).run() }()
	q, err := l.query(c, limit)
	if q == nil || err != nil {
		return false, err
	}
	n := 0
	for l.f.Limit == 0 || l.listed < l.f.Limit {
		found, err := q.step()
		if err != nil {
			return false, err
		}
		if !found {
			l.searched += n
			l.partial = n == limit && l.f.Searches() && l.searched == store.MaxSearched
			return n == limit && !l.partial, nil
		}
		n++
		l.f.Before = uint64(q.colInt(0))
		if err := l.add(c, q); err != nil {
			q.done()
			return false, err
		}
	}
	q.done()
	return false, nil
}

// add adds the record of a row to the page, if it is wanted. Where an index has what is searched, a
// row has searchColumns only, and the rest is read of those that may have it.
func (l *lister) add(c *conn, q *stmt) error {
	if l.indexed() {
		running := store.Status(q.colInt(1)) == store.Running // if it is lost its error comes with record
		if !running && !bytes.Contains(bytes.ToLower(q.colView(2)), l.text) {
			return nil
		}
		q = c.q(`SELECT ` + recordColumns + ` FROM execution WHERE seq = ?`).int(q.colInt(0))
		if found, err := q.step(); !found {
			return err
		}
		defer q.done()
	}
	if !bytes.Contains(q.colView(13), l.host) {
		return nil
	}
	r, err := l.record(c, q)
	if err == nil {
		err = l.arguments(c, &r)
	}
	f := &l.f
	if err == nil && f.Wants(r.Status) && !r.Started.Before(f.Since) && (f.Until.IsZero() || r.Started.Before(f.Until)) && f.MatchSearch(&r) {
		l.records = append(l.records, r)
		l.listed++
	}
	return err
}

// indexed tells whether only a text is searched for, which an index has.
func (l *lister) indexed() bool { return l.f.Text != "" && l.f.Host == "" }

// arguments has a record have its arguments, if they are wanted.
func (l *lister) arguments(c *conn, r *store.Record) error {
	if !l.f.Arguments {
		r.Arguments = nil
	} else if r.Arguments == nil {
		return c.readArguments(r)
	}
	return nil
}

// query returns the statement for the next page, or nil if nothing can match. A page is a
// part of one index that is in the right order, or of one for each status.
func (l *lister) query(c *conn, limit int) (*stmt, error) {
	f := &l.f
	var q question
	if f.Prefix != "" {
		first, last, ok := f.Keys()
		if !ok {
			return nil, nil
		}
		if first == last { // the records of one key are in the right order in their index
			q.and(`key = `, first[:])
		} else {
			q.and(`key >= `, first[:])
			q.and(`key <= `, last[:])
		}
	}
	if f.Before > 0 && f.Before < math.MaxInt64 {
		q.and(`seq < `, int64(f.Before))
	}
	if !f.Since.IsZero() {
		q.and(`seq >= `, micros(f.Since)) // tokens are not before their executions
		if !l.indexed() {                 // otherwise add does it: the index has no more than seq
			q.and(`started >= `, micros(f.Since))
		}
	}
	if !f.Until.IsZero() {
		lag, err := c.total("lag")
		if err != nil {
			return nil, err
		}
		q.and(`seq < `, micros(f.Until)+lag)
		if !l.indexed() {
			q.and(`started < `, micros(f.Until))
		}
	}
	if f.Newest {
		q.where = append(q.where, `NOT EXISTS (SELECT 1 FROM execution AS later WHERE later.key = execution.key AND later.seq > execution.seq)`)
	}
	from, err := l.from(c, &q)
	if len(from) == 0 || err != nil {
		return nil, err
	}
	columns := recordColumns
	if l.indexed() {
		columns = searchColumns
	}
	var sql strings.Builder
	for i, from := range from {
		if i > 0 {
			sql.WriteString(` UNION ALL `)
		}
		sql.WriteString(`SELECT ` + columns + ` FROM ` + from)
		for _, where := range q.where {
			sql.WriteString(` AND ` + where)
		}
	}
	sql.WriteString(` ORDER BY seq DESC LIMIT ` + q.arg(int64(limit)))
	return c.q(sql.String()).bind(q.args), nil
}

// from returns what to read.
func (l *lister) from(c *conn, q *question) ([]string, error) {
	index, of := `execution_status`, `true`
	if l.f.Work != "" {
		work, found, err := c.q(`SELECT id FROM work WHERE name = ?`).text(l.f.Work).number()
		if !found || err != nil {
			return nil, err
		}
		index, of = `execution_work`, `work = `+q.arg(work)
	}
	switch {
	case len(l.f.Prefix) >= indexedDigits:
		return []string{`execution INDEXED BY execution_key WHERE ` + of}, nil
	case l.f.Work == "" && l.f.Status == nil:
		return []string{`execution NOT INDEXED WHERE true`}, nil
	}
	return l.statuses(q, `execution INDEXED BY `+index+` WHERE `+of+` AND status = `, ` AND `+of), nil
}

// indexedDigits is how many digits of a key make so few that they can be sorted.
const indexedDigits = 4

// statuses returns what to read for the statuses that are wanted. A result that has expired
// counts as such, whether it was collected yet or not; who is lost is found out when it is
// read.
func (l *lister) statuses(q *question, status, and string) (from []string) {
	for st := store.Succeeded; st <= store.Replaced; st++ {
		if l.f.Wants(st) || st == store.Running && l.f.Wants(store.Lost) {
			from = append(from, status+strconv.Itoa(int(st)))
		}
	}
	if l.f.Wants(store.Expired) && !l.f.Wants(store.Succeeded) {
		from = append(from, `execution INDEXED BY execution_expires WHERE status = 1 AND expires > 0 AND (expires <= `+
			q.arg(l.now)+` OR finished > `+q.arg(l.now+tolerance)+`)`+and)
	}
	return from
}

// question is a query under way: its parts have the numbers of their arguments, which are
// all the same for a union's parts.
type question struct {
	where []string
	args  []any // int64 or []byte
}

// arg adds an argument, and returns its place.
func (q *question) arg(a any) string {
	q.args = append(q.args, a)
	return `?` + strconv.Itoa(len(q.args))
}

// and adds a condition that ends with an argument.
func (q *question) and(condition string, a any) { q.where = append(q.where, condition+q.arg(a)) }

// recordColumns are the columns that record reads, and stateOf; searchColumns those that add
// reads to find a text, of which an index has all.
const (
	recordColumns = stateColumns + `, key, scope, started, gone, used, hits, text, record`
	searchColumns = `seq, status, text`
)

// record returns the record of a row. One that is damaged is unreadable.
func (l *lister) record(c *conn, q *stmt) (r store.Record, err error) {
	sc, err := l.scope(c, q.colInt(7))
	if err != nil {
		return r, err
	}
	st := stateOf(q)
	r = store.Record{
		Ref: store.Ref{Work: sc.work, Key: q.colKey(6)}, Seq: uint64(st.seq), Nonce: uint64(st.nonce), Status: st.status,
		Schema: sc.schema, Code: sc.code, Symbols: sc.symbols, Build: sc.build,
		Started: timeOf(q.colInt(8)), Finished: timeOf(st.finished), Gone: timeOf(q.colInt(9)), Hits: q.colInt(11),
	}
	if r.Hits > 0 {
		r.Used = timeOf(q.colInt(10))
	}
	if err := l.u.unpack(&r, q.colView(12), q.colView(13)); err != nil {
		r.Status, r.Error = store.Unreadable, err.Error()
	}
	switch r.Status {
	case store.Running:
		if l.s.held(r.Ref, &st, l.now) == nil {
			r.Status, r.Error = store.Lost, l.s.whyLost(&st, l.now)
			r.Finished = timeOf(min(st.expires, l.now))
		}
		return r, nil
	case store.Succeeded:
		if hasExpired(st.finished, st.expires, l.now) {
			r.Status, r.Gone = store.Expired, timeOf(st.expires)
		}
	}
	r.Expires = timeOf(st.expires)
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
