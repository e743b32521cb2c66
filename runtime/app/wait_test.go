package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
)

// TestAClickIsNotLostThatComesBeforeTheLoop clicks run when the page is there and
// the loop has not begun yet.
func TestAClickIsNotLostThatComesBeforeTheLoop(t *testing.T) {
	passes := 0
	a := &App{Wait: true, NoPage: true, Loop: &runtime.Loop{Flow: func(context.Context) error { passes++; return runtime.Stop }}}
	h := a.Handler()
	click := httptest.NewRequest(http.MethodPost, "/view/loop/run", nil)
	click.Host = "localhost"
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, click)
	if answer.Code >= 400 {
		t.Fatalf("%d: %s", answer.Code, answer.Body)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := a.Run(ctx); err != nil || passes != 1 {
		t.Errorf("%d passes, %v", passes, err)
	}
}
