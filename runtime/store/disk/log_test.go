package disk

import (
	"crypto/sha256"
	"encoding/binary"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// TestTheLogStaysShort has at any moment somebody read what was committed a while ago:
// SQLite alone would then write to its log for ever.
func TestTheLogStaysShort(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir, Options{Relaxed: true})
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			c, err := s.connect()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.close()
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := c.exec(`BEGIN`, `SELECT * FROM total`); err != nil {
					t.Error(err)
				}
				time.Sleep(10 * time.Millisecond)
				if err := c.exec(`COMMIT`); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var most int64
	data := make([]byte, 4000)
	for n := range uint64(1000) {
		k := sha256.Sum256(binary.LittleEndian.AppendUint64(nil, n))
		l, err := s.Begin(ctx, store.Record{Ref: store.Ref{Key: k}})
		if err == nil {
			err = put(s, l, data)
		}
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(dir, databaseFile+"-wal"))
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, info.Size())
	}
	close(done)
	wg.Wait()
	if most > 12<<20 {
		t.Errorf("the log became %d bytes long, %d are allowed", most, 12<<20)
	}
	t.Logf("the log was at most %d bytes long", most)
}
