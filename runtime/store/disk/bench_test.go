package disk_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

var ctx = context.Background()

func keyOf(n int) key.Key { return sha256.Sum256([]byte(strconv.Itoa(n))) }

func refOf(n int) store.Ref {
	return store.Ref{Work: "example.com/daily.DataProcessor", Key: keyOf(n)}
}

func recordOf(n int) store.Record {
	now := time.Now()
	return store.Record{
		Ref: refOf(n), Schema: "s1", Code: "c1",
		Args: []store.Arg{
			{Name: "Source", Type: "string", Digest: [16]byte{1}, Text: "s3://sales"},
			{Name: "day", Type: "string", Digest: [16]byte{2}, Text: strconv.Itoa(n)},
		},
		Origin: store.Origin{Host: "here", PID: 4711, Program: "daily"}, Started: now, Finished: now, Attempt: 1,
	}
}

// begin begins an execution of a call.
func begin(s store.Store, n int) (store.Lease, error) { return s.Begin(ctx, recordOf(n)) }

// end ends an execution with its result.
func end(s store.Store, l store.Lease, data []byte) error {
	r := recordOf(0)
	r.Status = store.Succeeded
	return s.End(ctx, l, r, store.Bytes(data))
}

// stop ends an execution without anything.
func stop(s store.Store, l store.Lease) error {
	return s.End(ctx, l, store.Record{Status: store.Stopped}, nil)
}

// fail executes a call in vain.
func fail(s store.Store, r store.Record) error {
	l, err := s.Begin(ctx, r)
	if err == nil {
		r.Status = store.Failed
		err = s.End(ctx, l, r, nil)
	}
	return err
}

// get looks one call up.
func get(s store.Store, n int) (*store.Entry, error) {
	found := make([]store.Found, 1)
	err := s.Lookup(ctx, []store.Ref{refOf(n)}, found)
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

func put(t testing.TB, s store.Store, n int, data []byte) { t.Helper(); putAs(t, s, recordOf(n), data) }

func putAs(t testing.TB, s store.Store, r store.Record, data []byte) {
	t.Helper()
	l, err := s.Begin(ctx, r)
	if err == nil {
		r.Status = store.Succeeded
		err = s.End(ctx, l, r, store.Bytes(data))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkLookup(b *testing.B) {
	for _, size := range []int{100, 10_000, 1 << 20} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			s := open(b, b.TempDir(), disk.Options{})
			for n := range 100 {
				put(b, s, n, bytes.Repeat([]byte{byte(n)}, size))
			}
			buf := make([]byte, 64<<10)
			refs, found := make([]store.Ref, 1), make([]store.Found, 1)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				refs[0] = refOf(n % 100)
				err := s.Lookup(ctx, refs, found)
				e := found[0].Result()
				if err != nil || e == nil {
					b.Fatal(err)
				}
				for err == nil {
					_, err = e.Read(buf)
				}
				_ = e.Close()
				n++
			}
		})
	}
}

func BenchmarkMiss(b *testing.B) {
	s := open(b, b.TempDir(), disk.Options{})
	put(b, s, 0, nil)
	refs, found := []store.Ref{refOf(1)}, make([]store.Found, 1)
	for b.Loop() {
		_ = s.Lookup(ctx, refs, found)
	}
}

// BenchmarkLookupMany looks up 500 calls at once, of which half have a result.
func BenchmarkLookupMany(b *testing.B) {
	s := open(b, b.TempDir(), disk.Options{Relaxed: true})
	refs, found := make([]store.Ref, 500), make([]store.Found, 500)
	for n := range refs {
		if refs[n] = refOf(n); n%2 == 0 {
			put(b, s, n, make([]byte, 100))
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Lookup(ctx, refs, found); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBeginStop(b *testing.B) {
	s := open(b, b.TempDir(), disk.Options{})
	for b.Loop() {
		l, err := begin(s, 1)
		if err != nil {
			b.Fatal(err)
		}
		_ = stop(s, l)
	}
}

// BenchmarkPut executes calls, and tells the median time of End alone.
func BenchmarkPut(b *testing.B) {
	for _, relaxed := range []bool{false, true} {
		b.Run(fmt.Sprintf("relaxed=%v", relaxed), func(b *testing.B) {
			s := open(b, b.TempDir(), disk.Options{Relaxed: relaxed})
			data := make([]byte, 100)
			var took []time.Duration
			for b.Loop() {
				n := len(took)
				l, err := begin(s, n)
				if err != nil {
					b.Fatal(err)
				}
				began := time.Now()
				if err := end(s, l, data); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "median-end-µs")
		})
	}
}

// BenchmarkPutParallel has 64 goroutines execute calls, whose commits are grouped.
func BenchmarkPutParallel(b *testing.B) {
	s := open(b, b.TempDir(), disk.Options{})
	data := make([]byte, 100)
	var n atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			put(b, s, int(n.Add(1)), data)
		}
	})
}

