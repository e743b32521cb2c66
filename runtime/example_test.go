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
