package runtime

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store/memory"
)

// keepFor is what a result says that begins with a duration: "got 5m ..." is kept for five minutes.
func keepFor(result string) time.Duration {
	d, _ := time.ParseDuration(strings.Fields(result)[1])
	return d
}

func newPerishable(opts ...Option) *fetch {
	spec := againSpec(sleeper)
	spec.KeepFor = keepFor
	return fetchOf(NewCalls(spec, opts...))
}

func TestAResultHasASayInHowLongItIsKept(t *testing.T) {
	for name, opts := range map[string][]Option{
		"in memory":    {TTL(time.Hour)},
		"in the store": {TTL(time.Hour), WithStore(memory.New(0))},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newPerishable(opts...)
				for _, arg := range []string{"5m", "2h", "0s", "nothing said", "-1s"} {
					f.Run(t.Context(), arg)
				}
				wantKept := func(after time.Duration, args ...string) {
					t.Helper()
					rest(after)
					kept := []string{}
					for _, arg := range []string{"5m", "2h", "0s", "nothing said", "-1s"} {
						if _, ok := f.Lookup(arg); ok {
							kept = append(kept, arg)
						}
					}
					want(t, "kept", strings.Join(kept, ", "), strings.Join(args, ", "))
					settled(t, f)
				}
				wantKept(0, "5m", "2h", "0s", "nothing said")
				wantKept(6*time.Minute, "2h", "0s", "nothing said")
				wantKept(time.Hour, "2h")
				if f.store != nil { // what another process has from the store lasts as long
					g := newPerishable(opts...)
					g.Run(t.Context(), "2h")
					want(t, "executions", g.Stats().Executions, 0)
					rest(54 * time.Minute)
					_, kept := g.Lookup("2h")
					want(t, "kept there", kept, false)
				}
				wantKept(time.Hour)
			})
		})
	}
}

func TestWhatIsNotKeptGoesToAllWhoWait(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newPerishable(WithStore(memory.New(0)))
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { wantResult(t, "got -1s")(f.Run(t.Context(), "-1s")) })
		}
		all.Wait()
		want(t, "executions", settled(t, f).Executions, 1)
		f.Run(t.Context(), "-1s")
		want(t, "executions of the next call", settled(t, f).Executions, 2)
	})
}

func TestWhatWantsNotToBeKeptEndsWhatWas(t *testing.T) {
	bubble(t, func(t *testing.T) {
		say := "got 1h"
		spec := againSpec(nil)
		spec.KeepFor = func(string) time.Duration { return keepFor(say) }
		spec.Execute = sleeper
		f := fetchOf(NewCalls(spec, RefreshAfter(time.Minute)))
		f.Run(t.Context(), "a")
		rest(time.Minute)
		say = "got -1s"
		f.Run(t.Context(), "a") // begins the refresh
		rest(time.Second)
		want(t, "entries", settled(t, f).Entries, 0)
	})
}

func TestAPanicOfWhatAsksAResultFailsTheCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		spec := againSpec(sleeper)
		spec.KeepFor = func(string) time.Duration { panic("no age") }
		f := fetchOf(NewCalls(spec))
		_, err := f.Run(t.Context(), "a")
		p, ok := errors.AsType[*PanicError](err)
		want(t, "a panic", ok && p.Value == "no age", true)
		want(t, "entries", settled(t, f).Entries, 0)
	})
}
