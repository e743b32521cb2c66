package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime"
)

// wire is the answer to a request as it goes over a connection.
type wire struct {
	mu     sync.Mutex
	header http.Header
	body   bytes.Buffer
	chunks int
}

const framing = 10 // bytes of a chunk beside its content, rather more than less

func (w *wire) Header() http.Header { return w.header }
func (w *wire) WriteHeader(int)     {}
func (w *wire) Flush()              {}
func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.chunks++
	return w.body.Write(b)
}

func (w *wire) size() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.body.Len() + w.chunks*framing
}

// text returns what was said, which may be cut off.
func (w *wire) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	z, err := gzip.NewReader(bytes.NewReader(w.body.Bytes()))
	if err != nil {
		return err.Error()
	}
	text, _ := io.ReadAll(z)
	return string(text)
}

// watched opens the stream of a page, as a browser does, until ctx ends.
func watched(ctx context.Context, h http.Handler, path string) *wire {
	w := &wire{header: http.Header{}}
	r := httptest.NewRequestWithContext(ctx, "GET", "http://localhost"+path, nil)
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	go h.ServeHTTP(w, r)
	return w
}

// flowing is an app of n works, all of which its flow calls in each pass: 100 ms from one to the next. If it is
// changing, each is another call every time, and otherwise all but the first ones are hits.
func flowing(n int, heartbeat time.Duration, changing bool) (*App, http.Handler) {
	var all []*runtime.Runner
	var works []*work
	for i := range n {
		w := newWork(fmt.Sprintf("pipeline/step%03d.Work", i), func(ctx context.Context, day string) (string, error) {
			time.Sleep(time.Duration(rand.IntN(90_000)) * time.Microsecond)
			if i%50 == 7 {
				return "", errors.New("the source answers 503")
			}
			return day, nil
		}, runtime.MaxEntries(5))
		works, all = append(works, w), append(all, w.Runner)
	}
	pass := 0
	a := &App{NoPage: true, Logger: quiet, Works: all, Loop: &runtime.Loop{Logger: quiet, Heartbeat: heartbeat, KeepGoing: true, Flow: func(context.Context) error {
		if changing {
			pass++
		}
		var group sync.WaitGroup
		for _, w := range works {
			group.Go(func() { w.Run(context.Background(), fmt.Sprint("day ", pass)) })
		}
		group.Wait()
		time.Sleep(100 * time.Millisecond)
		return nil
	}}}
	return a, a.Handler()
}

// rate is what the stream of a page costs, in bytes a second, and what was said all along.
func rate(t *testing.T, n int, heartbeat time.Duration, changing bool, path string) (perSecond float64, text string) {
	synctest.Test(t, func(t *testing.T) {
		a, h := flowing(n, heartbeat, changing)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- a.Run(ctx) }()
		time.Sleep(2 * time.Second)
		w := watched(ctx, h, path)
		time.Sleep(5 * time.Second) // the page as a whole
		const seconds = 15
		before := w.size()
		time.Sleep(seconds * time.Second)
		perSecond = float64(w.size()-before) / seconds
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		text = w.text()
	})
	return perSecond, text
}

func TestAStreamCostsLittle(t *testing.T) {
	for name, c := range map[string]struct {
		works    int
		every    time.Duration
		changing bool
		most     float64
		path     string
	}{
		"idle":           {8, time.Second, false, 1000, "/view"},
		"asleep":         {8, -1, false, 100, "/view"},
		"all the time":   {8, 100 * time.Millisecond, true, 5000, "/view"},
		"300 at a time":  {300, 100 * time.Millisecond, true, 20_000, "/view"},
		"idle, the flow": {8, time.Second, false, 1000, "/view/flow"},
		"300 in a flow":  {300, 100 * time.Millisecond, true, 20_000, "/view/flow"},
		"300, which hit": {300, time.Second, false, 20_000, "/view"},
	} {
		t.Run(name, func(t *testing.T) {
			perSecond, text := rate(t, c.works, c.every, c.changing, c.path)
			t.Logf("%.0f bytes a second, %d events", perSecond, strings.Count(text, "event: page"))
			if perSecond > c.most {
				t.Errorf("%.0f bytes a second, want %.0f at most; it ends with\n%s", perSecond, c.most, text[max(0, len(text)-2000):])
			}
			if strings.Count(text, "event: page") < 2 && c.every > 0 {
				t.Error("the stream does not follow the page")
			}
		})
	}
}

// TestAStreamMakesThePage compares what a page's stream leads to with the page.
func TestAStreamMakesThePage(t *testing.T) {
	w := newWork("followed.Work", flaky)
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	next := r.open(t, "/view/works/followed.Work")
	var page []string
	read := func() {
		s := next()
		want(t, "event", s.name, "page")
		page = patched(t, page, []byte(s.data))
	}
	read()
	for i, day := range []string{"a", "b", "bad"} {
		w.Run(t.Context(), day)
		for !strings.Contains(strings.Join(page, ""), fmt.Sprintf(`view/calls/%s#`, w.call(uint64(i+1)))) {
			read()
		}
	}
	whole := patched(t, nil, []byte(r.open(t, "/view/works/followed.Work")().data))
	for !slices.Equal(page, whole) { // or it hangs
		read()
	}
}

func TestAStreamOfNothingIsAnError(t *testing.T) {
	r := start(t, &App{})
	answer, _ := r.do(t, "GET", "/view/works/none", "", "Accept: text/event-stream")
	want(t, "status", answer.StatusCode, http.StatusNotFound)
}

func TestAStreamSaysWhoAnswersAndWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, h := flowing(1, -1, false)
		defer a.site.stop()
		ctx, cancel := context.WithCancel(t.Context())
		w := watched(ctx, h, "/view")
		time.Sleep(time.Minute)
		cancel()
		synctest.Wait()
		var times []int64
		for line := range strings.Lines(w.text()) {
			if data, ok := strings.CutPrefix(line, `data: {"process"`); ok {
				var v struct{ Now int64 }
				if err := json.Unmarshal([]byte(`{"process"`+data), &v); err != nil {
					t.Fatal(err)
				}
				times = append(times, v.Now)
			}
		}
		if len(times) != 12 && len(times) != 13 {
			t.Errorf("%d signs of life in a minute", len(times))
		}
		want(t, "the last one", times[len(times)-1]/5000*5000 <= time.Now().UnixMilli(), true)
	})
}

// TestAnswersAreCompressed for those who want that.
func TestAnswersAreCompressed(t *testing.T) {
	w := newWork("small.Work", echo)
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	for i := range 30 {
		w.Run(t.Context(), fmt.Sprint(i))
	}
	for _, path := range []string{"/view", "/view/works/small.Work", "/api/v1/executions", "/static/style.css", "/static/script.js"} {
		answer, text := r.do(t, "GET", path, "", "Accept-Encoding: gzip")
		_, plain := r.do(t, "GET", path, "", "Accept-Encoding: identity")
		want(t, path+": encoding", answer.Header.Get("Content-Encoding"), "gzip")
		if len(text) > len(plain)/2 {
			t.Errorf("%s: %d bytes of %d", path, len(text), len(plain))
		}
	}
}
