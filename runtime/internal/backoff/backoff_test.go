package backoff

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

func TestWaitsDoubleUpToTheLongest(t *testing.T) {
	for _, test := range []struct {
		policy   Policy
		failures int
		want     time.Duration
	}{
		{Policy{First: 1, Most: 100}, 1, 1},
		{Policy{First: 1, Most: 100}, 2, 2},
		{Policy{First: 1, Most: 100}, 7, 64},
		{Policy{First: 1, Most: 100}, 8, 100},
		{Policy{First: 1, Most: 100}, math.MaxInt, 100},
		{Policy{First: 9, Most: 5}, 1, 5},
		{Policy{First: 1, Most: 1 << 61}, 64, 1 << 61},
	} {
		if got := test.policy.Wait(test.failures); got != test.want {
			t.Errorf("%+v after %d failures: got %d, want %d", test.policy, test.failures, got, test.want)
		}
	}
}

func TestJitterSpreadsEvenly(t *testing.T) {
	p := Policy{First: 1000, Most: 1000, Jitter: 0.3}
	var low, high bool
	for range 1000 {
		w := p.Wait(1)
		if w < 700 || w > 1300 {
			t.Fatalf("waits %d, want 700 to 1300", w)
		}
		low, high = low || w < 750, high || w > 1250
	}
	if !low || !high {
		t.Errorf("of 1000 waits one is below 750: %t; one is above 1250: %t", low, high)
	}
}

func TestSleepEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if !Sleep(ctx, time.Second) {
			t.Error("the context has not ended")
		}
		if Sleep(ctx, time.Hour) {
			t.Error("the context has ended")
		}
	})
}
