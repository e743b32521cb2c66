//go:build linux

package disk_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/workgen/workgen/runtime/store/disk"
)

// TestAQueueOnAFullDisk: nothing can be pushed, and what is there can be listed and withdrawn, and
// makes room.
func TestAQueueOnAFullDisk(t *testing.T) {
	if inNamespace(t) {
		return
	}
	for _, size := range []int{2000, 30_000} {
		mount := smallDisk(t, "2m")
		s := open(t, filepath.Join(mount, "store"), disk.Options{})
		q := s.Queue()
		var err error
		n := 0
		for ; err == nil; n++ {
			task := taskOf(n)
			task.Args = noise(size)
			err = q.Push(ctx, task)
		}
		if n--; n < 10 || !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("error %v after %d tasks", err, n)
		}
		fillDisk(t, mount)
		wantTasks(t, q, n, 0)
		for i := range n {
			if err := q.Withdraw(ctx, keyOf(i), 1); err != nil {
				t.Fatalf("withdrawing %d of %d tasks: %v", i, n, err)
			}
		}
		wantTasks(t, q, 0, 0)
		freeDisk(t, mount)
		if err := s.GC(ctx); err != nil {
			t.Error(err)
		}
		for i := range n / 4 {
			task := taskOf(i)
			task.Args = noise(size)
			if err := q.Push(ctx, task); err != nil {
				t.Fatalf("pushing %d of %d tasks: %v", i, n/4, err)
			}
		}
		if got, err := q.Take(ctx, workerOf(7)); err != nil || got.Key != keyOf(0) || len(got.Args) != size {
			t.Errorf("took %v, %v", got.Key, err)
		}
	}
}
