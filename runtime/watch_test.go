package runtime

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestEveryChangeIsToldOfAndNoHit makes one change after the other, and looks at what
// those are told who listen.
func TestEveryChangeIsToldOfAndNoHit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			if arg == "fails" {
				return "", errors.New("no such page")
			}
			return sleeper(ctx, arg)
		}, MaxEntries(1), TTL(time.Minute), Concurrency(1), CacheErrors(time.Minute))
		changed := make(chan struct{}, 1)
		defer Inspect(f.Runner).Notify(changed)()
		seen := map[uint64]string{}
		for _, step := range []struct {
			name string
			do   func()
			want []string
		}{
			{"a miss", func() { f.Run(t.Context(), "a") }, []string{"1 succeeded, kept"}},
			{"a hit", func() { f.Run(t.Context(), "a") }, nil},
			{"an eviction", func() { f.Run(t.Context(), "b") }, []string{"2 succeeded, kept", "1 succeeded, evicted"}},
			{"forgetting", func() { f.Forget("b") }, []string{"2 succeeded, forgotten"}},
			{"forgetting nothing", func() { f.Forget("b"); f.ForgetAll() }, nil},
			{"a failure", func() { f.Run(t.Context(), "fails") }, []string{"3 failed, kept"}},
			{"a kept failure", func() { f.Run(t.Context(), "fails") }, nil},
			{"expiry", func() { time.Sleep(time.Minute) }, []string{"3 failed, expired"}},
			{"starting", func() { f.Start(t.Context(), "c"); f.Start(t.Context(), "d") }, []string{"5 pending, kept", "4 running, kept"}},
			{"stopping", func() { f.Start(t.Context(), "d").Stop(); f.Start(t.Context(), "c").Stop() },
				[]string{"5 stopped, kept", "4 stopped, kept"}},
			{"forgetting all", func() { f.Run(t.Context(), "a"); f.ForgetAll() }, []string{"6 succeeded, forgotten"}},
		} {
			step.do()
			synctest.Wait()
			told := false
			select {
			case <-changed:
				told = true
			default:
			}
			want(t, step.name+": told", told, step.want != nil)
			var got []string
			for call := range Inspect(f.Runner).Calls(0) {
				line := fmt.Sprintf("%v, %v", call.Status, call.Removed)
				if seen[call.Number] != line {
					seen[call.Number] = line
					got = append(got, fmt.Sprint(call.Number, " ", line))
				}
			}
			if diff := cmp.Diff(step.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", step.name, diff)
			}
		}
		settled(t, f)
	})
}

func TestRemovalsHaveNames(t *testing.T) {
	for removal, name := range map[Removal]string{0: "kept", Evicted: "evicted", Expired: "expired", Forgotten: "forgotten"} {
		want(t, "name", removal.String(), name)
	}
}
