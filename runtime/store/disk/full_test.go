//go:build linux

package disk_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

// fillDisk leaves no room on a disk.
func fillDisk(t *testing.T, mount string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(mount, "other"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for b := make([]byte, 4096); len(b) > 0; {
		if _, err := f.Write(b); err != nil {
			b = b[:len(b)/2]
		}
	}
}

func freeDisk(t *testing.T, mount string) {
	t.Helper()
	if err := os.Remove(filepath.Join(mount, "other")); err != nil {
		t.Fatal(err)
	}
}

// TestAFullDiskHoldsUpNobody: calls are right, and none takes longer than StoreTimeout, while a
// disk is filled, freed and filled again. All the time one can list, delete and collect.
func TestAFullDiskHoldsUpNobody(t *testing.T) {
	t.Parallel() // mostly waits
	if inNamespace(t) {
		return
	}
	for name, size := range map[string]int{"small": 100, "in files": 70_000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refills := 2
			if name == "in files" {
				refills = 1
			}
			mount := smallDisk(t, "1000k")
			u := newUser(t, filepath.Join(mount, "store"), size)
			u.calls(200_000 / (size + 2000))
			for times := 1; times <= refills; times++ {
				fillDisk(t, mount)
				u.calls(3000)
				u.wantStored(false)
				u.administer()
				freeDisk(t, mount)
				wantSoon(t, "results are stored again", u.stores)
				u.wantLogged(times)
			}
			u.calls(3900) // which fill it by themselves
			u.administer()
			u.close()
			t.Logf("%d calls, the longest took %v", u.last, u.longest)
			if u.longest > u.timeout+u.timeout/2 {
				t.Errorf("a call took %v, and StoreTimeout is %v", u.longest, u.timeout)
			}
		})
	}
}

// user makes calls that use a store.
type user struct {
	t       *testing.T
	dir     string
	size    int // of results
	s       *disk.Store
	c       *runtime.Calls[int, int, []byte]
	timeout time.Duration
	longest time.Duration // of all calls
	log     logged
	last    int
	found   int // results that were listed first
}

func newUser(t *testing.T, dir string, size int) *user {
	u := &user{t: t, dir: dir, size: size, timeout: time.Second}
	t.Cleanup(u.close)
	u.open()
	return u
}

// open opens the store, and makes a runner.
func (u *user) open() {
	u.t.Helper()
	s, err := disk.Open("", disk.Options{Dir: u.dir})
	if err != nil {
		u.t.Fatal(err)
	}
	u.s = s
	u.c = calls(s, func(n int) ([]byte, error) { return noise(u.size + n%300), nil },
		runtime.StoreTimeout(u.timeout), runtime.MaxEntries(2), runtime.WithLogger(slog.New(slog.NewTextHandler(&u.log, nil))))
}

func (u *user) close() {
	if err := u.s.Close(); err != nil {
		u.t.Error(err)
	}
}

// logged is what was logged, by any goroutine.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// call makes one call.
func (u *user) call(n int) {
	u.t.Helper()
	began := time.Now()
	data, err := run(u.c, n)
	u.longest = max(u.longest, time.Since(began))
	if err != nil || !bytes.Equal(data, noise(u.size+n%300)) {
		u.t.Fatalf("call %d: %d bytes, %v", n, len(data), err)
	}
}

// calls makes new calls.
func (u *user) calls(times int) {
	u.t.Helper()
	if testing.Short() {
		times = min(times, 1000)
	}
	for range times {
		u.last++
		u.call(u.last)
	}
}

// stores makes a new call, and reports whether it got its result from the store when it was
// forgotten in memory.
func (u *user) stores() bool {
	u.t.Helper()
	u.last++
	before := u.c.Runner().Stats().Executions
	for _, n := range []int{u.last, u.last - 1, u.last - 2, u.last - 3, u.last} {
		u.call(n)
	}
	return u.c.Runner().Stats().Executions == before+1
}

func (u *user) wantStored(stored bool) {
	u.t.Helper()
	if got := u.stores(); got != stored {
		u.t.Errorf("a result is stored: %v, want %v", got, stored)
	}
}

// wantLogged wants that it was said once, each time, that the disk was full, and that it was
// over.
func (u *user) wantLogged(times int) {
	u.t.Helper()
	for _, text := range []string{"the store does not answer", "the store answers again"} {
		n := strings.Count(u.log.String(), text)
		if u.size > 1000 && n > times && n <= 2*times {
			continue // after the last beginning that found room no result did
		}
		if n != times {
			u.t.Errorf("%q is logged %d times, want %d:\n%s", text, n, times, &u.log)
		}
	}
}

