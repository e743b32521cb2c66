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
		Name:    "example.com/web.Fetch",
		Execute: work.Run,
	}, opts...)
	return &FetchRunner{Runner: calls.Runner(), calls: calls}
}

func (r *FetchRunner) Run(ctx context.Context, url string) (string, error) {
	k := key.TextOf(url)
	hash := key.NewHash().Text(&k).Sum()
	if call := r.calls.Hit(hash, &k); call != nil {
		return call.Value(), nil
	}
	return r.calls.Run(ctx, hash, k, url)
}

func (r *FetchRunner) Start(ctx context.Context, url string) *runtime.Call[string] {
	k := key.TextOf(url)
	return r.calls.Start(ctx, key.NewHash().Text(&k).Sum(), k, url)
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
