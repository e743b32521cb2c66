// Package dropped has flows that drop errors, and such that do not.
package dropped

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/testdata/golden/flows"
)

var probe = flows.NewProbeRunner(&flows.Probe{})

func bad() {
	_ = runtime.Loop{Flow: func(ctx context.Context) error {
		probe.Run(ctx, 1)             // want "the error of probe.Run is dropped, but it says when the flow is suspended; fix: return it, or call probe.Start where the flow need not wait"
		_, _ = probe.Run(ctx, 2)      // want "the error of probe.Run is dropped"
		n, _ := (probe.Run(ctx, 3))   // want "the error of probe.Run is dropped"
		go probe.Run(ctx, n)          // want "the error of probe.Run is dropped"
		defer probe.Run(ctx, n)       // want "the error of probe.Run is dropped"
		var m, _ = probe.Run(ctx, 4)  // want "the error of probe.Run is dropped"
		call := probe.Start(ctx, m)   //
		call.Wait(ctx)                // want "the error of call.Wait is dropped, but it says when the flow is suspended; fix: return it"
		_, _ = call.Wait(ctx)         // want "the error of call.Wait is dropped"
		runtime.Await(ctx, call)      // want "the error of runtime.Await is dropped"
		_ = runtime.Await(ctx, call)  // want "the error of runtime.Await is dropped"
		a, _ := 5, runtime.Await(ctx) // want "the error of runtime.Await is dropped"
		_ = a
		return nil
	}}
}

func logged(ctx context.Context) error {
	return runtime.Once(ctx, func(ctx context.Context) error {
		if _, err := probe.Run(ctx, 1); err != nil { // want "the error of probe.Run is only logged, but it says when the flow is suspended"
			log.Print(err)
		}
		if err := runtime.Await(ctx); err != nil { // want "the error of runtime.Await is only logged"
			slog.Error("await", "error", err)
			return nil
		}
		for i := range 10 {
			n, err := probe.Run(ctx, i) // want "the error of probe.Run is only logged"
			if err != nil {
				fmt.Println(i, err)
				continue
			}
			fmt.Println(n)
		}
		_, err := probe.Run(ctx, 11) // want "the error of probe.Run is only logged"
		if err != nil {
		}
		return nil
	})
}

// Goroutines and closures suspend the flow like itself.
func closures(ctx context.Context) error {
	return runtime.Once(ctx, func(ctx context.Context) error {
		g, inner := errgroup.WithContext(ctx)
		g.Go(func() error {
			_, _ = probe.Run(inner, 1) // want "the error of probe.Run is dropped"
			return nil
		})
		var wg sync.WaitGroup
		wg.Go(func() { probe.Run(ctx, 2) }) // want "the error of probe.Run is dropped"
		wg.Wait()
		limited, cancel := context.WithCancel(context.WithValue(ctx, "a", "b"))
		defer cancel()
		each(3, func(n int) { probe.Run(limited, n) }) // want "the error of probe.Run is dropped"
		return g.Wait()
	})
}

func each(n int, f func(int)) {
	for i := range n {
		f(i)
	}
}

func good() {
	_ = runtime.Loop{Flow: func(ctx context.Context) (result error) {
		probe.Start(ctx, 1)
		_ = probe.Start(ctx, 2)
		probe.Lookup(3)
		if _, err := probe.Run(ctx, 4); err != nil {
			log.Print(err)
			return err
		}
		_, err := probe.Run(ctx, 5)
		if err != nil {
			log.Print(err)
		}
		if _, other := probe.Run(ctx, 6); other != nil {
			err = errors.Join(err, other)
		}
		if _, err := probe.Run(ctx, 7); err != nil && !errors.Is(err, runtime.ErrSuspended) {
			log.Print(err)
		} else if err != nil {
			return err
		}
		if _, err := probe.Run(ctx, 8); err != nil {
			log.Fatal(err)
		}
		if _, err := probe.Run(ctx, 9); err != nil {
			if !errors.Is(err, runtime.ErrSuspended) {
				log.Print(err)
			}
			return nil
		}
		_, result = probe.Run(ctx, 10)
		if result != nil {
			log.Print(result)
		}
		return errors.Join(err, runtime.Await(ctx))
	}}
	// Not in a flow.
	probe.Run(context.Background(), 1)
	_, _ = probe.Run(context.TODO(), 1)
	func(ctx context.Context) {
		if _, err := probe.Run(ctx, 1); err != nil {
			log.Print(err)
		}
	}(context.Background())
}
