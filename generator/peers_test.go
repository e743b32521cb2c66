package generator_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/workgen/workgen/testdata/golden/peers"
)

// What others got wrong: names that are aliases, fields that are not exported,
// methods that are promoted, parameters that hide imports.
func TestDefectsOfPeers(t *testing.T) {
	ctx := context.Background()
	t.Run("aliases", func(t *testing.T) {
		r := peers.NewAliasedRunner(&peers.Aliased{})
		everyChangeCounts(t, r.Stats, func(a peers.AliasedArgs) error {
			_, err := r.Run(ctx, a.N, a.All, a.At)
			return err
		})
	})
	t.Run("unexported fields and promoted marshallers", func(t *testing.T) {
		r := peers.NewStructsRunner(&peers.Structs{})
		everyChangeCounts(t, r.Stats, func(a peers.StructsArgs) error {
			_, _, _, err := r.Run(ctx, a.H, a.E, a.O)
			return err
		})
	})
	t.Run("parameters that hide imports", func(t *testing.T) {
		r := peers.NewShadowsRunner(&peers.Shadows{})
		everyChangeCounts(t, r.Stats, func(a peers.ShadowsArgs) error {
			_, err := r.Run(ctx, a.Runtime, a.Key, a.Context, a.Any, a.Slices, a.Maps, a.Len, a.String2)
			return err
		})
	})
	t.Run("times", func(t *testing.T) {
		r := peers.NewAliasedRunner(&peers.Aliased{})
		at := time.Date(2026, 11, 1, 1, 30, 0, 0, time.UTC)
		seen := map[any]string{}
		for name, at := range map[string]time.Time{
			"UTC":            at,
			"a year":         at.AddDate(1, 0, 0),
			"a nanosecond":   at.Add(1),
			"elsewhere":      at.In(time.FixedZone("A", 0)),
			"another offset": at.In(time.FixedZone("A", 3600)),
			"the zero time":  {},
			"far away":       time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC),
			"far off":        time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC),
		} {
			k := r.Key(1, nil, at)
			if other, ok := seen[k]; ok {
				t.Errorf("%s and %s have one key", name, other)
			}
			seen[k] = name
		}
		now := time.Now()
		if r.Key(1, nil, now) != r.Key(1, nil, now.Round(0)) {
			t.Error("the monotonic clock is in the key")
		}
	})
	t.Run("an error as the first parameter", func(t *testing.T) {
		r := peers.NewExplainRunner(&peers.Explain{})
		for _, err := range []error{nil, &peers.Fault{Code: 1}, &peers.Fault{Code: 2}, (*peers.Fault)(nil), &peers.Fault{Code: 1}} {
			if _, got := r.Run(ctx, err, true); got != nil {
				t.Fatal(got)
			}
		}
		if got := r.Stats().Executions; got != 4 {
			t.Errorf("%d executions, want 4: one for each error", got)
		}
		for range 2 {
			if _, err := r.Run(ctx, errors.New("unknown"), true); err != nil {
				t.Fatal(err)
			}
		}
		if got := r.Stats().Executions; got != 6 {
			t.Errorf("%d executions, want 6: an error of an unknown type makes no key", got)
		}
	})
}
