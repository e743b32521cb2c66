package disk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

var ctx = context.Background()

func opened(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	o.Dir = dir
	s, err := Open("", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func numbered(n byte) key.Key { return sha256.Sum256([]byte{n}) }

func ref(n byte) store.Ref { return store.Ref{Work: "w", Key: numbered(n)} }

// begin begins an execution of a call.
func begin(s *Store, n byte) (store.Lease, error) { return s.Begin(ctx, store.Record{Ref: ref(n)}) }

// put ends an execution with a result.
func put(s *Store, l store.Lease, data []byte) error {
	return s.End(ctx, l, store.Record{Status: store.Succeeded}, store.Bytes(data))
}

func keep(s *Store, n byte) error {
	l, err := begin(s, n)
	if err == nil {
		err = put(s, l, []byte{n})
	}
	return err
}

// fail executes a call in vain.
func fail(s *Store, r store.Record) error {
	l, err := s.Begin(ctx, r)
	if err == nil {
		r.Status = store.Failed
		err = s.End(ctx, l, r, nil)
	}
	return err
}

// get looks one call up.
func get(ctx context.Context, s *Store, n byte) (*store.Entry, error) {
	found := make([]store.Found, 1)
	err := s.Lookup(ctx, []store.Ref{ref(n)}, found)
	switch {
	case err != nil:
		return nil, err
	case found[0].Damaged != nil:
		return nil, found[0].Damaged
	case found[0].Result() == nil:
		return nil, store.ErrNotFound
	}
	return found[0].Result(), nil
}

func TestDurableCommitsWaitForTheDisk(t *testing.T) {
	const normal, full = 1, 2
	for _, relaxed := range []bool{false, true} {
		s := opened(t, t.TempDir(), Options{Relaxed: relaxed})
		for _, durable := range []bool{true, false, true} {
			want := int64(normal)
			if durable && !relaxed {
				want = full
			}
			var got int64
			err := s.w.write(ctx, durable, func(tx *tx) (err error) {
				got, err = tx.value(`PRAGMA synchronous`)
				return err
			})
			if got != want || err != nil {
				t.Errorf("durable %v, relaxed %v: synchronous is %d, %v, want %d", durable, relaxed, got, err, want)
			}
		}
	}
}

// TestWhoWritesWaitsForTheLockThatIsThere, though it has another one that was removed.
func TestWhoWritesWaitsForTheLockThatIsThere(t *testing.T) {
	defer slog.SetDefault(slog.Default())
	var said bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&said, nil)))
	dir := t.TempDir()
	s := opened(t, dir, Options{Manual: true})
	if err := keep(s, 1); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, writeLockFile)); err != nil {
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
	written := make(chan error, 1)
	go func() { written <- keep(s, 2) }()
	select {
	case err := <-written:
		t.Fatalf("it is written while another one has the write lock: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if err := unlockFile(lock); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	for n := range byte(2) {
		if _, err := get(ctx, s, n+1); err != nil {
			t.Error(n+1, err)
		}
	}
	if !isAt(s.w.lock) || said.Len() > 0 {
		t.Errorf("its lock is not that of the directory, or it says %s", &said)
	}
}

// block has a writer do nothing, under the write lock and in a transaction that has written
// something, until it is told to go on.
func block(t *testing.T, s *Store) (goOn func()) {
	t.Helper()
	began, end, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		err := s.w.write(ctx, true, func(tx *tx) error {
			err := tx.q(`UPDATE total SET files = files + 0`).run()
			close(began)
			<-end
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}()
	<-began
	return func() { close(end); <-done }
}

func TestReadersDoNotWaitForWriters(t *testing.T) {
	dir := t.TempDir()
	// Without collectors, which Close ends before writers.
	s, other := opened(t, dir, Options{Manual: true}), opened(t, dir, Options{Manual: true})
	if err := keep(s, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := begin(s, 2); err != nil {
		t.Fatal(err)
	}
	goOn := block(t, s)
	for _, h := range []*Store{s, other} {
		if e, err := get(ctx, h, 1); err != nil || e.Data[0] != 1 {
			t.Errorf("Lookup: %v", err)
		}
		if _, err := get(ctx, h, 2); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Lookup: %v", err)
		}
		if _, err := begin(h, 2); !errors.Is(err, store.ErrHeld) {
			t.Errorf("Begin of what is held: %v", err)
		}
		n := 0
		for _, err := range h.History(ctx, store.Filter{}) {
			if n++; err != nil {
				t.Error(err)
			}
		}
		if n != 2 {
			t.Errorf("%d records", n)
		}
	}
	// Writers do, and leave when their context ends.
	for _, h := range []*Store{s, other} {
		ended, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		if _, err := h.Delete(ended, ref(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Delete: %v", err)
		}
		cancel()
	}
	goOn()
	for _, h := range []*Store{s, other} {
		h.w.close() // when all is written
	}
	if _, err := get(ctx, s, 1); err != nil {
		t.Errorf("what nobody waited for any more was deleted: %v", err)
	}
}

func TestCloseWaitsForWhatIsBeingWritten(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true})
	goOn := block(t, s)
	written, closed := make(chan error, 1), make(chan struct{})
	go func() { _, err := s.Delete(ctx, ref(1)); written <- err }()
	await(t, func() bool { return queued(s) == 1 })
	go func() {
		s.w.close()
		close(closed)
	}()
	await(t, func() bool {
		s.w.mu.Lock()
		defer s.w.mu.Unlock()
		return s.w.closed
	})
	select {
	case <-closed:
		t.Error("close did not wait")
	case <-time.After(10 * time.Millisecond):
	}
	goOn()
	<-closed
	if err := <-written; err != nil {
		t.Error(err)
	}
}

func TestWhoDoesNotGetTheTurnIsTold(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true}) // else the collector has the file in use
	if err := s.w.lock.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Delete(ctx, ref(1)); !errors.Is(err, os.ErrClosed) && !errors.Is(err, syscall.EBADF) {
		t.Errorf("error %v", err)
	}
}

