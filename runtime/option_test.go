package runtime

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestOptionsOfTheConstructorWinOverTheDirective(t *testing.T) {
	directive := []Option{CacheCalls(false), Name("short"), TTL(time.Hour), MaxEntries(5), Timeout(time.Minute),
		Concurrency(3), CacheErrors(time.Second), Retry(RetryPolicy{Attempts: 4}), History(7)}
	set := config{name: "short", ttl: time.Hour, maxEntries: 5, timeout: time.Minute, concurrency: 3, cacheErrors: time.Second,
		retry: RetryPolicy{Attempts: 4}, history: 7}
	defaults := config{name: "full", cacheCalls: true, maxEntries: DefaultMaxEntries, history: DefaultHistory}
	for name, test := range map[string]struct {
		directive, constructor []Option
		want                   config
	}{
		"no options":               {nil, nil, defaults},
		"the directive alone":      {directive, nil, set},
		"the constructor alone":    {nil, directive, set},
		"the last of several wins": {nil, []Option{Concurrency(9), Name("x"), Concurrency(2), Name("")}, config{name: "full", cacheCalls: true, maxEntries: DefaultMaxEntries, history: DefaultHistory, concurrency: 2}},
		"zero undoes the directive": {directive, []Option{CacheCalls(true), Name(""), TTL(0), MaxEntries(0), Timeout(0),
			Concurrency(0), CacheErrors(0), Retry(RetryPolicy{}), History(0), WithLogger(nil), WithPool(nil), RateLimit(nil)}, defaults},
		"one of them": {directive, []Option{MaxEntries(6)}, config{name: "short", ttl: time.Hour, maxEntries: 6,
			timeout: time.Minute, concurrency: 3, cacheErrors: time.Second, retry: RetryPolicy{Attempts: 4}, history: 7}},
	} {
		t.Run(name, func(t *testing.T) {
			got := newConfig("full", test.directive, test.constructor)
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(config{}), cmpopts.IgnoreTypes(&slog.Logger{})); diff != "" {
				t.Errorf("config (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnOptionThatMakesNoSensePanicsWithItsNameItsValueAndTheFix(t *testing.T) {
	for want, option := range map[string]func(){
		"TTL(-1s): must not be negative: use 0":          func() { TTL(-time.Second) },
		"MaxEntries(-5): must not be negative: use":      func() { MaxEntries(-5) },
		"Timeout(-1ns): must not be negative: use 0":     func() { Timeout(-1) },
		"Concurrency(-1): must not be negative: use 0":   func() { Concurrency(-1) },
		"CacheErrors(-1h0m0s): must not be negative: us": func() { CacheErrors(-time.Hour) },
		"History(-1): must not be negative: use 1":       func() { History(-1) },
		"Retry: Attempts(-2): must not be negative: use": func() { Retry(RetryPolicy{Attempts: -2}) },
		"Retry: Initial(-1s): must not be negative: use": func() { Retry(RetryPolicy{Initial: -time.Second}) },
		"Retry: Max(-1s): must not be negative: use 0":   func() { Retry(RetryPolicy{Max: -time.Second}) },
		"Retry: Jitter(1.5): must not be above 1: a":     func() { Retry(RetryPolicy{Jitter: 1.5}) },
		"option 1 of work w is nil":                      func() { newConfig("w", nil, []Option{TTL(1), nil}) },
		"needs Name and Execute":                         func() { NewCalls(Spec[int, int, int]{Name: "w"}) },
		"NewCalls needs Name":                            func() { NewCalls(Spec[string, string, string]{Execute: echo}) },
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) || !strings.HasPrefix(got, "runtime: ") {
					t.Errorf("panic: got %q, want %q in it", got, want)
				}
			}()
			option()
		})
	}
}
