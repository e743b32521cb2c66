package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	goruntime "runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store/disk"
)

// recorded makes many calls, one in a hundred of which fails.
func recorded(b *testing.B, w *work, n int) {
	b.Helper()
	var group sync.WaitGroup
	for part := range 50 {
		group.Go(func() {
			for i := part; i < n; i += 50 {
				day := fmt.Sprint("day ", i)
				if i%100 == 99 {
					day += " bad"
				}
				w.Run(context.Background(), day)
			}
		})
	}
	group.Wait()
}

// BenchmarkFirstPaint is the server's time for the page of a work with 100,000
// calls, and of one of them.
func BenchmarkFirstPaint(b *testing.B) {
	const n = 100_000
	for _, kind := range []string{"memory", "disk"} {
		b.Run(kind, func(b *testing.B) {
			opts := []runtime.Option{runtime.History(n)}
			if kind == "disk" {
				s, err := disk.Open("", disk.Options{Dir: b.TempDir(), Relaxed: true})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				opts = []runtime.Option{runtime.WithStore(s)}
			}
			w := newWork("paint.Work", flaky, opts...)
			a := &App{NoPage: true, Logger: quiet, Works: []*runtime.Runner{w.Runner}, Loop: &runtime.Loop{Flow: func(context.Context) error { return nil }}}
			handler := a.Handler()
			defer a.site.stop()
			recorded(b, w, n)
			var key string
			for d := range runtime.Inspect(w.Runner).Calls(0) {
				key = address("paint.Work", d.Key, d.Number)
				break
			}
			for name, path := range map[string]string{
				"app": "/view", "work": "/view/works/paint.Work", "failed": "/view/works/paint.Work?status=failed",
				"succeeded": "/view/works/paint.Work?status=succeeded", "search": "/view/works/paint.Work?q=day+50000", "call": "/view/calls/" + key,
			} {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						answer := httptest.NewRecorder()
						handler.ServeHTTP(answer, httptest.NewRequest("GET", "http://localhost"+path, nil))
						if answer.Code != http.StatusOK {
							b.Fatal(answer.Body)
						}
					}
				})
			}
		})
	}
}

// BenchmarkCompletion is what one call costs in a storm of them: alone; in an app
// that nobody watches; and with streams that are read, those that are not, and a
// page that is fetched anew four times a second, as a browser does. At 10,000
// completions a second, 5 µs more are 5% of a processor.
func BenchmarkCompletion(b *testing.B) {
	for _, kind := range []string{"alone", "app", "watched"} {
		b.Run(kind, func(b *testing.B) {
			w := newWork("storm.Work", echo, runtime.MaxEntries(1000))
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var done atomic.Bool
			if kind != "alone" {
				a := &App{Addr: "127.0.0.1:0", NoPage: true, Logger: quiet, Stderr: io.Discard, Works: []*runtime.Runner{w.Runner}, Loop: &runtime.Loop{Flow: func(context.Context) error { return nil }}}
				server := httptest.NewServer(a.Handler())
				defer server.Close()
				go a.Run(ctx)
				defer a.site.stop()
				if kind == "watched" {
					defer server.CloseClientConnections()
					watch(ctx, b, server.URL, &done)
				}
			}
			var before, after goruntime.MemStats
			goruntime.GC()
			goruntime.ReadMemStats(&before)
			i := 0
			for b.Loop() {
				i++
				if _, err := w.Run(ctx, strconv.Itoa(i)); err != nil {
					b.Fatal(err)
				}
			}
			done.Store(true)
			goruntime.GC()
			goruntime.ReadMemStats(&after)
			b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1024, "KiB-grown")
		})
	}
}

// watch opens ten streams that are read and ten that are not, and fetches a page.
func watch(ctx context.Context, b *testing.B, url string, done *atomic.Bool) {
	for i := range 20 {
		req, _ := http.NewRequestWithContext(ctx, "GET", url+"/api/v1/events", nil)
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		if i%2 == 0 {
			go io.Copy(io.Discard, answer.Body)
		}
	}
	go func() {
		for !done.Load() {
			if answer, err := http.Get(url + "/view"); err == nil {
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
			}
			time.Sleep(250 * time.Millisecond)
		}
	}()
}
