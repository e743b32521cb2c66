//go:build unix

package disk_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

var (
	corruptions = flag.Int("corruptions", 16, "how often TestWhatIsDamagedHeals harms the files of a store, and a fourth of that of one that is open")
	seedFlag    = flag.Uint64("corruptions.seed", 0, "makes it harm the same again; 0: another time, another harm")
)

// keys is how many calls a store has that is harmed: some with large results.
const keys = 60

func resultFor(n int) []byte {
	if n%20 == 0 {
		return noise(100_000 + n)
	}
	return bytes.Repeat([]byte{byte(n)}, 50+n*20)
}

// TestWhatIsDamagedHeals harms the files of stores, in all ways and places. No result is
// wrong then, no call hangs or ends the process, and when all calls were made once more, the
// store has all results again.
func TestWhatIsDamagedHeals(t *testing.T) {
	defer slog.SetDefault(slog.Default())
	if !testing.Verbose() {
		slog.SetDefault(slog.New(slog.DiscardHandler))
	}
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	for i := range *corruptions + *corruptions/4 {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		whileOpen := i >= *corruptions
		t.Run(fmt.Sprintf("%d of %d", i, seed), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, dir, disk.Options{Relaxed: true, Lease: 2 * time.Second})
			callAll(t, s, nil)
			if !whileOpen {
				s.Close()
			}
			t.Log(harm(t, r, dir))
			if whileOpen {
				time.Sleep(1500 * time.Millisecond) // that something was removed is noticed within a second
			} else {
				s = open(t, dir, disk.Options{Relaxed: true, Lease: 2 * time.Second})
			}
			before := time.Now()
			callAll(t, s, nil)
			if took := time.Since(before); took > 30*time.Second {
				t.Errorf("took %v", took)
			}
			executed := 0
			for range 3 { // what was found missing is stored with the next run, mostly
				executed = 0
				if callAll(t, s, &executed); executed == 0 {
					break
				}
			}
			if executed > 0 {
				t.Errorf("%d of %d results are not stored", executed, keys)
			}
			s.Close()
			s = open(t, dir, disk.Options{Relaxed: true})
			callAll(t, s, nil) // what the log of the database has hidden may show now
			executed = 0
			callAll(t, s, &executed)
			if err := errors.Join(s.GC(ctx), s.Check(ctx)); executed > 0 || err != nil {
				t.Errorf("opened again, %d of %d results are not stored; %v", executed, keys, err)
			}
		})
	}
}

// TestADirectoryThatWasRemovedIsNoticed, while it is open: it is made anew, and that is said.
func TestADirectoryThatWasRemovedIsNoticed(t *testing.T) {
	var log syncBuffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, dir, disk.Options{Manual: true}) // who collects would notice it half removed
	var told atomic.Int64
	s.OnDelete(func(refs []store.Ref) bool {
		if refs == nil {
			told.Add(1)
		}
		return true
	})
	put(t, s, 1, noise(100))
	l, err := begin(s, 2)
	if err != nil {
		t.Fatal(err)
	}
	wantSoon(t, "removal", func() bool { return os.RemoveAll(dir) == nil }) // files are added meanwhile
	wantSoon(t, "that it was removed", func() bool { return told.Load() == 1 })
	if n := strings.Count(log.String(), "was removed or replaced"); n != 1 {
		t.Errorf("the log says %s", &log)
	}
	other := open(t, dir, disk.Options{})
	if _, err := read(other, 1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what was removed is there: %v", err)
	}
	if err := end(s, l, noise(100)); !errors.Is(err, store.ErrLost) {
		t.Errorf("End of an execution that was removed: %v", err)
	}
	put(t, s, 3, noise(100_000))
	if data, err := read(other, 3); err != nil || !bytes.Equal(data, noise(100_000)) {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if _, err := begin(s, 4); err != nil {
		t.Error(err)
	}
	if _, err := begin(other, 4); !errors.Is(err, store.ErrHeld) {
		t.Errorf("another begins what is held: %v", err)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// callAll makes all calls, with a runner that has nothing in memory, and counts those that
// are executed.
func callAll(t *testing.T, s *disk.Store, executed *int) {
	t.Helper()
	c := calls(s, func(n int) ([]byte, error) {
		if executed != nil {
			*executed++
		}
		return resultFor(n), nil
	}, runtime.StoreTimeout(5*time.Second), runtime.WithLogger(slog.New(slog.DiscardHandler)))
	for n := range keys {
		if got, err := run(c, n); err != nil || !bytes.Equal(got, resultFor(n)) {
			t.Errorf("call %d has %d bytes, %v", n, len(got), err)
		}
	}
	if executed == nil {
		return
	}
	for range s.History(ctx, store.Filter{Limit: 10}) {
	}
}

// harm harms a file of a store, and says how.
func harm(t *testing.T, r *rand.Rand, dir string) string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			paths = append(paths, path)
			if strings.HasPrefix(d.Name(), "store.") { // mostly
				paths = append(paths, path, path, path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	path := paths[r.IntN(len(paths))]
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	pages := max(1, len(b)/page)
	at := func() int { return page * r.IntN(pages) }
	what := ""
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write := func(p []byte, at int) {
		if _, err := f.WriteAt(p, int64(at)); err != nil {
			t.Fatal(err)
		}
	}
	switch r.IntN(7) {
	case 0:
		what = "some bytes"
		for range 1 + r.IntN(20) {
			write([]byte{byte(r.Uint32())}, r.IntN(max(1, len(b))))
		}
	case 1:
		what = "a page of zeros"
		write(make([]byte, page), at())
	case 2:
		what = "a page of noise"
		write(noise(page), at())
	case 3:
		what = "two pages swapped"
		if x, y := at(), at(); x+page <= len(b) && y+page <= len(b) {
			write(b[y:y+page], x)
			write(b[x:x+page], y)
		}
	case 4:
		what = "cut"
		err = f.Truncate(int64(r.IntN(max(1, len(b)))))
	case 5:
		what = "emptied"
		err = f.Truncate(0)
	case 6:
		what = "removed"
		err = os.Remove(path)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	rel, _ := filepath.Rel(dir, path)
	return rel + ": " + what
}

// TestTotalsThatAreAnotherTableAreDamage swaps the page of the totals with one of results: what then
// stands there for the size of all files had the collector evict whatever was stored.
func TestTotalsThatAreAnotherTableAreDamage(t *testing.T) {
	const page = 4096
	dir := t.TempDir()
	s := open(t, dir, disk.Options{Relaxed: true})
	callAll(t, s, nil)
	total := int(query(t, dir, "SELECT rootpage FROM sqlite_schema WHERE name = 'total'")-1) * page
	s.Close()
	path := filepath.Join(dir, "store.db")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	results := 0
	for at := 0; at < len(b); at += page {
		if b[at] == 13 && at != total && bytes.Contains(b[at:at+page], resultFor(18)[:40]) {
			results = at
		}
	}
	if results == 0 {
		t.Fatal("no page has the result")
	}
	was := slices.Clone(b[total : total+page])
	copy(b[total:total+page], b[results:results+page])
	copy(b[results:results+page], was)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	executed := 0
	for range 5 {
		s := open(t, dir, disk.Options{Relaxed: true})
		time.Sleep(50 * time.Millisecond) // for the collector
		executed = 0
		callAll(t, s, &executed)
		s.Close()
	}
	if executed > 0 {
		t.Errorf("%d results are not stored", executed)
	}
}
