package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/codec"
	"github.com/workgen/workgen/runtime/store/disk"
)

// diskUse is what a store's files take together.
func diskUse(t testing.TB, dir string) (n int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return ignoreGone(err)
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return ignoreGone(err)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

const logSize = 12 << 20 // of SQLite's log, at most

func TestTheStoreStaysWithinItsBound(t *testing.T) {
	for _, size := range []int{3000, 150_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			dir := t.TempDir()
			limit := int64(4 << 20)
			if testing.Short() || slowdown > 1 {
				limit = 2 << 20
			}
			s := open(t, dir, disk.Options{MaxBytes: limit, Relaxed: true})
			data := noise(size)
			var most int64
			n := 0
			for written := int64(0); written < 3*limit; written += int64(size) {
				data[n%size]++
				put(t, s, n, data)
				if n++; n%(1<<20/size) == 0 {
					most = max(most, diskUse(t, dir))
				}
				if n%10 == 0 {
					if _, err := read(s, 0); err != nil && !errors.Is(err, store.ErrNotFound) {
						t.Fatal(err)
					}
				}
			}
			if most > limit*12/10+logSize {
				t.Errorf("%d bytes were on the disk, %d are allowed", most, limit)
			}
			if err := s.GC(ctx); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if now := diskUse(t, dir); now > limit*105/100 || now < limit/2 {
				t.Errorf("%d bytes are on the disk at the end, %d are allowed", now, limit)
			}
			t.Logf("at most %d bytes, %d at the end, of %d", most, diskUse(t, dir), limit)
			wantNoOrphans(t, dir)

			// A lower bound holds from the next time on.
			s = open(t, dir, disk.Options{MaxBytes: limit / 4})
			if err := s.GC(ctx); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if now := diskUse(t, dir); now > limit/4+1<<20 {
				t.Errorf("%d bytes are on the disk, %d are allowed", now, limit/4)
			}
		})
	}
}

func TestWhatIsUsedStays(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{Relaxed: true})
	for n := range 400 {
		put(t, s, n, noise(4000))
	}
	for n := range 10 {
		if _, err := read(s, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil { // writes down what was used
		t.Fatal(err)
	}
	s = open(t, dir, disk.Options{MaxBytes: 1 << 20})
	if err := s.GC(ctx); err != nil {
		t.Fatal(err)
	}
	for n := range 10 {
		if _, err := read(s, n); err != nil {
			t.Errorf("result %d, which was used: %v", n, err)
		}
	}
	if _, err := read(s, 10); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the oldest result that was not used: %v", err)
	}
	evicted := 0
	for r, err := range s.History(ctx, store.Filter{Status: []store.Status{store.Evicted}}) {
		if evicted++; err != nil || r.Gone.IsZero() || r.Work == "" || len(r.Args) != 2 {
			t.Errorf("record %+v, %v", r, err)
		}
	}
	if evicted == 0 {
		t.Error("no record says what was evicted")
	}
	for r, err := range s.History(ctx, store.Filter{Prefix: keyOf(3).String()}) {
		if err != nil || r.Hits < 1 || r.Used.IsZero() {
			t.Errorf("record %+v, %v", r, err)
		}
	}
}