// administer does what workgen store does: it lists, deletes and collects.
func (u *user) administer() {
	t := u.t
	t.Helper()
	began := time.Now()
	for i, readOnly := range []bool{true, false, false, true} {
		s, err := disk.Open("", disk.Options{Dir: u.dir, Manual: true, ReadOnly: readOnly, MaxBytes: -1})
		if err != nil {
			t.Errorf("%d. open: %v", i, err)
			continue
		}
		var refs []store.Ref
		for r, err := range s.History(ctx, store.Filter{Newest: true, Status: []store.Status{store.Succeeded}, Limit: 100}) {
			if err != nil {
				t.Error(err)
			}
			refs = append(refs, r.Ref)
		}
		if i == 0 {
			u.found = len(refs)
		}
		if !readOnly {
			if n, err := s.Delete(ctx, refs...); n != len(refs) || err != nil {
				t.Errorf("%d. %d of %d results are deleted: %v", i, n, len(refs), err)
			}
			if err := s.GC(ctx); err != nil {
				t.Errorf("%d. GC: %v", i, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("listing, deleting and collecting took %v", took)
	}
}

// TestAStoreWhoseWriterWasKilledOnAFullDisk has a log, which is read by who opens it.
func TestAStoreWhoseWriterWasKilledOnAFullDisk(t *testing.T) {
	if inNamespace(t) {
		return
	}
	mount := smallDisk(t, "2m")
	live, dir := filepath.Join(t.TempDir(), "live"), filepath.Join(mount, "killed")
	s := open(t, live, disk.Options{})
	const results = 20
	for n := range results {
		put(t, s, n, noise(1000))
	}
	if err := os.CopyFS(dir, os.DirFS(live)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "store.db-shm")); err != nil {
		t.Fatal(err)
	}
	fillDisk(t, mount)
	u := &user{t: t, dir: dir}
	for _, want := range []int{results, 0, 0} {
		if u.administer(); u.found != want {
			t.Errorf("%d results are listed, want %d", u.found, want)
		}
		fillDisk(t, mount)
	}
}

// TestADatabaseThatIsDamagedOnAFullDisk is made anew when there is room for that.
func TestADatabaseThatIsDamagedOnAFullDisk(t *testing.T) {
	t.Parallel()
	if inNamespace(t) {
		return
	}
	mount := smallDisk(t, "2m")
	u := newUser(t, filepath.Join(mount, "store"), 500)
	u.calls(200)
	u.close()
	f, err := os.OpenFile(filepath.Join(u.dir, "store.db"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	for page := int64(5); page < 60; page += 5 {
		if _, err := f.WriteAt(make([]byte, 4096), page*4096); err != nil {
			t.Fatal(err)
		}
	}
	_ = f.Close()
	fillDisk(t, mount)
	u.open()
	u.calls(200)
	for n := range 200 {
		u.call(n)
	}
	freeDisk(t, mount)
	wantSoon(t, "results are stored again", u.stores)
	u.administer()
	if u.longest > u.timeout+u.timeout/2 {
		t.Errorf("a call took %v, and StoreTimeout is %v", u.longest, u.timeout)
	}
	if !strings.Contains(u.log.String(), "is damaged, and cannot be made anew: sqlite: database or disk is full") {
		t.Errorf("nobody says that the disk is full:\n%s", &u.log)
	}
}

// TestAFullDiskIsAnError fills a small file system.
func TestAFullDiskIsAnError(t *testing.T) {
	if inNamespace(t) {
		return
	}
	for name, size := range map[string]int{"small": 3000, "in files": 200_000} {
		t.Run(name, func(t *testing.T) {
			mount := smallDisk(t, "6m")
			dir := filepath.Join(mount, "store")
			s, err := disk.Open("", disk.Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			kept, failed := 0, 0
			for n := 0; failed < 5; n++ {
				l, err := begin(s, n)
				if err == nil {
					err = end(s, l, noise(size+n))
				}
				switch {
				case err == nil:
					kept = n + 1
				case errors.Is(err, syscall.ENOSPC):
					failed++
				default:
					t.Fatalf("error %v, want one that is ENOSPC", err)
				}
			}
			if kept < 5 {
				t.Fatalf("only %d results were kept", kept)
			}
			temps, _ := os.ReadDir(filepath.Join(dir, "tmp"))
			if len(temps) > 0 {
				t.Errorf("%d temporary files are left", len(temps))
			}
			wrong := 0
			for n := range kept {
				if data, err := read(s, n); !bytes.Equal(data, noise(size+n)) && !errors.Is(err, store.ErrNotFound) {
					t.Errorf("result %d: %d bytes, %v", n, len(data), err)
				} else if err != nil {
					wrong++ // was not kept
				}
			}
			if wrong > 5 {
				t.Errorf("%d of %d results are missing", wrong, kept)
			}
			// With more room it goes on.
			if err := syscall.Mount("tmpfs", mount, "tmpfs", syscall.MS_REMOUNT, "size=20m"); err != nil {
				t.Fatal(err)
			}
			put(t, s, 100_000, noise(size))
			if data, err := read(s, 100_000); !bytes.Equal(data, noise(size)) {
				t.Errorf("with more room: %d bytes, %v", len(data), err)
			}
			if err := s.GC(ctx); err != nil {
				t.Error(err)
			}
			wantNoOrphans(t, dir)
		})
	}
}

// TestTheReserveLeavesRoom: who makes it while another process makes room takes half of that.
func TestTheReserveLeavesRoom(t *testing.T) {
	if inNamespace(t) {
		return
	}
	mount := smallDisk(t, "1000k")
	dir := filepath.Join(mount, "store")
	open(t, dir, disk.Options{}).Close()
	reserve := filepath.Join(dir, "reserve")
	if err := os.Remove(reserve); err != nil {
		t.Fatal(err)
	}
	fillDisk(t, mount)
	const room = 120 << 10
	other := filepath.Join(mount, "other")
	info, err := os.Stat(other)
	if err == nil {
		err = os.Truncate(other, info.Size()-room)
	}
	if err != nil {
		t.Fatal(err)
	}
	open(t, dir, disk.Options{}).Close()
	if info, err = os.Stat(reserve); err != nil || info.Size() == 0 || info.Size() > room*2/3 {
		t.Errorf("of %d bytes the reserve takes %d, %v: want about half", room, info.Size(), err)
	}
}