func queued(s *Store) int {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	return len(s.w.queue)
}

func await(t *testing.T, so func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never so")
		}
	}
}

func TestCommitsAreGroupedAndIndependent(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true}) // nobody else is in the queue
	failure := errors.New("cannot be written")
	goOn := block(t, s)
	const n = 20
	type outcome struct {
		i   int
		err error
	}
	outcomes := make(chan outcome, n)
	runs := make(chan int, 10*n)
	for i := range n {
		go func() {
			outcomes <- outcome{i, s.w.write(ctx, true, func(tx *tx) error {
				runs <- i
				if i == 7 {
					return refusal{store.ErrLost}
				}
				err := tx.q(`INSERT INTO work(id, name) VALUES(?, ?)`).int(int64(i + 1)).text(string(rune('a' + i))).run()
				if i == 13 {
					err = failure
				}
				return err
			})}
		}()
	}
	await(t, func() bool { return queued(s) >= n })
	goOn()
	for range n {
		o := <-outcomes
		want := map[int]error{7: store.ErrLost, 13: failure}[o.i]
		if o.err != want {
			t.Errorf("op %d: error %v, want %v", o.i, o.err, want)
		}
	}
	if len(runs) <= n {
		t.Errorf("%d runs of %d ops: they were not in one group that failed", len(runs), n)
	}
	var have int64
	err := s.w.write(ctx, false, func(tx *tx) (err error) {
		have, err = tx.value(`SELECT count(*) FROM work`)
		return err
	})
	if have != n-2 || err != nil {
		t.Errorf("%d ops have written, %v, want %d", have, err, n-2)
	}
}

// TestWatchesAreWokenByTheHolder: not by asking again and again.
// TestWhoWaitsForAnAnswerDoesNotAskAllTheTime: a thousand of them would keep the
// processors busy.
// TestNothingIsLeftOfWaiting looks for what would pile up.
// TestAResultThatGoesWhileItIsGotIsNotFound: that its file is gone then is no damage.
// TestManyReadersShareFewConnections: each has a cache, and files.
// TestWhoseContextEndsHasFoundNoDamage: the file is gone, and nobody knows why.
