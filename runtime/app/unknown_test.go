package app

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// silent is a store that does not tell what it has.
type silent struct{ store.Store }

func (silent) History(context.Context, store.Filter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		yield(store.Record{}, errors.New("connection refused"))
	}
}

// TestNobodySaysThatNothingFailedWhoDoesNotKnow has a store that does not answer.
func TestNobodySaysThatNothingFailedWhoDoesNotKnow(t *testing.T) {
	w := newWork("stored.Work", echoed, runtime.WithStore(silent{memory.New(0)}))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	eventually(t, "a look at the store has ended", func() bool {
		r.do(t, "GET", "/view", "") // which has it begin
		return len(r.site.glance.last().failures) > 0
	})
	_, text := r.do(t, "GET", "/api/v1/now", "")
	var v nowView
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	want(t, "there may be more", v.Failed.Partly, true)
	// Lists have what memory has, and say that the rest is missing.
	w.Run(t.Context(), "a")
	for _, path := range []string{"/view/executions", "/view/works/stored.Work"} {
		answer, page := r.do(t, "GET", path, "")
		if answer.StatusCode != 200 || !strings.Contains(page, "it does not answer: connection refused") {
			t.Errorf("%s: %s, and it does not say what is missing", path, answer.Status)
		}
	}
	if list := get[executionsView](t, r, "/api/v1/executions"); list.Unread != "connection refused" || list.Next != "" {
		t.Errorf("got %+v", list)
	}
	if _, _, err := r.site.filtered(t.Context(), url.Values{}, time.Local, 10); err == nil {
		t.Error("something is done to a part of all")
	}
	if _, page := r.do(t, "GET", "/view", ""); !strings.Contains(page, "None of those that were looked at.") {
		t.Error("the page does not say that not all were looked at")
	}
}

// TestACallIsShownAsFarAsItIsKnown although its store does not answer, which is said.
func TestACallIsShownAsFarAsItIsKnown(t *testing.T) {
	w := newWork("silent.Work", echoed, runtime.WithStore(silent{memory.New(0)}))
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}})
	w.Run(t.Context(), "monday")
	key := w.latest()
	v := detail(t, r, key)
	if v.Unread != "connection refused" || v.Arguments[0].Text != `"monday"` || v.Status != "succeeded" || v.Result.Text == nil || v.Why.Kind == "" {
		t.Errorf("got %+v", v)
	}
	wantOnPage(t, r, "/view/calls/"+key, "What is in the store is missing here, for it does not answer: connection refused", "monday")
	for _, path := range []string{"/view/calls/" + strings.Repeat("ab", 32), "/api/v1/calls/" + strings.Repeat("ab", 32), "/api/v1/calls/" + key + "/log"} {
		if answer, text := r.do(t, "GET", path, ""); answer.StatusCode != 503 || !strings.Contains(text, "the store does not answer") {
			t.Errorf("%s: %s: %s", path, answer.Status, text)
		}
	}
}
