package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Loss is what a portfolio loses in one year of a hundred, by estimate.
type Loss struct {
	Portfolio string
	Percent   float64
}

// Simulate estimates by simulation what portfolios may lose.
//
//workgen:work
type Simulate struct {
	Years int `workgen:"key"` // that are simulated

	// Pace is how long a simulation takes longer, so that one can watch.
	Pace time.Duration `workgen:"-"`
}

// Run returns the loss of a portfolio. It is the same for equal seeds, on whatever machine.
func (s *Simulate) Run(ctx context.Context, portfolio string, seed uint64) (Loss, error) {
	select {
	case <-time.After(s.Pace):
	case <-ctx.Done():
		return Loss{}, ctx.Err()
	}
	random := rand.New(rand.NewPCG(seed, uint64(len(portfolio))))
	years := make([]float64, s.Years)
	for i := range years {
		years[i] = 7 + 18*random.NormFloat64()
	}
	slices.Sort(years)
	return Loss{portfolio, -years[len(years)/100]}, nil
}

// Report sums up what was simulated.
//
//workgen:work
type Report struct{}

// Run returns the portfolio that may lose most.
func (r *Report) Run(losses []Loss) (string, error) {
	worst := slices.MaxFunc(losses, func(a, b Loss) int { return int(1000 * (a.Percent - b.Percent)) })
	return fmt.Sprintf("of %d portfolios %s may lose most: %.1f %%", len(losses), worst.Portfolio, worst.Percent), nil
}
