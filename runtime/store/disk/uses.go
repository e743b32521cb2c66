package disk

import (
	"context"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// uses counts hits in memory, and has them written now and then.
type uses struct {
	s     *Store
	mu    sync.Mutex
	hits  map[key.Key]int64
	timer *time.Timer
}

const flushEvery = 2 * time.Second

// maxUses bounds how many keys are counted before that.
const maxUses = 4096

// use notes a hit.
func (s *Store) use(k key.Key) {
	u := &s.uses
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.hits == nil {
		u.hits = map[key.Key]int64{}
	}
	if len(u.hits) >= maxUses {
		return // the next ones are counted when these are written
	}
	u.hits[k]++
	if len(u.hits) == 1 {
		if u.timer == nil {
			u.timer = time.AfterFunc(flushEvery, u.flush)
		} else {
			u.timer.Reset(flushEvery)
		}
	}
}

func (u *uses) flush() {
	u.mu.Lock()
	hits := u.hits
	u.hits = nil
	u.mu.Unlock()
	if len(hits) == 0 {
		return
	}
	_ = u.s.w.write(context.Background(), false, func(tx *tx) error {
		for k, n := range hits {
			err := tx.q(`UPDATE call SET used = ?, hits = hits + ? WHERE key = ? AND status = 1`).int(tx.now).int(n).bytes(k[:]).run()
			if err != nil {
				return err
			}
		}
		return nil
	})
}
