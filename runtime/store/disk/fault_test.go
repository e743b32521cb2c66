package disk_test

import (
	"bytes"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

// read gets a whole result.
func read(s store.Store, n int) ([]byte, error) {
	e, err := get(s, n)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	return io.ReadAll(e)
}

func noise(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

// files returns the files of large results.
func files(t testing.TB, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "results"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// query runs SQL behind the store's back.
func query(t testing.TB, dir, text string) (n int64) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "store*.db"))
	if err != nil || len(paths) != 1 {
		t.Fatal(paths, err)
	}
	db, err := sql.Open("sqlite", "file:"+paths[0]+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if strings.HasPrefix(text, "SELECT") {
		err = db.QueryRow(text).Scan(&n)
	} else {
		_, err = db.Exec(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func wantNoOrphans(t *testing.T, dir string) {
	t.Helper()
	if have, want := int64(len(files(t, dir))), query(t, dir, "SELECT count(*) FROM file"); have != want {
		t.Errorf("%d files, %d are known", have, want)
	}
	if have, want := query(t, dir, "SELECT coalesce(sum(size), 0) FROM file"), query(t, dir, "SELECT files FROM total"); have != want {
		t.Errorf("files have %d bytes, the total says %d", have, want)
	}
	if have, want := query(t, dir, "SELECT count(*) FROM result"), query(t, dir, "SELECT count(*) FROM execution WHERE status = 1"); have != want {
		t.Errorf("%d results of %d calls", have, want)
	}
}

// TestDamageIsAReportedMiss damages everything that is kept of a result, one thing at
// a time.
func TestDamageIsAReportedMiss(t *testing.T) {
	flip := func(at int64) func(path string) error {
		return func(path string) error {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b[(at+int64(len(b)))%int64(len(b))] ^= 0x10
			return os.WriteFile(path, b, 0o600)
		}
	}
	onFile := func(do func(path string) error) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := do(files(t, dir)[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
	onRow := func(text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) { query(t, dir, text) }
	}
	const large, small = 300_000, 100
	for name, c := range map[string]struct {
		size   int
		damage func(t *testing.T, dir string)
	}{
		"file removed": {large, onFile(os.Remove)},
		"file cut":     {large, onFile(func(path string) error { return os.Truncate(path, 1000) })},
		"file emptied": {large, onFile(func(path string) error { return os.Truncate(path, 0) })},
		"file longer":  {large, onFile(func(path string) error { return os.Truncate(path, 400_000) })},
		"first byte":   {large, onFile(flip(0))},
		"byte inside":  {large, onFile(flip(150_000))},
		"last byte":    {large, onFile(flip(-1))},
		"file of zeros": {large, onFile(func(path string) error {
			i, _ := os.Stat(path)
			return os.WriteFile(path, make([]byte, i.Size()), 0o600)
		})},
		"data changed":    {small, onRow("UPDATE result SET data = zeroblob(100)")},
		"data cut":        {small, onRow("UPDATE result SET data = substr(data, 1, 99)")},
		"data emptied":    {small, onRow("UPDATE result SET data = ''")},
		"compressed":      {8000, onRow("UPDATE result SET data = zeroblob(length(data))")},
		"name changed":    {large, onRow("UPDATE result SET data = zeroblob(40)")},
		"name cut":        {large, onRow("UPDATE result SET data = substr(data, 1, 10)")},
		"size":            {small, onRow("UPDATE result SET size = size + 1")},
		"huge size":       {small, onRow("UPDATE result SET size = 1 << 60")},
		"form":            {small, onRow("UPDATE result SET form = form + 1")},
		"unknown form":    {small, onRow("UPDATE result SET form = 99")},
		"token":           {small, onRow("UPDATE result SET seq = seq + 1; UPDATE execution SET seq = seq + 1")},
		"finished":        {small, onRow("UPDATE result SET finished = finished + 1")},
		"expires":         {small, onRow("UPDATE result SET expires = 1 << 60")},
		"sum":             {small, onRow("UPDATE result SET sum = zeroblob(16)")},
		"no sum":          {small, onRow("UPDATE result SET sum = ''")},
		"of another call": {small, onRow("UPDATE execution SET key = (SELECT key FROM execution WHERE status = 7) WHERE status = 1; DELETE FROM execution WHERE status = 7")},
		"record":          {small, onRow("UPDATE execution SET record = zeroblob(60); UPDATE result SET sum = ''")},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, disk.Options{})
			put(t, s, 1, noise(c.size))
			n := 1
			if name == "of another call" {
				n = 2
				if _, err := begin(s, 2); err != nil {
					t.Fatal(err)
				}
			}
			c.damage(t, dir)
			var corrupt *store.CorruptError
			e, err := get(s, n)
			if err == nil && strings.HasPrefix(name, "file ") && name != "file of zeros" {
				t.Error("Lookup did not look at the file")
			}
			var data []byte
			if err == nil {
				data, err = io.ReadAll(e)
				_ = e.Close()
			}
			if !errors.As(err, &corrupt) || corrupt.Key != keyOf(n) {
				t.Fatalf("read %d bytes, %v, want a CorruptError", len(data), err)
			}
			if _, err := read(s, n); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the second time: %v, want ErrNotFound", err)
			}
			found := 0
			for r, err := range s.History(ctx, store.Filter{Status: []store.Status{store.Unreadable}}) {
				if found++; err != nil || r.Key != keyOf(n) || r.Error == "" || r.Gone.IsZero() {
					t.Errorf("listed as %+v, %v", r, err)
				}
			}
			if found != 1 {
				t.Errorf("listed %d times", found)
			}
			if n == 2 {
				return
			}
			put(t, s, 1, noise(c.size))
			if data, err := read(s, 1); !bytes.Equal(data, noise(c.size)) {
				t.Errorf("put again, and read %d bytes, %v", len(data), err)
			}
			if err := s.GC(ctx); err != nil {
				t.Error(err)
			}
			wantNoOrphans(t, dir)
		})
	}
}

// TestADamagedRecordIsListedAsSuch: the result is as good as before.
func TestADamagedRecordIsListedAsSuch(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	put(t, s, 1, noise(100))
	query(t, dir, "UPDATE execution SET record = zeroblob(60)")
	n := 0
	for r, err := range s.History(ctx, store.Filter{}) {
		if n++; err != nil || r.Status != store.Unreadable || r.Error == "" || r.Key != keyOf(1) {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if data, err := read(s, 1); n != 1 || !bytes.Equal(data, noise(100)) {
		t.Errorf("listed %d times, %d bytes, %v", n, len(data), err)
	}
}

// TestAFileIsSharedAndHealed: two results of the same bytes are in one file, and one
// that was damaged is good again once its bytes are put by anybody.
func TestAFileIsSharedAndHealed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	data := noise(300_000)
	put(t, s, 1, data)
	put(t, s, 2, data)
	paths := files(t, dir)
	if len(paths) != 1 {
		t.Fatalf("files %v", paths)
	}
	if err := os.Truncate(paths[0], 10); err != nil {
		t.Fatal(err)
	}
	put(t, s, 3, data)
	for n := 1; n <= 3; n++ {
		if got, err := read(s, n); !bytes.Equal(got, data) {
			t.Errorf("result %d: %d bytes, %v", n, len(got), err)
		}
		if _, err := s.Delete(ctx, refOf(n)); err != nil {
			t.Fatal(err)
		}
	}
	if paths := files(t, dir); len(paths) != 0 {
		t.Errorf("files %v of no result", paths)
	}
	wantNoOrphans(t, dir)
}

func TestAnEntryOutlivesItsResult(t *testing.T) {
	s := open(t, t.TempDir(), disk.Options{})
	data := noise(3_000_000)
	put(t, s, 1, data)
	e, err := get(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Delete(ctx, refOf(1)); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(e)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	_ = e.Close()
}

func TestANewerStoreIsNotOpened(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, disk.Options{}).Close()
	query(t, dir, "PRAGMA user_version = 99")
	_, err := disk.Open("", disk.Options{Dir: dir})
	var version *disk.VersionError
	if !errors.As(err, &version) || version.Have != 99 || !strings.Contains(err.Error(), "update the program") {
		t.Errorf("error %v", err)
	}
}

func TestADatabaseThatIsNoneBeginsAnew(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	put(t, s, 2, noise(100_000))
	s.Close()
	if err := os.WriteFile(filepath.Join(dir, "store.db"), noise(10_000), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	s = open(t, dir, disk.Options{})
	put(t, s, 1, noise(100))
	if n := strings.Count(log.String(), "is made anew"); n != 1 {
		t.Errorf("the log says %s", &log)
	}
	wantSoon(t, "that files of what is lost go", func() bool { return len(files(t, dir)) == 0 })
	if data, err := read(open(t, dir, disk.Options{}), 1); err != nil || !bytes.Equal(data, noise(100)) {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

func TestWhereAStoreIs(t *testing.T) {
	base := t.TempDir()
	t.Setenv("WORKGEN_STORE", base)
	s, err := disk.Open("daily", disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := os.Stat(filepath.Join(base, "daily", "store.db")); err != nil {
		t.Error(err)
	}
	t.Setenv("WORKGEN_STORE", "")
	t.Setenv("XDG_CACHE_HOME", base)
	t.Setenv("HOME", base)
	if dir, err := disk.Dir("daily"); err != nil || !strings.HasPrefix(dir, base) || !strings.HasSuffix(dir, filepath.Join("workgen", "daily")) {
		t.Errorf("%s, %v", dir, err)
	}
	for _, name := range []string{"", "..", "a/b"} {
		if dir, err := disk.Dir(name); err == nil {
			t.Errorf("store %q is in %s", name, dir)
		}
	}
}

func TestLongPathsWork(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 40))
	s, other := open(t, dir, disk.Options{}), open(t, dir, disk.Options{})
	l, err := begin(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	changed, stop := other.Watch(refOf(1))
	defer stop()
	if _, err := begin(other, 1); !errors.Is(err, store.ErrHeld) {
		t.Fatal(err)
	}
	if err := end(s, l, []byte("x")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
	case <-time.After(10 * time.Second):
		t.Error("no wake")
	}
}

// TestAFailedCommitLeavesNoFile: the file has its name by then.
func TestAFailedCommitLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	query(t, dir, "CREATE TRIGGER refuse BEFORE INSERT ON result BEGIN SELECT RAISE(FAIL, 'no'); END")
	l, err := begin(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := end(s, l, noise(300_000)); err == nil {
		t.Fatal("nothing failed")
	}
	if paths := files(t, dir); len(paths) != 0 {
		t.Errorf("files %v are left", paths)
	}
	query(t, dir, "DROP TRIGGER refuse")
	if err := end(s, l, noise(300_000)); err != nil {
		t.Errorf("with the same lease: %v", err)
	}
	wantNoOrphans(t, dir)
}

// TestDamageOfAnOldResultSparesTheNewOne: who still reads the old one finds it.
func TestDamageOfAnOldResultSparesTheNewOne(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	put(t, s, 1, noise(3_000_000))
	e, err := get(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := os.Truncate(files(t, dir)[0], 1000); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Delete(ctx, refOf(1)); err != nil {
		t.Fatal(err)
	}
	put(t, s, 1, []byte("new"))
	var corrupt *store.CorruptError
	if _, err := io.ReadAll(e); !errors.As(err, &corrupt) {
		t.Errorf("error %v, want a CorruptError", err)
	}
	if data, err := read(s, 1); string(data) != "new" {
		t.Errorf("%q, %v", data, err)
	}
}

// TestAKeyThatWasCutEndsNothing: neither who lists nor who is told of deletions.
func TestAKeyThatWasCutEndsNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{Relaxed: true, Manual: true})
	var told atomic.Int64
	s.OnDelete(func(refs []store.Ref) bool { told.Add(int64(len(refs))); return true })
	put(t, s, 1, noise(100))
	query(t, dir, "UPDATE execution SET key = x'01'")
	query(t, dir, "INSERT INTO deleted(key) VALUES(x'')")
	listed := 0
	for _, err := range s.History(ctx, store.Filter{}) {
		if listed++; err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Delete(ctx, refOf(2)); err != nil || listed != 1 {
		t.Errorf("listed %d, %v", listed, err)
	}
	wantSoon(t, "who listens is told", func() bool { return told.Load() == 2 })
}
