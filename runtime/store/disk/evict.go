package disk

import (
	"context"
	"slices"

	"github.com/workgen/workgen/runtime/store"
)

// size returns how many bytes the store uses on the disk, and how many of them the
// database could give back.
func size(c *conn) (used, free int64, err error) {
	var n [3]int64
	for i, sql := range [...]string{`PRAGMA page_count`, `PRAGMA freelist_count`, `PRAGMA page_size`} {
		if n[i], err = c.value(sql); err != nil {
			return 0, 0, err
		}
	}
	files, err := c.total("files")
	return (n[0]-n[1])*n[2] + files, n[1] * n[2], err
}

// shrink makes the store fit: it forgets what it can do without, and evicts.
func (c *collector) shrink() error {
	limit := c.s.o.MaxBytes
	if limit <= 0 {
		return nil
	}
	limit = max(limit-c.s.reserved(), 1)
	fits := true
	err := c.s.reading(context.Background(), func(r *conn) error {
		used, _, err := size(r)
		fits = used <= limit
		return err
	})
	if fits || err != nil {
		return err
	}
	if err := c.forgetGone(); err != nil {
		return err
	}
	evicted := 0
	err = c.repeat(func(tx *tx, done, most int) (int, error) {
		evicted = done
		for total := 0; ; {
			used, _, err := size(tx.conn)
			goal := limit / 100 * lowWater
			if err != nil || used <= goal || total >= most || total > 0 && tx.late() {
				return total, err
			}
			n, err := tx.evict(max(1, most/8), used-goal)
			if n == 0 && err == nil {
				n, err = tx.shedArguments(max(1, most/8))
			}
			total += n
			if n == 0 || err != nil {
				return total, err
			}
		}
	})
	if err == nil && int64(evicted) > remembered {
		err = c.forgetGone()
	}
	return err
}

// evict drops up to n results that were not used for the longest time, or fewer if
// the store becomes smaller by the given bytes with them, about.
func (tx *tx) evict(n int, bytes int64) (int, error) {
	vs, err := tx.victims(tx.q(`SELECT seq, execution.finished, CASE WHEN form & 2 THEN coalesce(
			(SELECT size / refs FROM file WHERE name = substr(data, 1, 32)), 0) ELSE length(data) END
		FROM execution INDEXED BY execution_used JOIN result USING(seq) WHERE status = 1 ORDER BY used LIMIT ?`).int(int64(n)))
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
	return tx.drop(vs, store.Evicted)
}

// vacuum gives pages that are not used back to the file system, if they are many.
func (c *collector) vacuum() error {
	vacuumed := false
	space, _ := diskSpace(c.s.dir)
	err := c.repeat(func(tx *tx, _, most int) (int, error) {
		used, free, err := size(tx.conn)
		if err != nil || free <= max(min(256<<10, space/4), used/16) {
			return 0, err
		}
		vacuumed = true
		return tx.some(most, func(int) error { return tx.q(`PRAGMA incremental_vacuum(1)`).run() })
	})
	if err == nil && vacuumed {
		err = c.checkpoint(true) // only then the file becomes smaller
	}
	return err
}
