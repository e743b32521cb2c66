package peers

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/workgen/workgen/runtime"
)

// TestALimiterOfXTimeIsARateLimiter uses it as the documentation says.
func TestALimiterOfXTimeIsARateLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := rate.NewLimiter(1, 2)
		blobs := NewBlobRunner(&Blob{}, runtime.RateLimit(limiter))
		series := NewSeriesRunner(&Series{}, runtime.RateLimit(limiter))
		began := time.Now()
		for i := range 5 {
			for range 10 { // of which one executes
				if _, err := blobs.Run(t.Context(), []byte{byte(i)}); err != nil {
					t.Fatal(err)
				}
				if _, err := series.Run(t.Context(), []float64{float64(i)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if took := time.Since(began); took != 8*time.Second {
			t.Errorf("ten executions took %v, want 8s after a burst of two", took)
		}

		call := blobs.Start(t.Context(), []byte("stopped"))
		synctest.Wait()
		call.Stop()
		synctest.Wait()
		if tokens := limiter.Tokens(); tokens != 0 {
			t.Errorf("a call that was stopped has used a permission: %v are left, want 0", tokens)
		}
	})
}

// TestALimiterWithoutBurst lets nothing begin, which the error says with the fix.
func TestALimiterWithoutBurst(t *testing.T) {
	blobs := NewBlobRunner(&Blob{}, runtime.RateLimit(rate.NewLimiter(1, 0)))
	_, err := blobs.Run(t.Context(), nil)
	var limited *runtime.RateLimitError
	const want = "peers.Blob: its rate limiter lets no execution begin: rate: Wait(n=1) exceeds limiter's burst 0: " +
		"give the limiter a burst of at least 1 (rate.NewLimiter(r, 1)), or leave RateLimit out"
	if !errors.As(err, &limited) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
