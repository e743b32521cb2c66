package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// scope is what the keys of many calls have in common. It is kept once.
type scope struct{ work, schema, code, symbols, build string }

func (sc *scope) set(r *store.Record) {
	if sc != nil {
		r.Work, r.Schema, r.Code, r.Symbols, r.Build = sc.work, sc.schema, sc.code, sc.symbols, sc.build
	}
}

// scopes are those that were read, and those that are known to be there.
type scopes struct {
	mu    sync.Mutex
	read  map[int64]*scope
	there map[int64]time.Time // until then they need not be sent: the server keeps those that are used
	ids   map[scope]int64
}

// maxScopes is how many a Store remembers.
const maxScopes = 1000

// sendScope is how often a scope is sent again, so that the server sees that it is used.
const sendScope = 24 * time.Hour

// id returns the ids of a record's work and scope, and the latter if the server has to be sent
// it.
func (c *scopes) id(r *store.Record, now time.Time) (work, id int64, send *scope) {
	sc := scope{r.Work, r.Schema, r.Code, r.Symbols, r.Build}
	c.mu.Lock()
	defer c.mu.Unlock()
	id, known := c.ids[sc]
	if !known {
		if len(c.ids) >= maxScopes {
			clear(c.ids)
			clear(c.there)
		}
		if c.ids == nil {
			c.ids, c.there = map[scope]int64{}, map[int64]time.Time{}
		}
		id = idOf(sc.work, sc.schema, sc.code, sc.symbols, sc.build)
		c.ids[sc] = id
	}
	if now.After(c.there[id]) {
		send = &sc
	}
	return workID(r.Work), id, send
}

// keep has the server keep the scope of a record, unless it does, and returns the ids of its work and
// scope. That is a transaction of its own: those who begin in groups do not wait for each other then.
func (c *scopes) keep(ctx context.Context, s *Store, r *store.Record) (work, id int64, err error) {
	now := time.Now()
	work, id, send := c.id(r, now)
	if send == nil {
		return work, id, nil
	}
	_, err = s.pool.Exec(ctx, s.sql.addScope, id, work, send.work, send.schema, send.code, send.symbols, send.build)
	if err != nil {
		return 0, 0, s.failed(ctx, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.there[id] = now.Add(sendScope)
	return work, id, nil
}

// load returns scopes by their ids; those that the server does not have are missing.
func (c *scopes) load(ctx context.Context, s *Store, ids []int64) (map[int64]*scope, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found := map[int64]*scope{}
	var missing []int64
	c.mu.Lock()
	for _, id := range ids {
		if sc := c.read[id]; sc != nil {
			found[id] = sc
		} else {
			missing = append(missing, id)
		}
	}
	c.mu.Unlock()
	if len(missing) == 0 {
		return found, nil
	}
	rows, err := s.pool.Query(ctx, s.sql.scope, missing)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	defer rows.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read == nil || len(c.read) > maxScopes {
		c.read = map[int64]*scope{}
	}
	for rows.Next() {
		var id int64
		var sc scope
		if err := rows.Scan(&id, &sc.work, &sc.schema, &sc.code, &sc.symbols, &sc.build); err != nil {
			return nil, s.failed(ctx, err)
		}
		c.read[id], found[id] = &sc, &sc
	}
	return found, s.failed(ctx, rows.Err())
}

// workID returns the id of a work.
func workID(name string) int64 { return idOf(name) }

// idOf is a hash of some strings.
func idOf(parts ...string) int64 {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return int64(binary.BigEndian.Uint64(h.Sum(nil)))
}
