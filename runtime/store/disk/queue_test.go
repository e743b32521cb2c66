package disk_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/queue/queuetest"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

func TestQueue(t *testing.T) {
	t.Parallel() // mostly waits
	queuetest.Test(t, func(t *testing.T) func() queue.Queue {
		dir := t.TempDir()
		return func() queue.Queue { return open(t, dir, disk.Options{Lease: 2 * time.Second}).Queue() }
	})
}

// taskOf is a task of call n.
func taskOf(n int) queue.Task {
	return queue.Task{Ref: refOf(n), Route: queue.Route{1}, Args: noise(100 + n), Caller: 1, Origin: recordOf(n).Origin}
}

// workerOf is a worker that takes it.
func workerOf(id uint64) queue.Worker {
	return queue.Worker{ID: id, Origin: recordOf(0).Origin, Slots: 1, Serves: []queue.Served{{Work: refOf(0).Work, Route: queue.Route{1}}}}
}

func push(t testing.TB, q queue.Queue, calls ...int) {
	t.Helper()
	for _, n := range calls {
		if err := q.Push(ctx, taskOf(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// take takes the task of call n, which must be there or come.
func take(t testing.TB, q queue.Queue, worker uint64, n int) queue.Task {
	t.Helper()
	limited, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	got, err := q.Take(limited, workerOf(worker))
	if err != nil || got.Ref != refOf(n) || !bytes.Equal(got.Args, taskOf(n).Args) {
		t.Fatalf("took %v, %d bytes, %v, want call %d", got.Ref, len(got.Args), err, n)
	}
	return got
}

// wantTasks wants a queue that has so many tasks.
func wantTasks(t testing.TB, q queue.Queue, queued, taken int) {
	t.Helper()
	st, err := q.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var sum queue.Length
	for _, l := range st.Lengths {
		sum.Queued += l.Queued
		sum.Taken += l.Taken
	}
	if sum.Queued != queued || sum.Taken != taken {
		t.Errorf("%d tasks are queued and %d taken, want %d and %d", sum.Queued, sum.Taken, queued, taken)
	}
}

func TestAFullQueueRefuses(t *testing.T) {
	defer disk.SetMaxTasks(3)()
	s := open(t, t.TempDir(), disk.Options{MaxBytes: 1 << 20})
	q := s.Queue()
	push(t, q, 1, 2, 3)
	if err := q.Push(ctx, taskOf(4)); !errors.Is(err, queue.ErrFull) {
		t.Errorf("a task too many: %v", err)
	}
	push(t, q, 3) // which is there
	take(t, q, 7, 1)
	if err := q.Done(ctx, 7, keyOf(1)); err != nil {
		t.Fatal(err)
	}
	push(t, q, 4)
	if err := errors.Join(q.Withdraw(ctx, keyOf(3), 1), q.Withdraw(ctx, keyOf(4), 1)); err != nil {
		t.Fatal(err)
	}
	large := taskOf(5)
	large.Args = noise(200 << 10)
	if err := q.Push(ctx, large); err != nil {
		t.Fatal(err)
	}
	large.Key = keyOf(6)
	if err := q.Push(ctx, large); !errors.Is(err, queue.ErrFull) {
		t.Errorf("more bytes than a fourth of what the store may have: %v", err)
	}
	large.Args = make([]byte, 17<<20)
	if err := q.Push(ctx, large); err == nil || !strings.Contains(err.Error(), "put what is large into a file") {
		t.Errorf("too many bytes: %v", err)
	}
	wantTasks(t, q, 2, 0)
}

func TestAQueueOfAStoreThatIsReadOnlyOrClosed(t *testing.T) {
	dir := t.TempDir()
	writes := open(t, dir, disk.Options{})
	push(t, writes.Queue(), 1)
	use := func(s *disk.Store, want error) {
		t.Helper()
		q := s.Queue()
		for what, err := range map[string]error{
			"Push":   q.Push(ctx, taskOf(2)),
			"Take":   second(q.Take(ctx, workerOf(7))),
			"Report": second(q.Report(ctx, workerOf(7), nil)),
			"Done":   q.Done(ctx, 7, keyOf(1)),
			"Leave":  q.Leave(ctx, 7),
		} {
			if !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", what, err, want)
			}
		}
	}
	s := open(t, dir, disk.Options{ReadOnly: true})
	wantTasks(t, s.Queue(), 1, 0)
	use(s, store.ErrReadOnly)
	s.Close()
	use(s, store.ErrClosed)
	if _, err := s.Queue().Status(ctx); !errors.Is(err, store.ErrClosed) {
		t.Error(err)
	}
	take(t, writes.Queue(), 8, 1)
	time.AfterFunc(50*time.Millisecond, func() { _ = writes.Close() })
	if _, err := writes.Queue().Take(ctx, workerOf(8)); !errors.Is(err, store.ErrClosed) {
		t.Errorf("who waited when the store was closed: %v", err)
	}
}

// TestTheTasksOfAStoreThatIsClosedAreFree, though its worker has not left.
func TestTheTasksOfAStoreThatIsClosedAreFree(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	push(t, s.Queue(), 1)
	take(t, s.Queue(), 7, 1)
	s.Close()
	other := open(t, dir, disk.Options{})
	wantTasks(t, open(t, dir, disk.Options{ReadOnly: true}).Queue(), 1, 0)
	began := time.Now()
	if got := take(t, other.Queue(), 8, 1); got.Taken != 2 || time.Since(began) > 10*time.Second {
		t.Errorf("taken the %dth time after %v", got.Taken, time.Since(began))
	}
	st, err := other.Queue().Status(ctx)
	if err != nil || len(st.Workers) != 1 || st.Workers[0].ID != 8 {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestTasksThatNobodyTakesGo(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{Manual: true})
	push(t, s.Queue(), 1, 2, 3)
	take(t, s.Queue(), 7, 1)
	query(t, dir, "UPDATE task SET queued = queued - 8 * 24 * 3600000000 WHERE seq < 3")
	if err := s.GC(ctx); err != nil {
		t.Fatal(err)
	}
	wantTasks(t, s.Queue(), 1, 1)
	if n := query(t, dir, "SELECT tasks FROM queued"); n != 2 {
		t.Errorf("it counts %d tasks", n)
	}
}

// TestADamagedTaskIsPushedAgain: nobody takes it as it is.
func TestADamagedTaskIsPushedAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	q := s.Queue()
	for _, harm := range []string{
		"UPDATE argument SET data = zeroblob(length(data)) WHERE task = (SELECT min(seq) FROM task)",
		"DELETE FROM argument WHERE task = (SELECT min(seq) FROM task)",
		"UPDATE task SET key = zeroblob(32) WHERE seq = (SELECT min(seq) FROM task)",
		"UPDATE task SET queued = 17 WHERE seq = (SELECT min(seq) FROM task)",
		"UPDATE task SET route = zeroblob(32) WHERE seq = (SELECT min(seq) FROM task)",
		"UPDATE task SET pool = 'x' WHERE seq = (SELECT min(seq) FROM task)",
		"UPDATE task SET due = 1 << 60 WHERE seq = (SELECT min(seq) FROM task)", // as if the clock was set back
	} {
		push(t, q, 1, 2)
		query(t, dir, harm)
		take(t, q, 7, 2)
		push(t, q, 1)
		take(t, q, 7, 1)
		if err := errors.Join(q.Done(ctx, 7, keyOf(1)), q.Done(ctx, 7, keyOf(2))); err != nil {
			t.Fatal(err)
		}
		wantTasks(t, q, 0, 0)
	}
	if n := query(t, dir, "SELECT tasks + bytes + (SELECT count(*) FROM want) + (SELECT count(*) FROM argument) FROM queued"); n != 0 {
		t.Errorf("of an empty queue %d is left", n)
	}
}

// TestTasksStayWhenTheDatabaseIsMadeAnew.
func TestTasksStayWhenTheDatabaseIsMadeAnew(t *testing.T) {
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.DiscardHandler))
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	q := s.Queue()
	push(t, q, 1, 2, 3)
	take(t, q, 7, 1)
	before := query(t, dir, "SELECT tasks * 1000000 + bytes FROM queued")
	s.FindDamage()
	wantSoon(t, "another database", func() bool { return slices.Equal(databases(t, dir), []string{"store.1.db"}) })
	if after := query(t, dir, "SELECT tasks * 1000000 + bytes FROM queued"); after != before {
		t.Errorf("it counts %d, and counted %d", after, before)
	}
	wantTasks(t, q, 2, 1)
	take(t, q, 8, 2)
	if reply, err := q.Report(ctx, workerOf(7), nil); err != nil || len(reply.Unwanted) > 0 {
		t.Errorf("%+v, %v", reply, err)
	}
	if err := errors.Join(q.Done(ctx, 7, keyOf(1)), q.Done(ctx, 8, keyOf(2)), s.Check(ctx)); err != nil {
		t.Error(err)
	}
	wantTasks(t, q, 1, 0)
}

// databases returns the names of the databases in a directory.
func databases(t *testing.T, dir string) (names []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "store*.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return names
}
