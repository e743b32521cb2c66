package runtime

import (
	"context"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// This file is about code of the user's that runs while a store is used.

type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

func TestAnErrorWhoseTextPanicsIsNoted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		var failure *nilError // not nil once it is an error
		f := storing(s, func(context.Context, string) (string, error) { return "", failure })
		_, err := f.Run(t.Context(), "a")
		wantErr(t, err, failure)
		settled(t, f)
		r := records(t, s)[0]
		want(t, "status", r.Status, store.Failed)
		want(t, "names the type", strings.Contains(r.Error, "*runtime.nilError"), true)
	})
}
