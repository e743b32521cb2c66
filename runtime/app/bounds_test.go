package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// TestServersWaitForNobodyForLong, who sends a header slowly or nothing at all.
func TestServersWaitForNobodyForLong(t *testing.T) {
	s := newServer(http.NotFoundHandler(), quiet)
	for name, timeout := range map[string]time.Duration{"header": s.ReadHeaderTimeout, "idle": s.IdleTimeout} {
		if timeout <= 0 || timeout > 2*time.Minute {
			t.Errorf("%s: %v", name, timeout)
		}
	}
}

// deadlines notes until when each write of an answer may take.
type deadlines struct {
	*httptest.ResponseRecorder
	next   time.Time
	writes []time.Time
}

func (d *deadlines) SetReadDeadline(time.Time) error     { return nil }
func (d *deadlines) SetWriteDeadline(at time.Time) error { d.next = at; return nil }
func (d *deadlines) Write(b []byte) (int, error) {
	d.writes = append(d.writes, d.next)
	d.next = time.Time{}
	return d.ResponseRecorder.Write(b)
}

func TestEveryWriteOfAStreamHasADeadline(t *testing.T) {
	r := start(t, &App{})
	h := &handler{site: &r.site}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	began := time.Now()
	r.Loop.Wake()
	h.events(d, httptest.NewRequest("GET", "/api/v1/events", nil).WithContext(ctx))
	late := func(at time.Time) bool { return at.Before(began) || at.After(time.Now().Add(streamTimeout)) }
	if len(d.writes) == 0 || slices.ContainsFunc(d.writes, late) {
		t.Errorf("deadlines %v", d.writes)
	}
}

// TestTextThatBelongsToASecretIsNotShown: stores should have none, but might.
func TestTextThatBelongsToASecretIsNotShown(t *testing.T) {
	args := []store.Arg{{Name: "password", Type: "string", Text: "hunter2", Secret: true}}
	if v := argViews(args); v[0].Text != "" || !v[0].Secret {
		t.Errorf("%+v", v)
	}
	if matchesArgs(args, "hunter") {
		t.Error("the search finds it")
	}
}

func TestLargeResultsStayInTheStore(t *testing.T) {
	s := memory.New(0)
	for _, size := range []int{100, maxDecoded + 1} {
		first := newWork("large.Work", func(context.Context, string) (string, error) { return strings.Repeat("x", size), nil }, runtime.WithStore(s))
		day := string(rune('a' + size%26))
		if _, err := first.Run(t.Context(), day); err != nil {
			t.Fatal(err)
		}
		w := newWork("large.Work", echo, runtime.WithStore(s))
		r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
		calls := get[executionsView](t, r, "/api/v1/executions?q="+day)
		if len(calls.Executions) == 0 {
			t.Fatal("the call is not listed")
		}
		if v := detail(t, r, calls.Executions[0].Call); (v.Result.Text == nil) != (size > maxDecoded) {
			t.Errorf("%d bytes: shown %v", size, v.Result.Text != nil)
		}
	}
}

func TestReasonsAreRemembered(t *testing.T) {
	w := newWork("reason.Work", echo, runtime.WithStore(memory.New(0)))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	w.Run(t.Context(), "a")
	for range 2 {
		if v := detail(t, r, w.call(1)); v.Why.Kind != "new" {
			t.Errorf("why: %+v", v.Why)
		}
	}
	if n := r.site.reasons.Len(); n != 1 {
		t.Errorf("%d are remembered", n)
	}
}
