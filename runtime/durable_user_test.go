package runtime

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime/key"
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

// encodeNames stands for generated code.
func encodeNames(names *[]string, e *key.Encoder) {
	for _, name := range *names {
		e.String(name)
	}
}

func TestRecordsTellOfTheInputsAsTheyWereGiven(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		calls := NewCalls(Spec[string, []string, string]{
			Name: "example.com/names.First", Schema: "s1", Code: &Code{Sum: "c1"},
			Execute: func(_ context.Context, names []string) (string, error) {
				slices.Sort(names) // they are the body's own
				return names[0], nil
			},
			CloneArgs: slices.Clone[[]string],
			Encode:    encodeNames,
			Inputs:    []string{"names []string"},
		}, WithStore(s), WithLogger(quiet()))
		names := []string{"b", "a"}
		wantResult(t, "a")(calls.Run(t.Context(), 1, "b, a", names))
		arg := records(t, s)[0].Args[0]
		want(t, "text", arg.Text, `["b", "a"]`)
		sum := key.Sum(key.Scope{Work: "names", Schema: "[]string"}, func(e *key.Encoder) { encodeNames(&names, e) })
		want(t, "digest", arg.Digest, [16]byte(sum[:16]))
	})
}

// TestInputsThatChangeBeforeACallIsKeyed are of no call: a result of the new ones
// must not be kept for the old.
func TestInputsThatChangeBeforeACallIsKeyed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		content := "new" // of a file
		encoded, changesAt := 0, 0
		encode := func(_ *string, e *key.Encoder) {
			e.String(content)
			if encoded++; encoded == changesAt {
				content = "new"
			}
		}
		c := func() *Calls[key.Fingerprint, string, string] {
			return NewCalls(Spec[key.Fingerprint, string, string]{
				Name: "example.com/files.Read", Schema: "s1", Code: &Code{Sum: "c1"},
				Execute: func(context.Context, string) (string, error) { return content, nil },
				Outside: true, Encode: encode,
			}, WithStore(s), WithLogger(quiet()))
		}
		run := func(c *Calls[key.Fingerprint, string, string]) (string, error) {
			e := key.Borrow()
			e.String(content)
			encoded = 0
			return c.Run(t.Context(), 1, e.Keep(e.Fingerprint()), "file")
		}
		wantResult(t, "new")(run(c()))

		// First it is encoded for the key, then to be compared.
		for at := range 3 {
			content, changesAt = "old", at
			old := c()
			if got, err := run(old); err == nil {
				want(t, "result", got, "old")
			}
			content, changesAt = "old", 0
			wantResult(t, "old")(run(old))
			old.Runner().ForgetAll()
		}
	})
}

// TestTwoWorksOfOneNameAreWarnedOf gives two works one name when their runners are made.
func TestTwoWorksOfOneNameAreWarnedOf(t *testing.T) {
	var log strings.Builder
	logger := WithLogger(slog.New(slog.NewTextHandler(&log, nil)))
	for _, work := range []string{"example.com/m.First", "example.com/m.First", "example.com/m.Second"} {
		if log.Len() > 0 {
			t.Errorf("warned too early: %s", log.String())
		}
		spec := storingSpec(nil)
		spec.Name, spec.Execute = work, func(context.Context, string) (string, error) { return "", nil }
		NewCalls(spec, WithStore(memory.New(0)), Name("of two works"), logger)
	}
	if got := log.String(); !strings.Contains(got, "two works have one name") || !strings.Contains(got, "example.com/m.First example.com/m.Second") {
		t.Errorf("logged %q", got)
	}
}
