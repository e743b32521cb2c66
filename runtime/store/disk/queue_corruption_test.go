//go:build unix

package disk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store/disk"
)

// TestAQueueThatIsDamagedHeals harms the files of stores: no task is taken that nobody pushed, and
// when all were pushed once more, all are taken, and the queue is empty.
func TestAQueueThatIsDamagedHeals(t *testing.T) {
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.DiscardHandler))

	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	type harmed struct{ number, seed uint64 }
	all := []harmed{{5, 17778470836792382343}} // a row of arguments is read as a task
	for i := range *corruptions {
		all = append(all, harmed{uint64(i), seed})
	}
	for _, h := range all {
		t.Run(fmt.Sprintf("%d of %d", h.number, h.seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(h.seed, h.number))
			dir := t.TempDir()
			s := open(t, dir, disk.Options{Relaxed: true})
			pushAll(t, s.Queue())
			for range keys / 4 {
				if _, err := s.Queue().Take(ctx, workerOf(7)); err != nil {
					t.Fatal(err)
				}
			}
			s.Close()
			t.Log(harm(t, r, dir))
			s = open(t, dir, disk.Options{Relaxed: true})
			var left map[int]bool
			for range 3 { // damage shows when what it hides is pushed again
				if left = drain(t, s.Queue(), r); len(left) == 0 {
					break
				}
			}
			if len(left) > 0 {
				t.Errorf("%d of %d tasks are not taken", len(left), keys)
			}
			wantTasks(t, s.Queue(), 0, 0)
			if err := errors.Join(s.GC(ctx), s.Check(ctx)); err != nil {
				t.Error(err)
			}
		})
	}
}

// largeTaskOf is taskOf with more arguments, some of which have pages of their own.
func largeTaskOf(n int) queue.Task {
	t := taskOf(n)
	t.Args = resultFor(n)
	return t
}

func pushAll(t *testing.T, q queue.Queue) {
	t.Helper()
	for n := range keys {
		if err := q.Push(ctx, largeTaskOf(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// drain pushes all tasks, and takes and ends tasks until there are none. It returns the calls of
// which none was there.
func drain(t *testing.T, q queue.Queue, r *rand.Rand) (left map[int]bool) {
	t.Helper()
	pushAll(t, q)
	left = map[int]bool{}
	for n := range keys {
		left[n] = true
	}
	for id := 100 + r.Uint64N(100); ; {
		limited, cancel := context.WithTimeout(ctx, time.Second)
		task, err := q.Take(limited, workerOf(id))
		cancel()
		if err != nil {
			return left
		}
		known := false
		for n := range keys {
			if task.Key == keyOf(n) {
				known = true
				delete(left, n)
				if !bytes.Equal(task.Args, resultFor(n)) {
					t.Errorf("task %d has wrong arguments", n)
				}
			}
		}
		if !known {
			t.Errorf("took %v, which nobody pushed", task.Key)
		}
		if err := q.Done(ctx, id, task.Key); err != nil {
			t.Error(err)
		}
	}
}
