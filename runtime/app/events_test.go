package app

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime"
)

// said is an event of a stream.
type said struct{ name, data string }

// open returns the events of a stream.
func (r *running) open(t *testing.T, path string) (next func() said) {
	t.Helper()
	req, _ := http.NewRequestWithContext(t.Context(), "GET", r.url+path, nil)
	req.Header.Set("Accept", "text/event-stream")
	answer, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatal(answer.Status, answer.Header)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<22)
	return func() (s said) {
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "event":
				s.name = value
			case "data":
				s.data = value
			case "":
				if s.name != "" && s.name != "alive" {
					return s
				}
			}
		}
		t.Fatal("the stream has ended: ", lines.Err())
		return s
	}
}

// follow returns the status after each event.
func follow(t *testing.T, r *running) (next func() statusView) {
	t.Helper()
	read := r.open(t, "/api/v1/events")
	first := read()
	want(t, "first event", first.name, "status")
	var v statusView
	if err := json.Unmarshal([]byte(first.data), &v); err != nil {
		t.Fatal(err)
	}
	told := false
	return func() statusView {
		if !told {
			told = true
			return v
		}
		s := read()
		want(t, "event", s.name, "change")
		var change struct {
			statusView
			Gone []string
		}
		change.App, change.Loop, change.Workers, change.Queues = v.App, v.Loop, v.Workers, v.Queues
		if err := json.Unmarshal([]byte(s.data), &change); err != nil {
			t.Fatal(err)
		}
		is := change.statusView
		is.Works = slices.DeleteFunc(v.Works, func(w workView) bool { return slices.Contains(change.Gone, w.ID) })
		for _, w := range change.Works {
			if i := slices.IndexFunc(is.Works, func(o workView) bool { return o.ID == w.ID }); i >= 0 {
				is.Works[i] = w
			} else {
				is.Works = append(is.Works, w)
			}
		}
		v = is
		return v
	}
}

func TestEventsTellOfWhatHasChangedOnly(t *testing.T) {
	a, b := newWork("one.Work", echo), newWork("two.Work", echo)
	r := start(t, &App{Wait: true, Works: []*runtime.Runner{a.Runner, b.Runner}})
	next := r.open(t, "/api/v1/events")
	next()
	b.Run(t.Context(), "a")
	change := next()
	if change.name != "change" || strings.Contains(change.data, "one.Work") || !strings.Contains(change.data, "two.Work") || strings.Contains(change.data, `"app"`) {
		t.Errorf("got %s", change)
	}
	before, _ := membersOf(statusView{Works: []workView{{ID: "x"}, {ID: "y"}}})
	now, _ := membersOf(statusView{Works: []workView{{ID: "y"}}})
	data, err := before.change(now)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "what has gone", string(data), `{"gone":["x"],"works":[]}`)
	data, _ = now.change(now)
	want(t, "nothing", data == nil, true)
}

func TestEventsTellOfChanges(t *testing.T) {
	w := newWork("told.Work", echo)
	r := start(t, &App{Wait: true, Works: []*runtime.Runner{w.Runner}})
	next := follow(t, r)
	want(t, "state at first", next().Loop.State, "paused")
	w.Run(t.Context(), "a")
	for next().Works[0].Executions != 1 {
	}
	r.post(t, "/api/v1/loop/run")
	for next().Loop.Pass != 1 {
	}
	w.ForgetAll()
	for next().Works[0].Entries != 0 {
	}
}

func TestStreamsEndWithTheApp(t *testing.T) {
	r := start(t, &App{})
	answer, err := r.client.Get(r.url + "/api/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	for b := make([]byte, 1000); err == nil; {
		_, err = answer.Body.Read(b)
	}
	if err != io.EOF {
		t.Errorf("the stream was cut off: %v", err)
	}
}

type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

func TestAnErrorWhoseTextPanicsIsShown(t *testing.T) {
	var failure *nilError // not nil once it is an error
	w := newWork("example.com/nil.Error", func(context.Context, string) (string, error) { return "", failure })
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}, Loop: &runtime.Loop{
		KeepGoing: true, Logger: quiet,
		Flow: func(ctx context.Context) error {
			_, err := w.Run(ctx, "a")
			return err
		},
	}})
	next := follow(t, r)
	eventually(t, "the error is shown", func() bool {
		v := next()
		return strings.Contains(v.Works[0].Reason, "*app.nilError") && strings.Contains(v.Loop.Error, "*app.nilError")
	})
	if _, body := r.do(t, "GET", "/view/works/"+get[worksView](t, r, "/api/v1/works").Works[0].ID+"?q=nilError", ""); !strings.Contains(body, "*app.nilError") {
		t.Error("the page of the work does not show the error")
	}
}
