package tier_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/tier"
)

// A job of a CI system uses what all jobs have computed, and keeps it on its own disk, which the
// next job on this machine has too.
func Example() {
	database := memory.New(0) // in its place: postgres.Open, or a store on disk in the job's image
	dir, err := os.MkdirTemp("", "daily")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	job := func(name, dir string) {
		local, err := disk.Open("daily", disk.Options{Dir: dir, MaxAge: 30 * 24 * time.Hour})
		if err != nil {
			panic(err)
		}
		results := tier.New(local, database.Another(), tier.Options{})
		defer results.Close()
		fmt.Print(name, ": ")
		fmt.Println(newFetch(results)(context.Background(), 2022))
	}
	job("the first job", dir+"/machine1")
	job("on another machine", dir+"/machine2")
	job("there, again", dir+"/machine2")
	// Output:
	// the first job: fetching, sales of 2022 <nil>
	// on another machine: sales of 2022 <nil>
	// there, again: sales of 2022 <nil>
}

// newFetch is what NewFetchRunner of generated code is.
func newFetch(s store.Store) func(ctx context.Context, year int) (string, error) {
	calls := runtime.NewCalls(runtime.Spec[int, int, string]{
		Name: "example.com/daily.Fetch", Schema: "s1", Code: &runtime.Code{Sum: "c1"},
		Execute: func(_ context.Context, year int) (string, error) {
			fmt.Print("fetching, ")
			return fmt.Sprint("sales of ", year), nil
		},
		Identify: func(n int) (uint64, int, *key.Encoder) { return hash(n), n, nil },
		Encode:   func(n *int, e *key.Encoder) { e.Int(*n) },
		Inputs:   []string{"year int"},
	}, runtime.WithStore(s))
	return func(ctx context.Context, year int) (string, error) {
		return calls.Run(ctx, hash(year), year, year)
	}
}
