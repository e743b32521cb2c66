//go:build unix

package disk_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/worker"
)

func init() { children["worker"] = workerChild }

// workerChild executes the calls of others. Its bodies do not end, if it is told so.
func workerChild(s *disk.Store, _ string, hangs int) {
	work := calls(s, func(n int) ([]byte, error) {
		say("executes", n)
		if hangs != 0 {
			time.Sleep(time.Hour)
		}
		return resultOf(n), nil
	})
	w := worker.Worker{Queue: s.Queue(), Slots: 2}
	say("ended", w.Serve(ctx, work.Runner()))
}

// caller is calls that are executed by workers.
func caller(s *disk.Store) *runtime.Calls[int, int, []byte] {
	return calls(s, func(int) ([]byte, error) { return nil, errors.New("the caller executes it") }, runtime.WithWorkers(s.Queue(), ""))
}

// wantWorkers waits until so many workers are there.
func wantWorkers(t *testing.T, s *disk.Store, n int) {
	t.Helper()
	wantSoon(t, fmt.Sprint(n, " workers"), func() bool {
		st, err := s.Queue().Status(ctx)
		return err == nil && len(st.Workers) == n
	})
}

// TestTheTaskOfAKilledWorkerIsExecutedByAnother, at once, and once.
func TestTheTaskOfAKilledWorkerIsExecutedByAnother(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store"), disk.Options{})
	c := caller(s)
	for n := range 3 {
		hangs := start(t, "worker", dir, 1)
		wantWorkers(t, s, 1)
		has := make(chan error)
		go func() {
			got, err := run(c, n)
			if err == nil && string(got) != string(resultOf(n)) {
				err = fmt.Errorf("%d bytes", len(got))
			}
			has <- err
		}()
		if line := hangs.line(t); line != fmt.Sprint("executes ", n) {
			t.Fatal(line)
		}
		wantTasks(t, s.Queue(), 0, 1)
		other := start(t, "worker", dir, 0)
		wantWorkers(t, s, 2)
		began := time.Now()
		_ = hangs.Process.Kill()
		if err := <-has; err != nil {
			t.Error(err)
		}
		took := time.Since(began)
		t.Logf("executed by another after %v", took)
		if took > 8*time.Second { // leases last ten
			t.Errorf("it took %v", took)
		}
		if line := other.line(t); line != fmt.Sprint("executes ", n) {
			t.Error(line)
		}
		wantSoon(t, "that the task is done", func() bool { // who called may have the result before that
			st, err := s.Queue().Status(ctx)
			return err == nil && len(st.Lengths) == 0 && len(st.Workers) == 1
		})
		_ = other.Process.Kill()
		for line := range other.lines {
			t.Errorf("the other one %s", line)
		}
		var statuses []store.Status
		for r, err := range s.History(ctx, store.Filter{Limit: 2}) {
			if err != nil {
				t.Fatal(err)
			}
			statuses = append(statuses, r.Status)
		}
		if !slices.Equal(statuses, []store.Status{store.Succeeded, store.Lost}) {
			t.Errorf("executions %v", statuses)
		}
		wantWorkers(t, s, 0)
	}
	if n := query(t, s.Dir(), "SELECT tasks + bytes + (SELECT count(*) FROM want) + (SELECT count(*) FROM argument) FROM queued"); n != 0 {
		t.Errorf("of an empty queue %d is left", n)
	}
}

// TestProcessesWakeEachOther: neither the worker waits for its next look for tasks, nor the caller
// for that of its store.
func TestProcessesWakeEachOther(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store"), disk.Options{})
	c := caller(s)
	start(t, "worker", dir, 0)
	wantWorkers(t, s, 1)
	time.Sleep(1500 * time.Millisecond) // until both listen
	var took []time.Duration
	for n := range 20 {
		began := time.Now()
		if _, err := run(c, n); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	t.Logf("there and back: %v", took)
	if median := took[len(took)/2]; median > 100*time.Millisecond {
		t.Errorf("there and back takes %v: by polling, it seems", median)
	}
}

// TestManyProcessesShareCallsOut: each is executed once, and nothing is left.
func TestManyProcessesShareCallsOut(t *testing.T) {
	const many = 100
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store"), disk.Options{})
	c := caller(s)
	var workers []*child
	for range 3 {
		workers = append(workers, start(t, "worker", dir, 0))
	}
	group, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	errs := make(chan error)
	for n := range many {
		go func() {
			_, err := c.Run(group, key.NewHash().Uint64(uint64(n)).Sum(), n, n)
			errs <- err
		}()
	}
	for range many {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d calls took %v", many, time.Since(began))
	wantSoon(t, "an empty queue", func() bool {
		st, err := s.Queue().Status(ctx)
		return err == nil && len(st.Lengths) == 0
	})
	executed := map[string]int{}
	for _, w := range workers {
		_ = w.Process.Kill()
		n := 0
		for line := range w.lines {
			executed[line]++
			n++
		}
		t.Logf("a worker executed %d", n)
	}
	for line, n := range executed {
		if n != 1 {
			t.Errorf("%s %d times", line, n)
		}
	}
	if len(executed) != many {
		t.Errorf("%d calls were executed, want %d", len(executed), many)
	}
}
