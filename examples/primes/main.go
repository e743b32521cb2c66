// Command primes shares an expensive pure computation between many goroutines:
// each asks for several counts of primes, all ask for the same few, and every
// count is computed once.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"
)

//go:generate go run github.com/workgen/workgen/cmd/workgen

// Counter counts primes.
//
//workgen:work
type Counter struct{}

// Run returns how many primes there are up to limit, and the largest of them
// (0 when there is none).
func (Counter) Run(limit int) (count, largest int) {
	composite := make([]bool, max(limit+1, 2))
	for n := 2; n <= limit; n++ {
		if composite[n] {
			continue
		}
		count, largest = count+1, n
		for m := n * n; m <= limit; m += n {
			composite[m] = true
		}
	}
	return count, largest
}

func main() {
	goroutines := flag.Int("goroutines", 100, "how many ask at the same time")
	calls := flag.Int("calls", 50, "how many counts each of them asks for")
	flag.Parse()

	counter := NewCounterRunner(&Counter{})
	began := time.Now()
	if err := ask(counter, *goroutines, *calls); err != nil {
		log.Fatal(err)
	}
	report(counter, time.Since(began))
}

// limits are what the goroutines are interested in.
var limits = []int{1_000, 10_000, 100_000, 1_000_000, 2_000_000, 5_000_000}

// ask lets the goroutines call the work, each in an order of its own.
func ask(counter *CounterRunner, goroutines, calls int) error {
	group, ctx := errgroup.WithContext(context.Background())
	for range goroutines {
		group.Go(func() error {
			for range calls {
				if _, _, err := counter.Run(ctx, limits[rand.IntN(len(limits))]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// report prints the counts, and what remembering them was worth.
func report(counter *CounterRunner, took time.Duration) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "up to\tprimes\tlargest\t")
	for _, limit := range limits {
		if res, ok := counter.Lookup(limit); ok {
			fmt.Fprintf(w, "%d\t%d\t%d\t\n", limit, res.Count, res.Largest)
		}
	}
	w.Flush()

	stats := counter.Stats()
	saved := time.Duration(0)
	if stats.Executions > 0 {
		saved = stats.ExecutionTime / time.Duration(stats.Executions) * time.Duration(stats.Hits)
	}
	fmt.Printf("\n%d calls: %d executions, %d hits, %d waited for another's execution\n",
		stats.Hits+stats.Misses+stats.Joined, stats.Executions, stats.Hits, stats.Joined)
	fmt.Printf("took %v, saved about %v\n", took.Round(time.Millisecond), saved.Round(time.Millisecond))
}
