package postgres

import (
	"context"
	"sync"
	"time"
)

// hits counts how often results were got, by their tokens, and has it written now and then.
type hits struct {
	s     *Store
	mu    sync.Mutex
	count map[int64]int64
	timer *time.Timer
	ended bool // what is got while the Store closes is not counted
}

const (
	flushEvery = 2 * time.Second
	maxHits    = 4096 // results that are counted before that
)

// add notes a hit.
func (h *hits) add(seq int64) {
	if h.s.o.ReadOnly {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return
	}
	if h.count == nil {
		h.count = map[int64]int64{}
	}
	if len(h.count) >= maxHits && h.count[seq] == 0 {
		return // the next ones are counted when these are written
	}
	h.count[seq]++
	if len(h.count) == 1 && h.count[seq] == 1 {
		if h.timer == nil {
			h.timer = time.AfterFunc(flushEvery, h.flush)
		} else {
			h.timer.Reset(flushEvery)
		}
	}
}

// flush has all that was counted written. What cannot be is not counted.
func (h *hits) flush() {
	h.mu.Lock()
	count := h.count
	h.count = nil
	h.mu.Unlock()
	if len(count) == 0 {
		return
	}
	seqs, ns := make([]int64, 0, len(count)), make([]int64, 0, len(count))
	for seq, n := range count {
		seqs, ns = append(seqs, seq), append(ns, n)
	}
	ctx, cancel := context.WithTimeout(h.s.running, closing)
	defer cancel()
	_, _ = h.s.pool.Exec(ctx, h.s.sql.hits, seqs, ns)
}

// close flushes.
func (h *hits) close() {
	h.mu.Lock()
	h.ended = true
	h.mu.Unlock()
	h.flush()
}
