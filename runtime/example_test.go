package runtime_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
)

// Fetch is the work: what a user writes.
type Fetch struct{}

func (*Fetch) Run(ctx context.Context, url string) (string, error) {
	fmt.Println("executing", url)
	return strings.ToUpper(url), nil
}

// FetchRunner is, in short, what is generated for it.
type FetchRunner struct {
	*runtime.Runner
	calls *runtime.Calls[key.Text, string, string]
}

func NewFetchRunner(work *Fetch, opts ...runtime.Option) *FetchRunner {
	calls := runtime.NewCalls(runtime.Spec[key.Text, string, string]{
		Name:     "example.com/web.Fetch",
		Work:     work,
		Execute:  work.Run,
		Identify: identify,
		CloneKey: key.Text.Clone,
	}, opts...)
	return &FetchRunner{Runner: calls.Runner(), calls: calls}
}

func identify(url string) (uint64, key.Text, *key.Encoder) {
	k := key.TextOf(url)
	return key.NewHash().Text(&k).Sum(), k, nil
}

func (r *FetchRunner) Run(ctx context.Context, url string) (string, error) {
	hash, k, _ := identify(url)
	if v := r.calls.Hit(hash, &k); v != nil {
		return *v, nil
	}
	return r.calls.Run(ctx, hash, k.Clone(), url)
}

func (r *FetchRunner) Start(ctx context.Context, url string) *runtime.Call[string] {
	return r.calls.Start(ctx, url)
}

func Example() {
	ctx := context.Background()
	fetch := NewFetchRunner(&Fetch{}, runtime.TTL(time.Hour), runtime.Concurrency(4))

	page, err := fetch.Run(ctx, "a.example")
	fmt.Println(page, err)
	page, err = fetch.Run(ctx, "a.example") // does not execute
	fmt.Println(page, err)

	call := fetch.Start(ctx, "b.example") // returns at once
	page, err = call.Wait(ctx)
	fmt.Println(page, err, call.Status())

	s := fetch.Stats()
	fmt.Println(s.Hits, "hit,", s.Misses, "misses,", s.Entries, "entries")
	// Output:
	// executing a.example
	// A.EXAMPLE <nil>
	// A.EXAMPLE <nil>
	// executing b.example
	// B.EXAMPLE <nil> succeeded
	// 1 hit, 2 misses, 2 entries
}

// Two works share four slots, since they need the same processors: at most four bodies run at
// once, whichever work they are of.
func ExampleWithPool() {
	pool := runtime.NewPool(4)
	pages := NewFetchRunner(&Fetch{}, runtime.WithPool(pool))
	images := NewFetchRunner(&Fetch{}, runtime.WithPool(pool), runtime.Name("example.com/web.Images"))

	ctx := context.Background()
	page, err := pages.Run(ctx, "a.example")
	fmt.Println(page, err)
	image, err := images.Run(ctx, "b.example")
	fmt.Println(image, err)
	fmt.Printf("%+v\n", pool.Stats())
	// Output:
	// executing a.example
	// A.EXAMPLE <nil>
	// executing b.example
	// B.EXAMPLE <nil>
	// {Limit:4 Running:0 Waiting:0}
}

// The server is down for maintenance, so the work is paused: its calls wait.
func ExampleRunner_Pause() {
	ctx := context.Background()
	fetch := NewFetchRunner(&Fetch{})
	fetch.Pause()
	call := fetch.Start(ctx, "a.example")
	fmt.Println(call.Status(), fetch.Stats().Paused)

	fetch.Resume()
	page, err := call.Wait(ctx)
	fmt.Println(page, err)
	// Output:
	// pending true
	// executing a.example
	// A.EXAMPLE <nil>
}

// ticks lets an execution begin at each tick. Most programs use a rate.Limiter of
// golang.org/x/time/rate, whose method Wait is the same.
type ticks struct{ *time.Ticker }

func (t ticks) Wait(ctx context.Context) error {
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// The server allows a hundred requests a second. Pages that are kept need none.
func ExampleRateLimit() {
	ctx := context.Background()
	limiter := ticks{time.NewTicker(time.Second / 100)}
	defer limiter.Stop()
	fetch := NewFetchRunner(&Fetch{}, runtime.RateLimit(limiter))
	for range 1000 {
		fetch.Run(ctx, "a.example")
	}
	page, err := fetch.Run(ctx, "b.example")
	fmt.Println(page, err)
	// Output:
	// executing a.example
	// executing b.example
	// B.EXAMPLE <nil>
}

// A health check tells of bodies that should have returned.
func ExampleInspection_Ignoring() {
	for _, r := range runtime.Runners() {
		for _, b := range runtime.Inspect(r).Ignoring() {
			fmt.Printf("%s: call %d, %s: its context ended %v ago (%v), and %d calls wait for its slot\n%s\n",
				r.Name(), b.Call, b.Arguments, time.Since(b.Since), b.Cause, b.Waiting, b.Stack)
		}
	}
}
