package disk_test

import (
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/codec"
	"github.com/workgen/workgen/runtime/store/disk"
)

// peak runs f and returns how many more bytes were in use at once than before.
func peak(f func()) int64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	used := func() int64 {
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64())
	}
	before := used()
	done, most := make(chan struct{}), make(chan int64)
	go func() {
		var top int64
		for {
			top = max(top, used()-before)
			select {
			case <-done:
				most <- top
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	f()
	close(done)
	return <-most
}

// BenchmarkGiB puts and gets a result of 1 GiB, and measures how much memory that takes
// at most: none besides the value, but for some buffers. The value of Get is part of
// what it takes.
func BenchmarkGiB(b *testing.B) {
	type large struct{ Data []byte }
	const size = 1 << 30
	s := open(b, b.TempDir(), disk.Options{MaxBytes: -1})
	v := &large{make([]byte, size)}
	_, _ = rand.NewChaCha8([32]byte{}).Read(v.Data)
	n := 0
	b.Run("put", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			n++
			l, err := s.Acquire(ctx, keyOf(n))
			if err != nil {
				b.Fatal(err)
			}
			most := peak(func() { err = s.Put(ctx, l, recordOf(n), store.Encoded(codec.Default, "s1", v)) })
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(most)/1e6, "peak-MB")
		}
	})
	v = nil
	b.Run("get", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			var back large
			var err error
			most := peak(func() {
				var e *store.Entry
				if e, err = s.Get(ctx, keyOf(n)); err == nil {
					err = codec.Default.Decode(e, "s1", &back)
					_ = e.Close()
				}
			})
			if err != nil || len(back.Data) != size {
				b.Fatal(len(back.Data), err)
			}
			b.ReportMetric(float64(most)/1e6, "peak-MB")
		}
	})
}
