package nats

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"

	"github.com/workgen/workgen/runtime/internal/wire"
	"github.com/workgen/workgen/runtime/store"
)

// scope is what the keys of many calls have in common. It is kept once, under a hash of it, and
// never changes.
type scope struct{ work, schema, code, symbols, build string }

type scopeID [16]byte

func (id scopeID) String() string { return hex.EncodeToString(id[:]) }

func (sc *scope) id() (id scopeID) {
	h := sha256.New()
	_, _ = h.Write(sc.bytes())
	copy(id[:], h.Sum(nil))
	return id
}

func (sc *scope) bytes() (b []byte) {
	for _, s := range [...]string{sc.work, sc.schema, sc.code, sc.symbols, sc.build} {
		b = wire.AppendString(b, s)
	}
	return b
}

func (sc *scope) set(r *store.Record) {
	if sc != nil {
		r.Schema, r.Code, r.Symbols, r.Build = sc.schema, sc.code, sc.symbols, sc.build
	}
}

// scopes are those that are known to be there.
type scopes struct {
	s *Store

	mu   sync.Mutex
	ids  map[scope]scopeID
	byID map[scopeID]*scope
}

// maxScopes is how many a Store remembers.
const maxScopes = 1000

// of returns the id of a record's scope, which is stored then.
func (c *scopes) of(ctx context.Context, r *store.Record) (scopeID, error) {
	sc := scope{r.Work, r.Schema, r.Code, r.Symbols, r.Build}
	c.mu.Lock()
	id, known := c.ids[sc]
	c.mu.Unlock()
	if known {
		return id, nil
	}
	id = sc.id()
	_, _, err := c.s.publish(ctx, c.s.names.scope(sc.work, id), 0, nil, sc.bytes())
	if err != nil && !errors.Is(err, errConflict) { // which says that it is there
		return id, err
	}
	c.remember(id, sc)
	return id, nil
}

func (c *scopes) remember(id scopeID, sc scope) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids == nil || len(c.ids) >= maxScopes {
		c.ids, c.byID = map[scope]scopeID{}, map[scopeID]*scope{}
	}
	c.ids[sc], c.byID[id] = id, &sc
}

// load sets what a record has in common with others. Of a scope that is not there, or damaged,
// nothing is set.
func (c *scopes) load(ctx context.Context, x *execution) error {
	c.mu.Lock()
	sc := c.byID[x.scope]
	c.mu.Unlock()
	if sc == nil && x.scope != (scopeID{}) {
		m, err := c.s.direct(ctx, c.s.names.state, c.s.names.scope(x.Work, x.scope))
		if err != nil || m == nil {
			return err
		}
		var u wire.Reader
		u.Reset(m.data, "")
		read := scope{u.String(), u.String(), u.String(), u.String(), u.String()}
		if read.id() != x.scope {
			return nil
		}
		c.remember(x.scope, read)
		sc = &read
	}
	sc.set(&x.Record)
	return nil
}

// record returns a record for a caller.
func (s *Store) record(ctx context.Context, x execution) (store.Record, error) {
	if err := s.scopes.load(ctx, &x); err != nil {
		return store.Record{}, err
	}
	r := x.Record
	r.Requested, r.Started, r.Finished = s.fromServer(r.Requested), s.fromServer(r.Started), s.fromServer(r.Finished)
	r.Expires, r.Retry, r.Gone = s.fromServer(r.Expires), s.fromServer(r.Retry), s.fromServer(r.Gone)
	return r, nil
}

// kept returns a record as it is kept.
func (s *Store) kept(r store.Record) store.Record {
	r.Requested, r.Started, r.Finished = s.toServer(r.Requested), s.toServer(r.Started), s.toServer(r.Finished)
	r.Expires, r.Retry, r.Gone = s.toServer(r.Expires), s.toServer(r.Retry), s.toServer(r.Gone)
	return r
}
