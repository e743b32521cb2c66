package disk

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// hits counts how often results were got, by their tokens, and has it written now and then.
// Until then the tokens are in a file too, one after the other, from which another process
// counts them if this one ends without Close.
type hits struct {
	s     *Store
	mu    sync.Mutex
	count map[int64]int64
	timer *time.Timer
	ended bool // what is got while the Store closes is not counted

	file  *os.File // nil: nothing was counted yet
	noted int      // tokens that are in it, or were
	buf   []byte   // tokens that are not in it yet
	delay *time.Timer
}

const (
	flushEvery = 2 * time.Second
	maxHits    = 4096 // results that are counted before that
	hitsSuffix = ".hits"

	// noteAtOnce is how many tokens are written to the file at once, for tools that end soon.
	// Later ones are written after noteEvery, together.
	noteAtOnce = 100
	noteEvery  = 10 * time.Millisecond
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
	if len(h.count) >= maxHits {
		return // the next ones are counted when these are written
	}
	h.count[seq]++
	h.note(seq)
	if len(h.count) == 1 && h.count[seq] == 1 {
		if h.timer == nil {
			h.timer = time.AfterFunc(flushEvery, h.flush)
		} else {
			h.timer.Reset(flushEvery)
		}
	}
}

// note appends a token to the file. What cannot be written is counted unless the process
// dies. mu is held.
func (h *hits) note(seq int64) {
	if h.file == nil {
		path := filepath.Join(h.s.dir, liveDir, h.s.self.name+hitsSuffix)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return
		}
		h.file = f
	}
	h.buf = binary.LittleEndian.AppendUint64(h.buf, uint64(seq))
	switch {
	case h.noted < noteAtOnce:
		h.write()
	case len(h.buf) > 8: // the timer runs
	case h.delay == nil:
		h.delay = time.AfterFunc(noteEvery, func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.write()
		})
	default:
		h.delay.Reset(noteEvery)
	}
}

// write writes the tokens that are not in the file yet. mu is held.
func (h *hits) write() {
	_, _ = h.file.Write(h.buf)
	h.noted += len(h.buf) / 8
	h.buf = h.buf[:0]
}

// flush has all that was counted written.
func (h *hits) flush() {
	h.mu.Lock()
	count := h.count
	h.count = nil
	h.mu.Unlock()
	if len(count) == 0 || h.s.count(count) != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.count) == 0 && h.file != nil { // else some that are counted are counted again if the process dies
		_ = h.file.Truncate(0)
		h.buf = h.buf[:0]
	}
}

// close flushes, and removes the file.
func (h *hits) close() {
	h.mu.Lock()
	h.ended = true
	h.mu.Unlock()
	h.flush()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.file != nil {
		_ = h.file.Close()
		_ = os.Remove(h.file.Name())
	}
}

// count writes how often results were got.
func (s *Store) count(hits map[int64]int64) error {
	return s.w.write(context.Background(), false, func(tx *tx) error {
		for seq, n := range hits {
			err := tx.q(`UPDATE execution SET used = ?, hits = hits + ? WHERE seq = ? AND status = 1`).int(tx.now).int(n).int(seq).run()
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// countOf counts the hits of a Store whose process died, and removes their file. If this
// process dies between the two, they are counted once more: rather that than not at all.
func (s *Store) countOf(path string) {
	b, err := os.ReadFile(path)
	if err != nil {
		return
	}
	count := map[int64]int64{}
	for ; len(b) >= 8; b = b[8:] {
		count[int64(binary.LittleEndian.Uint64(b))]++
	}
	if len(count) == 0 || s.count(count) == nil {
		_ = os.Remove(path)
	}
}
