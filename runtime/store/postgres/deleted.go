package postgres

import (
	"context"
	"sync"

	"github.com/workgen/workgen/runtime/internal/audience"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Those who keep results in memory are told which calls were deleted. Delete adds the keys to a
// table, in the same transaction, without gaps, and every Store that has somebody to tell looks
// there when it is notified, and once in a second.
type deletions struct {
	s *Store

	looking sync.Mutex // held while the table is read, and the others are told
	again   bool       // somebody wanted to look meanwhile; mu
	seen    int64      // sequence number of the last key that they were told, or that there was at first; looking

	mu sync.Mutex

	audience audience.Audience
}

// OnDelete implements store.Store. The works of the calls are not told.
func (s *Store) OnDelete(tell func(deleted []store.Ref) bool) {
	s.deleted.audience.Add(tell)
	if !s.closed.Load() {
		s.live.start()
	}
}

// look tells of what was deleted since it was called last. While somebody does that already he
// does it again.
func (d *deletions) look() {
	d.mu.Lock()
	d.again = true
	d.mu.Unlock()
	for d.wanted() && d.looking.TryLock() {
		d.mu.Lock()
		d.again = false
		d.mu.Unlock()
		refs, some, err := d.read()
		if err == nil && some {
			d.audience.Tell(refs)
		}
		d.looking.Unlock()
	}
}

// wanted tells whether there is somebody to tell, and a reason to look.
func (d *deletions) wanted() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.again && !d.audience.IsEmpty()
}

// read returns the calls that were deleted since the last that were told of, and whether there
// are some; no calls are any. looking is held.
func (d *deletions) read() (refs []store.Ref, some bool, err error) {
	ctx, cancel := context.WithTimeout(d.s.running, maxLook)
	defer cancel()
	rows, err := d.s.pool.Query(ctx, d.s.sql.deleted, d.seen)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	whole, last := true, int64(0)
	for rows.Next() {
		var k []byte
		if err := rows.Scan(&last, &k); err != nil || len(k) != len(key.Key{}) {
			return nil, false, err
		}
		if last <= d.seen {
			continue
		}
		whole = whole && last == d.seen+1+int64(len(refs))
		refs = append(refs, store.Ref{Key: key.Key(k)})
	}
	if err := rows.Err(); err != nil {
		return nil, false, err
	}
	switch {
	case last < d.seen: // it is another database, such as one from a backup
		refs, some = nil, true
	case !whole:
		refs, some = nil, true
	default:
		some = len(refs) > 0
	}
	d.seen = last
	return refs, some, nil
}
