package generator_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/testdata/golden/panics"
)

func TestAPanicOfAMarshallerFailsTheEncoding(t *testing.T) {
	token, good := panics.NewToken("x"), panics.Version{Major: 1}
	type input struct {
		base   panics.Version
		token  panics.Token
		list   []panics.Version
		byName map[string]panics.Token
		source panics.Source
	}
	fine := input{good, token, []panics.Version{good}, map[string]panics.Token{"a": token}, good}
	for name, c := range map[string]struct {
		typ   string
		spoil func(in *input)
	}{
		"keyed field": {"panics.Version", func(in *input) { in.base = panics.Version{} }},
		"argument":    {"panics.Token", func(in *input) { in.token = panics.Token{} }},
		"slice":       {"panics.Version", func(in *input) { in.list = []panics.Version{good, {}, good} }},
		"map":         {"panics.Token", func(in *input) { in.byName = map[string]panics.Token{"a": token, "b": {}} }},
		"interface":   {"panics.Version", func(in *input) { in.source = &panics.Version{} }},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := memory.New(0)
			in := fine
			c.spoil(&in)
			r := panics.NewSignRunner(&panics.Sign{Base: &in.base}, runtime.WithStore(s), runtime.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			for range 2 {
				if n, err := r.Run(t.Context(), &in.token, in.list, in.byName, in.source); n != len(in.list)+len(in.byName) || err != nil {
					t.Errorf("Run: %d, %v", n, err)
				}
			}
			if n, err := r.Start(t.Context(), &in.token, in.list, in.byName, in.source).Wait(t.Context()); n == 0 || err != nil {
				t.Errorf("Start: %d, %v", n, err)
			}
			if k := r.Key(&in.token, in.list, in.byName, in.source); !k.IsZero() {
				t.Errorf("the key is %s", k)
			}
			if _, ok := r.Lookup(&in.token, in.list, in.byName, in.source); ok || r.Forget(&in.token, in.list, in.byName, in.source) {
				t.Error("the call is found")
			}
			if stats := r.Stats(); stats.Executions != 3 || stats.Unkeyed != 3 || stats.Entries != 0 {
				t.Errorf("%+v", stats)
			}
			if text := log.String(); strings.Count(text, "cannot be keyed") != 1 || !strings.Contains(text, "a method that encodes") ||
				!strings.Contains(text, c.typ+" panicked: runtime error") {
				t.Errorf("the log says %s", text)
			}
			in = fine
			for range 2 {
				if _, err := r.Run(t.Context(), &in.token, in.list, in.byName, in.source); err != nil {
					t.Error(err)
				}
			}
			if stats := r.Stats(); stats.Executions != 4 {
				t.Errorf("a call of what can be encoded: %+v", stats)
			}
		})
	}
}

func TestAPanicWhileCopyingFailsThoseWhoWantTheCopy(t *testing.T) {
	ctx := t.Context()
	pack, split := panics.NewPackRunner(&panics.Pack{}), panics.NewSplitRunner(&panics.Split{})
	broken := func(what string, f func() error) {
		t.Helper()
		panics.Broken.Store(true)
		defer panics.Broken.Store(false)
		err := f()
		if p := (*runtime.PanicError)(nil); !errors.As(err, &p) || p.Value != "box is broken" || len(p.Stack) == 0 {
			t.Errorf("%s: error %v, want a PanicError", what, err)
		}
	}
	packed := func() error { _, err := pack.Run(ctx, &panics.Box{N: 1}); return err }
	two := func() error { _, _, err := split.Run(ctx, 1); return err }
	broken("the argument", packed)
	broken("the result", two)
	if n := pack.Stats().Executions; n != 0 {
		t.Errorf("%d executions with arguments that are no copy", n)
	}
	for range 2 {
		if err := errors.Join(packed(), two()); err != nil {
			t.Fatal(err)
		}
		broken("a hit", packed)
		broken("a hit of two", two)
		broken("a handle", func() error { _, err := split.Start(ctx, 1).Wait(ctx); return err })
		broken("a look", func() error {
			if _, ok := split.Lookup(1); ok {
				t.Error("a result that cannot be copied is handed out")
			}
			return two()
		})
	}
	if pack.Stats().Executions != 1 || split.Stats().Executions != 2 {
		t.Errorf("%+v, %+v", pack.Stats(), split.Stats())
	}
}
