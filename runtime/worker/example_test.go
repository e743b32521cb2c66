package worker_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/worker"
)

// Shout is the work: what a user writes.
type Shout struct{}

func (*Shout) Run(_ context.Context, text string) (string, error) {
	fmt.Println("executing", text)
	return strings.ToUpper(text), nil
}

// ShoutRunner is, in short, what is generated for it.
type ShoutRunner struct {
	*runtime.Runner
	calls *runtime.Calls[key.Text, string, string]
}

func NewShoutRunner(work *Shout, opts ...runtime.Option) *ShoutRunner {
	calls := runtime.NewCalls(runtime.Spec[key.Text, string, string]{
		Name: "example.com/words.Shout", Schema: "text string → string", Code: &runtime.Code{Sum: "v1"},
		Work:     work,
		Execute:  work.Run,
		Identify: identify,
		CloneKey: key.Text.Clone,
		Encode:   func(text *string, e *key.Encoder) { e.String(*text) },
		Inputs:   []string{"text string"},
	}, opts...)
	return &ShoutRunner{calls.Runner(), calls}
}

func identify(text string) (uint64, key.Text, *key.Encoder) {
	k := key.TextOf(text)
	return key.NewHash().Text(&k).Sum(), k, nil
}

func (r *ShoutRunner) Run(ctx context.Context, text string) (string, error) {
	hash, k, _ := identify(text)
	return r.calls.Run(ctx, hash, k.Clone(), text)
}

// A caller and a worker share a store on disk. Here they are in one program; mostly each has a
// main of its own, in one module, and there are several workers.
func Example() {
	dir, err := os.MkdirTemp("", "results")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	results, err := disk.Open("", disk.Options{Dir: dir})
	if err != nil {
		panic(err)
	}
	defer results.Close()

	// Who executes.
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		shout := NewShoutRunner(&Shout{}, runtime.WithStore(results))
		w := worker.Worker{Queue: results.Queue(), Pools: []string{"words"}, Slots: 4}
		ended <- w.Serve(ctx, shout.Runner)
	}()

	// Who asks.
	shout := NewShoutRunner(&Shout{}, runtime.WithStore(results), runtime.WithWorkers(results.Queue(), "words"))
	for range 2 { // the second time the result is there
		text, err := shout.Run(ctx, "hello")
		fmt.Println(text, err)
	}
	stop()
	fmt.Println(<-ended)
	// Output:
	// executing hello
	// HELLO <nil>
	// HELLO <nil>
	// context canceled
}
