// Command stampede has 200 clients ask for ten pages that live for a second and take 200 ms to
// make, and prints how long they wait, and how often a page is made: by workgen that refreshes ahead,
// by workgen that does not, and by sturdyc without its early refreshes.
//
//	go run ./stampede            # thirty seconds each
//	go run ./stampede -for 3s
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/viccon/sturdyc"

	"github.com/workgen/workgen/runtime"
)

//go:generate go tool workgen .

// Page is a page of a site.
//
//workgen:work memory
type Page struct {
	made atomic.Int64 `workgen:"-"`
}

const (
	clients  = 200
	pages    = 10
	takes    = 200 * time.Millisecond
	lifetime = time.Second
)

// Run makes the page of a number.
func (p *Page) Run(_ context.Context, number int) (string, error) {
	p.made.Add(1)
	time.Sleep(takes)
	return "page " + strconv.Itoa(number), nil
}

func main() {
	length := flag.Duration("for", 30*time.Second, "how long each is measured")
	flag.Parse()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\trequests\tp50\tp99\tlongest\tmade per page and second\t")
	var site Page
	for _, c := range []struct {
		name string
		get  func(ctx context.Context, number int) (string, error)
	}{
		{"workgen, refreshed ahead", NewPageRunner(&site, runtime.TTL(2*lifetime), runtime.RefreshAfter(lifetime-takes)).Run},
		{"workgen", NewPageRunner(&site, runtime.TTL(lifetime)).Run},
		{"sturdyc", ofSturdyc(&site)},
	} {
		before := site.made.Load()
		waits := measure(*length, c.get)
		slices.Sort(waits)
		made := float64(site.made.Load()-before) / pages / length.Seconds()
		fmt.Fprintf(w, "%s\t%d\t%v\t%v\t%v\t%.2f\t\n", c.name, len(waits),
			waits[len(waits)/2].Round(time.Microsecond), waits[len(waits)*99/100].Round(time.Microsecond),
			waits[len(waits)-1].Round(time.Millisecond), made)
	}
	w.Flush()
}

func ofSturdyc(site *Page) func(context.Context, int) (string, error) {
	cache := sturdyc.New[string](1000, 10, lifetime, 10)
	return func(ctx context.Context, number int) (string, error) {
		return cache.GetOrFetch(ctx, strconv.Itoa(number), func(ctx context.Context) (string, error) { return site.Run(ctx, number) })
	}
}

// measure returns how long requests took of clients that ask all the time, with some milliseconds
// between. The first second, in which nothing is there, does not count.
func measure(length time.Duration, get func(context.Context, int) (string, error)) []time.Duration {
	start := time.Now()
	var mu sync.Mutex
	var all []time.Duration
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			var waits []time.Duration
			for time.Since(start) < length {
				before := time.Now()
				if _, err := get(context.Background(), rand.IntN(pages)); err != nil {
					panic(err)
				}
				if before.Sub(start) > lifetime {
					waits = append(waits, time.Since(before))
				}
				time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, waits...)
		})
	}
	wg.Wait()
	return all
}
