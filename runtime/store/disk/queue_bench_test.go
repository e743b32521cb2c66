package disk_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store/disk"
)

// BenchmarkQueue pushes, takes and does one task after the other, beside other tasks that no worker
// serves. Its peer is BenchmarkPut.
func BenchmarkQueue(b *testing.B) {
	for _, relaxed := range []bool{false, true} {
		for _, others := range []int{0, 10_000} {
			b.Run(fmt.Sprintf("relaxed=%v/others=%d", relaxed, others), func(b *testing.B) {
				q := open(b, b.TempDir(), disk.Options{Relaxed: relaxed}).Queue()
				for n := range others {
					t := taskOf(0)
					t.Key, t.Route = keyOf(-1-n), queue.Route{2}
					if err := q.Push(ctx, t); err != nil {
						b.Fatal(err)
					}
				}
				t := taskOf(1)
				for b.Loop() {
					if err := q.Push(ctx, t); err != nil {
						b.Fatal(err)
					}
					if _, err := q.Take(ctx, workerOf(7)); err != nil {
						b.Fatal(err)
					}
					if err := q.Done(ctx, 7, t.Key); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkIdleLooks is what a worker that waits does four times in a second, beside 10,000 tasks
// that it does not serve.
func BenchmarkIdleLooks(b *testing.B) {
	q := open(b, b.TempDir(), disk.Options{Relaxed: true}).Queue()
	for n := range 10_000 {
		t := taskOf(0)
		t.Key, t.Route = keyOf(-1-n), queue.Route{2}
		if err := q.Push(ctx, t); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		limited, cancel := context.WithTimeout(ctx, time.Microsecond)
		_, _ = q.Take(limited, workerOf(7))
		cancel()
	}
}