func TestOldResultsGo(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{MaxAge: 100 * time.Millisecond})
	put(t, s, 1, noise(100))
	wantSoon(t, "expiry", func() bool { _, err := read(s, 1); return errors.Is(err, store.ErrNotFound) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// So do those that were kept while the bound was another one.
	s = open(t, dir, disk.Options{})
	for n := range 600 {
		put(t, s, 10+n, noise(100))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	s = open(t, dir, disk.Options{MaxAge: time.Hour})
	if err := s.GC(ctx); err != nil {
		t.Fatal(err)
	}
	if n := query(t, dir, "SELECT count(*) FROM result"); n != 600 {
		t.Errorf("%d young results are left, want 600", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, disk.Options{MaxAge: 100 * time.Millisecond})
	if err := s.GC(ctx); err != nil {
		t.Fatal(err)
	}
	if n := query(t, dir, "SELECT count(*) FROM result"); n != 0 {
		t.Errorf("%d results are left", n)
	}
}

func TestAResultThatDoesNotFitIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{MaxBytes: 1 << 20})
	l, err := begin(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := end(s, l, noise(2<<20)); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
	if temps, _ := os.ReadDir(filepath.Join(dir, "tmp")); len(temps) > 0 {
		t.Error("a temporary file is left")
	}
	if err := end(s, l, noise(100)); err != nil {
		t.Errorf("the lease was lost: %v", err)
	}
}

func TestGarbageOfTheDeadIsRemoved(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, disk.Options{}).Close()
	orphan := filepath.Join(dir, "results", "ab", string(bytes.Repeat([]byte("c"), 62)))
	for _, path := range []string{
		filepath.Join(dir, "tmp", "123-1"), filepath.Join(dir, "live", "123.lock"), filepath.Join(dir, "live", "123.sock"), orphan,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir, disk.Options{})
	put(t, s, 1, noise(300_000))
	wantSoon(t, "garbage", func() bool {
		temps, _ := os.ReadDir(filepath.Join(dir, "tmp"))
		live, _ := os.ReadDir(filepath.Join(dir, "live"))
		_, err := os.Stat(orphan)
		return len(temps) == 0 && len(live) == 1 && errors.Is(err, fs.ErrNotExist)
	})
	if _, err := read(s, 1); err != nil {
		t.Error(err)
	}
}

// TestReadersAreNotBlocked reads while half of many results are collected: were readers
// blocked, they would not go on before all is collected, however long that takes.
func TestReadersAreNotBlocked(t *testing.T) {
	many := 4000
	if slowdown > 1 {
		many = 2000
	}
	dir := t.TempDir()
	s := open(t, dir, disk.Options{Relaxed: true})
	fill(t, s, many, 100)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	half := diskUse(t, dir) / 2
	s = open(t, dir, disk.Options{MaxBytes: half})
	var reads atomic.Int64
	var wg sync.WaitGroup
	done, begun := make(chan struct{}), make(chan struct{})
	wg.Go(func() {
		for n := 0; ; n++ {
			if _, err := get(s, n%many); err != nil && !errors.Is(err, store.ErrNotFound) {
				t.Error(err)
			}
			if reads.Add(1) == 1 {
				close(begun)
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	<-begun
	before := reads.Load()
	if err := s.GC(ctx); err != nil {
		t.Error(err)
	}
	during := reads.Load() - before
	close(done)
	wg.Wait()
	t.Logf("collected to half of %d, %d reads meanwhile", many, during)
	if during < int64(many)/100 {
		t.Errorf("%d reads while half of %d were collected", during, many)
	}
	if n := diskUse(t, dir); n > half+logSize {
		t.Errorf("%d bytes are on the disk, %d are allowed", n, half)
	}
}

// TestLargeResultsAreStreamed counts memory: one copy is the value itself.
func TestLargeResultsAreStreamed(t *testing.T) {
	const size = 128 << 20
	s := open(t, t.TempDir(), disk.Options{Relaxed: true})
	v := struct {
		Name string
		Data []byte
	}{"large", make([]byte, size)}
	copy(v.Data, noise(5<<20))
	l, err := begin(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	r := recordOf(1)
	r.Status = store.Succeeded
	used := allocated(func() { err = s.End(ctx, l, r, store.Encoded(codec.Default, "s1", &v)) })
	if err != nil || used > 32<<20 {
		t.Errorf("End took %d bytes of memory, %v", used, err)
	}
	back := v
	back.Data = nil
	used = allocated(func() {
		var e *store.Entry
		if e, err = get(s, 1); err == nil {
			err = codec.Default.Decode(e, "s1", &back)
			_ = e.Close()
		}
	})
	if err != nil || used > size+32<<20 {
		t.Errorf("Lookup took %d bytes of memory, %v", used, err)
	}
	if !bytes.Equal(v.Data, back.Data) || back.Name != v.Name {
		t.Error("the result came back as another one")
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// The history is bounded for each work, and the newest execution of a call stays.
func TestTheHistoryIsBounded(t *testing.T) {
	const calls, times, bound = 50, 10, 120
	dir := t.TempDir()
	s := open(t, dir, disk.Options{Relaxed: true, Manual: true, History: bound})
	failing := func(n int, work string) {
		r := recordOf(n)
		r.Work = work
		if err := fail(s, r); err != nil {
			t.Fatal(err)
		}
	}
	for n := range calls { // once each, and then some of them again and again
		failing(n, "w")
	}
	for range times {
		for n := range calls / 2 {
			failing(n, "w")
		}
	}
	failing(calls, "v")
	put(t, s, calls+1, noise(100))
	newest := func() (keys []string) {
		for r, err := range s.History(ctx, store.Filter{Newest: true}) {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, r.Key.String())
		}
		return keys
	}
	before := newest()
	if err := s.GC(ctx); err != nil {
		t.Fatal(err)
	}
	if after := newest(); len(after) != calls+2 || !slices.Equal(before, after) {
		t.Errorf("of %d calls %d are left", calls+2, len(after))
	}
	var seqs []uint64
	for r, err := range s.History(ctx, store.Filter{Work: "w"}) {
		if err != nil {
			t.Fatal(err)
		}
		seqs = append(seqs, r.Seq)
	}
	if len(seqs) != bound+calls/2 { // the newest, and older ones that are the newest of their calls
		t.Errorf("%d records are left, want %d", len(seqs), bound+calls/2)
	}
}

// What is older than the history goes, unless it is the newest of its call.
func TestTheHistoryHasAnAge(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{Relaxed: true, Manual: true, History: -1, HistoryAge: time.Hour})
	for range 3 {
		for n := range 2 {
			if err := fail(s, recordOf(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	query(t, dir, fmt.Sprintf("UPDATE execution SET seq = seq - %d", 2*time.Hour.Microseconds()))
	if err := fail(s, recordOf(1)); err != nil {
		t.Fatal(err)
	}
	if err := s.GC(ctx); err != nil {
		t.Fatal(err)
	}
	if n := query(t, dir, "SELECT count(*) FROM execution"); n != 2 {
		t.Errorf("%d records are left, want 2", n)
	}
}

// What was stopped hides no failure, and neither does what is under way: a call that has
// failed goes on from there.
func TestTheLastFailureIsRemembered(t *testing.T) {
	s := open(t, t.TempDir(), disk.Options{Relaxed: true, Manual: true, History: 1})
	begun := func(n int) store.Lease {
		l, err := begin(s, n)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	for n := range 6 {
		for range 2 {
			if err := fail(s, recordOf(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	var underWay []store.Lease
	for n := range 2 {
		for range 2 {
			if err := stop(s, begun(n)); err != nil {
				t.Fatal(err)
			}
		}
		underWay = append(underWay, begun(n+2))
	}
	if _, err := s.Delete(ctx, refOf(1)); err != nil { // of which the newest was stopped
		t.Fatal(err)
	}
	if err := stop(s, begun(1)); err != nil {
		t.Fatal(err)
	}
	if err := s.GC(ctx); err != nil {
		t.Fatal(err)
	}
	for _, l := range underWay {
		if err := stop(s, l); err != nil {
			t.Fatal(err)
		}
	}
	for n, want := range []bool{true, false, true, true, true, true} {
		found := make([]store.Found, 1)
		if err := s.Lookup(ctx, []store.Ref{refOf(n)}, found); err != nil {
			t.Fatal(err)
		}
		if latest := found[0].Latest; (latest != nil) != want || want && latest.Status != store.Failed {
			t.Errorf("of call %d: %+v", n, latest)
		}
	}
	if n := query(t, s.Dir(), "SELECT count(*) FROM execution"); n != 6+3 {
		t.Errorf("%d records are left", n)
	}
}
