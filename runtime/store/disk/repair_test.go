package disk

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

// TestTheNewestDatabaseIsTheOneThatCounts, at once and for all, though who made it has died
// before the older one was removed.
func TestTheNewestDatabaseIsTheOneThatCounts(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	s := opened(t, dir, Options{})
	l, err := begin(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"store.2.db", "store.1.db"}
	for _, name := range names {
		if _, err := salvage(s.path(), filepath.Join(elsewhere, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		if err := os.Rename(filepath.Join(elsewhere, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := put(s, l, []byte("x")); err != nil {
		t.Fatal(err)
	}
	other := opened(t, dir, Options{})
	found := make([]store.Found, 1)
	if err := other.Lookup(ctx, []store.Ref{ref(1)}, found); err != nil || found[0].Result() == nil {
		t.Errorf("what one has put another does not find: %+v, %v", found[0], err)
	}
	if filepath.Base(s.path()) != "store.2.db" || s.path() != other.path() {
		t.Errorf("%s and %s are open", s.path(), other.path())
	}
	for _, name := range []string{"store.db", "store.1.db"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
}

// TestADatabaseThatIsMadeAnewIsLikeANewOne, and whole.
func TestADatabaseThatIsMadeAnewIsLikeANewOne(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true})
	for n := range byte(100) {
		if err := keep(s, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Queue().Push(ctx, queue.Task{Ref: ref(1), Caller: 1}); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	anew := filepath.Join(t.TempDir(), databaseFile)
	if n, err := salvage(s.path(), anew); err != nil || n.results != 100 || n.executions != 100 {
		t.Fatal(n, err)
	}
	describe := func(path string) (all []string) {
		c, err := openConn(path, readWrite)
		if err != nil {
			t.Fatal(err)
		}
		defer c.close()
		for _, sql := range []string{
			`SELECT sql FROM sqlite_master WHERE sql > '' ORDER BY name`, `PRAGMA application_id`, `PRAGMA user_version`,
			`PRAGMA journal_mode`, `PRAGMA auto_vacuum`, `SELECT count(*), max(seq) FROM execution INDEXED BY execution_key WHERE key > 0`,
			`SELECT count(*) FROM execution INDEXED BY execution_work`, `PRAGMA integrity_check`,
		} {
			for q := c.q(sql); ; {
				more, err := q.step()
				if err != nil {
					t.Fatal(err)
				}
				if !more {
					break
				}
				all = append(all, q.colString(0))
			}
		}
		return all
	}
	if diff := cmp.Diff(describe(s.path()), describe(anew)); diff != "" {
		t.Errorf("(-new +made anew):\n%s", diff)
	}
}

// TestNobodyRemovesWhatIsBeingRebuilt: only what was left by who has died goes.
func TestNobodyRemovesWhatIsBeingRebuilt(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true})
	if err := makeFile(s.rebuilt()); err != nil {
		t.Fatal(err)
	}
	lock, err := s.directory()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := lockFile(lock, false, true); err != nil {
		t.Fatal(err)
	}
	swept := make(chan struct{})
	go func() { s.sweep(); close(swept) }()
	select {
	case <-swept:
	case <-time.After(50 * time.Millisecond):
	}
	if _, err := os.Stat(s.rebuilt()); err != nil {
		t.Error("it is removed while somebody has the write lock")
	}
	_ = unlockFile(lock)
	<-swept
	if _, err := os.Stat(s.rebuilt()); err == nil {
		t.Error("it stays for ever")
	}
}

// TestAListHasAllThatCanBeRead, also what was read before the damage was met.
func TestAListHasAllThatCanBeRead(t *testing.T) {
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.DiscardHandler))
	const most, lost = 200, 30 // as many records are in a page of the database at most
	dir := t.TempDir()
	s := opened(t, dir, Options{Relaxed: true, Manual: true})
	for n := range byte(most) {
		if err := fail(s, store.Record{Ref: ref(n), Log: strings.Repeat(strconv.Itoa(int(n))+" ", 50)}); err != nil {
			t.Fatal(err)
		}
	}
	_ = s.Close()
	path := filepath.Join(dir, databaseFile)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte("100 100 100 "))
	clear(b[at&^4095:][:4096])
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s = opened(t, dir, Options{Manual: true})
	seen := map[key.Key]int{}
	for r, err := range s.History(ctx, store.Filter{}) {
		if seen[r.Key]++; err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) < most-lost || seen[numbered(0)] != 1 || seen[numbered(most-1)] != 1 {
		t.Errorf("of %d records %d are listed, %d and %d times the first and the last", most, len(seen), seen[numbered(0)], seen[numbered(most-1)])
	}
}

// TestNobodyMendsWhatIsNotHis: the shared memory of a store that is in the place of another.
func TestNobodyMendsWhatIsNotHis(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := opened(t, dir, Options{Manual: true})
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	other := opened(t, dir, Options{Manual: true})
	if _, err := begin(other, 1); err != nil {
		t.Fatal(err)
	}
	shared := other.path() + "-shm"
	before, err := os.Stat(shared)
	if err != nil {
		t.Fatal(err)
	}
	s.w.torn.Store(true)
	for range 2 {
		if err := s.w.touch(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if after, err := os.Stat(shared); err != nil || after.Size() != before.Size() {
		t.Errorf("%d bytes of shared memory have become %d, %v", before.Size(), after.Size(), err)
	}
}

// TestADatabaseThatWasMadeAnewWithoutAQueueHasOneAgain: by a program that knows none. The tasks
// are lost, and pushed again.
func TestADatabaseThatWasMadeAnewWithoutAQueueHasOneAgain(t *testing.T) {
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.DiscardHandler))
	dir := t.TempDir()
	a, b := opened(t, dir, Options{}), opened(t, dir, Options{})
	task := queue.Task{Ref: ref(1), Route: queue.Route{1}, Caller: 1}
	w := queue.Worker{ID: 7, Serves: []queue.Served{{Work: "w", Route: queue.Route{1}}}}
	if err := a.Queue().Push(ctx, task); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Queue().Take(ctx, w); err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "store.1.db")
	if err := makeFile(elsewhere); err != nil {
		t.Fatal(err)
	}
	c, err := openConn(elsewhere, readWrite)
	if err == nil {
		err = create(c)
		c.close()
	}
	if err == nil {
		err = os.Rename(elsewhere, filepath.Join(dir, "store.1.db"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Queue().Done(ctx, 7, task.Key); err != nil {
		t.Error(err)
	}
	if st, err := a.Queue().Status(ctx); err != nil || len(st.Workers) != 0 {
		t.Errorf("%+v, %v", st, err)
	}
	if reply, err := b.Queue().Report(ctx, w, []key.Key{task.Key}); err != nil || len(reply.Unwanted) != 1 {
		t.Errorf("%+v, %v", reply, err)
	}
	if err := a.Queue().Push(ctx, task); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Queue().Take(ctx, w); err != nil || got.Key != task.Key || got.Taken != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if filepath.Base(a.path()) != "store.1.db" {
		t.Errorf("%s is open", a.path())
	}
}

// TestTablesThatWereNotCommittedAreMadeAgain: what was to be written together with them was not.
func TestTablesThatWereNotCommittedAreMadeAgain(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true})
	failed := errors.New("cannot be written")
	err := s.w.write(ctx, false, func(tx *tx) error {
		if err := tx.makeQueue(); err != nil {
			return err
		}
		if found, err := tx.hasQueue(); !found || err != nil {
			t.Error(found, err)
		}
		return failed
	})
	if err != failed {
		t.Fatal(err)
	}
	if err := s.Queue().Push(ctx, queue.Task{Ref: ref(1), Caller: 1}); err != nil {
		t.Error(err)
	}
	if filepath.Base(s.path()) != databaseFile {
		t.Errorf("the database was made anew: %s", s.path())
	}
}
