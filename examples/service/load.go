package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// load is what clients do to the service.
type load struct {
	url     string
	side    int           // of the map
	clients int           // that ask one question after the other
	span    time.Duration // for so long
}

// loaded is what came of it.
type loaded struct {
	took   []time.Duration // of each request, the shortest first
	failed int
	err    error // one of those
}

// percentile returns a duration that so many of 100 requests did not exceed; 0 without requests.
func (l *loaded) percentile(n int) time.Duration {
	if len(l.took) == 0 {
		return 0
	}
	return l.took[(len(l.took)-1)*n/100]
}

// run asks for ways, of which some are asked for often and most seldom, as people do: their ranks have
// a Zipf distribution.
func (l load) run(ctx context.Context) *loaded {
	ctx, cancel := context.WithTimeout(ctx, l.span)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: l.clients}}
	var mu sync.Mutex
	var sum loaded
	var all sync.WaitGroup
	for n := range l.clients {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(n), 0))
			ranks := rand.NewZipf(random, 1.2, 1, 1999)
			for ctx.Err() == nil {
				began := time.Now()
				err := l.ask(ctx, client, ranks.Uint64())
				took := time.Since(began)
				if ctx.Err() != nil {
					return
				}
				mu.Lock()
				if sum.took = append(sum.took, took); err != nil {
					sum.failed, sum.err = sum.failed+1, err
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	slices.Sort(sum.took)
	return &sum
}

// ask asks for one of many ways.
func (l load) ask(ctx context.Context, client *http.Client, rank uint64) error {
	random := rand.New(rand.NewPCG(rank, 1))
	place := func() Place { return Place{random.IntN(l.side), random.IntN(l.side)} }
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/way?from=%v&to=%v", l.url, place(), place()), nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", req.URL, answer.Status)
	}
	return nil
}
