package disk

import (
	"context"
	"slices"

	"github.com/workgen/workgen/runtime/store"
)

// size returns how many bytes the store uses on the disk, and how many of them the
// database could give back.
func size(c *conn) (used, free int64, err error) {
	var n [4]int64
	for i, sql := range [...]string{`PRAGMA page_count`, `PRAGMA freelist_count`, `PRAGMA page_size`, `SELECT files FROM total`} {
		if n[i], err = c.value(sql); err != nil {
			return 0, 0, err
		}
	}
	return (n[0]-n[1])*n[2] + n[3], n[1] * n[2], nil
}

// shrink evicts until the store fits.
func (c *collector) shrink() error {
	limit := c.s.o.MaxBytes
	if limit <= 0 {
		return nil
	}
	goal := limit
	first, evicted := int64(0), int64(0) // bytes used at first, and results evicted since
	return c.repeat(func(tx *tx) (int, error) {
		total := 0
		for total < batch {
			used, _, err := size(tx.conn)
			if err != nil || used <= goal {
				return total, err
			}
			goal = limit / 100 * lowWater
			if first == 0 {
				first = used
			}
			// If so many are still to go, by what the first ones took, records of those
			// that go now would be forgotten at the end.
			many := evicted >= batch && used < first && float64(used-goal)*float64(evicted) > float64(maxGone)*float64(first-used)
			n, err := tx.evict(batch/8, used-goal, many)
			total += n
			evicted += int64(n)
			if n == 0 || err != nil {
				return total, err
			}
		}
		return total, nil
	})
}

// evict drops up to n results that were not used for the longest time, or fewer if
// the store becomes smaller by the given bytes with them, about; their records, too,
// if they are to be forgotten.
func (tx *tx) evict(n int, bytes int64, forget bool) (int, error) {
	vs, err := victims(tx.q(`SELECT seq, kept, CASE WHEN form & 2 THEN coalesce(
			(SELECT size / refs FROM file WHERE name = substr(data, 1, 32)), 0) ELSE length(data) END
		FROM call JOIN result USING(seq) WHERE status = 1 ORDER BY used LIMIT ?`).int(int64(n)))
	if err != nil {
		return 0, err
	}
	enough := slices.IndexFunc(vs, func(v victim) bool {
		bytes -= v.size
		return bytes <= 0
	})
	if enough >= 0 {
		vs = vs[:enough+1]
	}
	if !forget {
		return tx.drop(vs, store.Evicted)
	}
	for _, v := range vs {
		if err := tx.dropCall(v.seq); err != nil {
			return 0, err
		}
	}
	return len(vs), nil
}

// vacuum gives pages that are not used back to the file system, if they are many.
func (c *collector) vacuum() error {
	vacuumed := false
	err := c.repeat(func(tx *tx) (int, error) {
		used, free, err := size(tx.conn)
		if err != nil || free < max(256<<10, used/16) {
			return 0, err
		}
		vacuumed = true
		return 1, tx.q(`PRAGMA incremental_vacuum(256)`).run()
	})
	if err == nil && vacuumed {
		err = c.checkpoint()
	}
	return err
}

// checkpoint has SQLite move its log into the database, which becomes smaller only
// then.
func (c *collector) checkpoint() error {
	return c.s.w.write(context.Background(), false, func(tx *tx) error {
		tx.shorten = true
		return nil
	})
}
