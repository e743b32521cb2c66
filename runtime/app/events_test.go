package app

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime"
)

// follow reads events; each is the status of that moment.
func follow(t *testing.T, r *running) (next func() statusView) {
	t.Helper()
	answer, err := r.client.Get(r.url + "/api/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatal(answer.Status, answer.Header)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	return func() (v statusView) {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &v); err != nil {
					t.Fatal(err)
				}
				return v
			}
		}
		t.Fatal("the stream has ended: ", lines.Err())
		return v
	}
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