func BenchmarkPutLarge(b *testing.B) {
	s := open(b, b.TempDir(), disk.Options{MaxBytes: 1 << 30})
	data := make([]byte, 64<<20)
	for i := range data {
		data[i] = byte(i * i >> 7)
	}
	b.SetBytes(int64(len(data)))
	n := 0
	for b.Loop() {
		data[n]++
		put(b, s, n, data)
		n++
	}
}

// BenchmarkFilePerResult is the peer: one file per result, as joblib does it,
// written and synced under another name and then renamed.
func BenchmarkFilePerResult(b *testing.B) {
	dir := b.TempDir()
	data := make([]byte, 100)
	path := func(n int) string { return filepath.Join(dir, keyOf(n).String()) }
	write := func(n int) error {
		f, err := os.Create(path(n) + ".tmp")
		if err != nil {
			return err
		}
		if _, err := f.Write(data); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		_ = f.Close()
		if err := os.Rename(path(n)+".tmp", path(n)); err != nil {
			return err
		}
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		defer d.Close()
		return d.Sync()
	}
	b.Run("put", func(b *testing.B) {
		n := 0
		for b.Loop() {
			if err := write(n); err != nil {
				b.Fatal(err)
			}
			n++
		}
	})
	b.Run("get", func(b *testing.B) {
		if err := write(0); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := os.ReadFile(path(0)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// workOf is one of ten.
func workOf(n int) string { return "example.com/daily.Work" + strconv.Itoa(n%10) }

// fill keeps many results of ten works.
func fill(t testing.TB, s store.Store, n int, size int) {
	const workers = 64
	done := make(chan struct{}, workers)
	for w := range workers {
		go func() {
			for i := w; i < n; i += workers {
				r := recordOf(i)
				r.Work = workOf(i)
				putAs(t, s, r, make([]byte, size))
			}
			done <- struct{}{}
		}()
	}
	for range workers {
		<-done
	}
}

// BenchmarkMany measures what takes long with 100,000 results of ten works.
func BenchmarkMany(b *testing.B) {
	const many = 100_000
	dir := b.TempDir()
	s := open(b, dir, disk.Options{Relaxed: true})
	fill(b, s, many, 100)
	for _, list := range []struct {
		name   string
		filter store.Filter
		want   int
	}{
		{"list 100 of a work", store.Filter{Work: workOf(0), Limit: 100}, 100},
		{"list a work", store.Filter{Work: workOf(0)}, many / 10},
		{"list all", store.Filter{}, many},
	} {
		b.Run(list.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for _, err := range s.History(ctx, list.filter) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n != list.want {
					b.Fatalf("%d records", n)
				}
			}
		})
	}
	b.Run("explain", func(b *testing.B) {
		r := recordOf(many)
		r.Work = workOf(many)
		r.Args[0].Digest, r.Args[1].Digest = [16]byte{3}, [16]byte{4}
		for b.Loop() {
			if why, err := store.Explain(ctx, s, r); err != nil || why.Cause != store.CauseArguments {
				b.Fatal(why, err)
			}
		}
	})
	b.Run("get", func(b *testing.B) {
		n := 0
		for b.Loop() {
			if _, err := get(s, n%many); err != nil {
				b.Fatal(err)
			}
			n += 7919
		}
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			s := open(b, dir, disk.Options{})
			b.StopTimer()
			_ = s.Close()
			b.StartTimer()
		}
	})
	b.Run("collect half", func(b *testing.B) {
		_ = s.Close()
		half := diskUse(b, dir) / 2
		longest := time.Duration(0)
		for b.Loop() { // once is all there is
			s := open(b, dir, disk.Options{MaxBytes: half, Manual: true})
			s.OnHeld(func(held time.Duration) { longest = max(longest, held) })
			if err := s.GC(ctx); err != nil {
				b.Fatal(err)
			}
			_ = s.Close()
		}
		b.ReportMetric(float64(longest.Microseconds())/1000, "longest-lock-ms")
	})
}
