package p

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"math/rand"
	"os"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
)

//workgen:work
type Clock struct {
	Log *slog.Logger `workgen:"-"`
}

func (w *Clock) Run(ctx context.Context, n int) (string, error) {
	defer timed("all")()
	start := time.Now() // want time.Now
	time.Sleep(time.Duration(n))
	w.Log.Info("slept", "took", time.Since(start).Round(time.Second))
	log.Printf("%v", time.Since(start))
	fmt.Fprintf(os.Stderr, "%s\n", time.Since(start).String())
	busy(ctx)
	retried(ctx)
	seeded()
	polled(ctx)
	if tooLate(start) {
		return "", nil
	}
	return stamp() + bare().String() + either(make(chan int)) + raced(ctx) + fmt.Sprint(clock()), nil
}

// timed only logs.
func timed(what string) func() {
	start := time.Now()
	return func() { log.Print(what, time.Since(start)) }
}

// busy only waits.
func busy(ctx context.Context) {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
	}
	<-time.After(time.Second)
}

// retried only waits.
func retried(ctx context.Context) {
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return
	case <-t.C:
	}
	t.Reset(time.Second)
	<-t.C
}

// polled only waits.
func polled(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		for range time.Tick(time.Second) {
			break
		}
	}
}

func tooLate(start time.Time) bool {
	return time.Since(start) > time.Second // want time.Since
}

func stamp() string {
	now := time.Now() // want time.Now
	log.Print(now)
	return now.String()
}

func bare() (at time.Time) {
	at = time.Now() // want time.Now
	return
}

func either(c chan int) string {
	select {
	case n := <-c:
		return fmt.Sprint(n)
	case <-time.After(time.Second): // want time.After
		return ""
	}
}

func raced(ctx context.Context) string {
	t := time.NewTimer(time.Second) // want time.NewTimer
	select {
	case now := <-t.C:
		return now.String()
	case <-ctx.Done():
	}
	return late()
}

func late() string {
	u := time.NewTimer(time.Second) // want time.NewTimer
	select {
	case <-u.C:
		return "late"
	default:
		return ""
	}
}

var now = time.Now // want time.Now

func clock() time.Time { return now() }

// seeded seeds what each draw is warned of.
func seeded() int {
	rand.Seed(time.Now().UnixNano())
	var all errgroup.Group
	all.SetLimit(runtime.GOMAXPROCS(0))
	return rand.Int() // want rand.Int
}
