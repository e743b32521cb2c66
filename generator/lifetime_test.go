package generator_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/testdata/golden/perishable"
)

func TestResultsSayHowLongTheyAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const never, ever, minute = -1, 0, time.Minute
		kept := func(what string, r *runtime.Runner, run func() error, want time.Duration) {
			t.Helper()
			before := r.Stats().Executions
			executed := func(when string, want int) {
				t.Helper()
				if err := run(); err != nil {
					t.Fatal(err)
				}
				if got := int(r.Stats().Executions - before); got != want {
					t.Errorf("%s: executed %d times %s, want %d", what, got, when, want)
				}
			}
			executed("at first", 1)
			switch want {
			case never:
				executed("at once", 2)
			case ever:
				time.Sleep(1000 * time.Hour)
				executed("after a long time", 1)
			default:
				time.Sleep(want - 1)
				executed("before the end", 1)
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				executed("at the end", 2)
			}
		}

		fetch := perishable.NewFetchRunner(&perishable.Fetch{})
		for age, want := range map[time.Duration]time.Duration{0: time.Hour, minute: minute, 9 * time.Hour: 9 * time.Hour, -minute: never} {
			kept("a page of "+age.String(), fetch.Runner, func() error { _, err := fetch.Run(t.Context(), age); return err }, want)
		}
		find := perishable.NewFindRunner(&perishable.Find{})
		for age, want := range map[time.Duration]time.Duration{0: time.Hour, minute: minute, -minute: never} {
			kept("a pointer to a page of "+age.String(), find.Runner, func() error { _, err := find.Run(t.Context(), age); return err }, want)
		}
		login := perishable.NewLoginRunner(&perishable.Login{})
		for valid, want := range map[time.Duration]time.Duration{0: ever, minute: minute, -minute: never} {
			kept("a token of "+valid.String(), login.Runner, func() error { _, err := login.Run(t.Context(), valid); return err }, want)
		}
		ask := perishable.NewAskRunner(&perishable.Ask{})
		for age, want := range map[time.Duration]time.Duration{0: ever, minute: minute, -minute: never} {
			kept("an answer of "+age.String(), ask.Runner, func() error { _, err := ask.Run(t.Context(), age); return err }, want)
		}
		sign := perishable.NewSignRunner(&perishable.Sign{})
		kept("what embeds a page", sign.Runner, func() error { _, err := sign.Run(t.Context(), minute, minute); return err }, 2*minute)
		wrap := perishable.NewWrapRunner(&perishable.Wrap{})
		kept("what embeds a generic type", wrap.Runner, func() error { _, err := wrap.Run(t.Context(), minute); return err }, minute)
		silent := perishable.NewSilentRunner(&perishable.Silent{})
		kept("a slice of pages", silent.Runner, func() error { _, err := silent.Run(t.Context(), 3); return err }, ever)

		both := perishable.NewBothRunner(&perishable.Both{})
		for _, test := range []struct{ first, second, third, want time.Duration }{
			{0, 0, 0, time.Hour},
			{0, 2 * minute, 0, 2 * minute},
			{3 * minute, 0, 0, 3 * minute},
			{3 * minute, 2 * minute, minute, minute},
			{minute, 2 * minute, 3 * minute, minute},
			{minute, 2 * minute, -1, never},
			{-1, 2 * minute, minute, never},
		} {
			kept("several results", both.Runner, func() error {
				_, _, _, _, err := both.Run(t.Context(), test.first, test.second, test.third)
				return err
			}, test.want)
		}
	})
}
