package disk

import (
	"context"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/internal/audience"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Those who keep results in memory are told which calls were deleted. Delete adds the
// keys to a table, in the same transaction, and every Store looks there once in a
// second, if there is anybody to tell.
type deletions struct {
	s    *Store
	stop chan struct{}

	looking sync.Mutex // held while the table is read, and the others are told
	seen    int64      // sequence number of the last key that they were told; looking

	audience audience.Audience
}

const (
	lookEvery  = time.Second
	maxDeleted = 10_000 // keys that are remembered: who misses one takes all for deleted
)

// newDeletions begins where the table ends now.
func newDeletions(s *Store, seen int64) *deletions {
	d := &deletions{s: s, seen: seen, stop: make(chan struct{})}
	go d.run()
	return d
}

// OnDelete implements store.Store. The works of the calls are not told.
func (s *Store) OnDelete(tell func(deleted []store.Ref) bool) {
	s.deletions.audience.Add(tell)
}

func (d *deletions) run() {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-d.stop:
			return
		case <-ticker.C:
			d.s.follow()
			d.look()
			d.s.watches.meet()
			if !d.s.o.ReadOnly {
				d.s.relieve()
			}
		}
	}
}

// restart begins anew with another database: whatever may have been deleted is told.
func (d *deletions) restart() {
	d.looking.Lock()
	defer d.looking.Unlock()
	err := d.s.reading(context.Background(), func(c *conn) (err error) {
		d.seen, err = lastDeleted(c)
		return err
	})
	if err != nil {
		d.seen = 0
	}
	d.audience.Tell(nil)
}

// lastDeleted returns the sequence number of the key that was deleted last.
func lastDeleted(c *conn) (seq int64, err error) {
	seq, _, err = c.q(`SELECT seq FROM sqlite_sequence WHERE name = 'deleted'`).number()
	return seq, err
}

// look tells of what was deleted since it was called last. While somebody does that
// already it does nothing: what he misses is found a second later.
func (d *deletions) look() {
	if !d.looking.TryLock() {
		return
	}
	defer d.looking.Unlock()
	if d.audience.IsEmpty() {
		return
	}
	refs, whole, err := d.read()
	if err != nil || len(refs) == 0 {
		return // a store that cannot be read is asked again
	}
	if !whole {
		refs = nil
	}
	d.audience.Tell(refs)
}

// read returns the calls that were deleted since the last that were told of, and
// whether these are all.
func (d *deletions) read() (refs []store.Ref, whole bool, err error) {
	c, err := d.s.readers.take(context.Background())
	if err != nil {
		return nil, false, err
	}
	defer d.s.readers.give(c)
	whole = true
	last := d.seen
	for q := c.q(`SELECT seq, key FROM deleted WHERE seq > ? ORDER BY seq`).int(d.seen); ; {
		found, err := q.step()
		if err != nil {
			return nil, false, err
		}
		if !found {
			break
		}
		seq := q.colInt(0)
		whole = whole && seq == last+1
		last = seq
		refs = append(refs, store.Ref{Key: q.colKey(1)})
	}
	d.seen = last
	return refs, whole, nil
}

// announce adds a key that is deleted to the table.
func (tx *tx) announce(k key.Key) error {
	if err := tx.q(`INSERT INTO deleted(key) VALUES(?)`).bytes(k[:]).run(); err != nil {
		return err
	}
	return tx.q(`DELETE FROM deleted WHERE seq <= ?`).int(tx.last() - maxDeleted).run()
}
