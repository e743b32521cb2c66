package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

// results is a store that machines share, with its queue.
type results interface {
	store.Administrator
	Queue() queue.Queue
}

// open opens the results at an address.
func open(ctx context.Context, address string) (results, error) {
	if strings.HasPrefix(address, "nats://") || strings.HasPrefix(address, "tls://") {
		return openNats(ctx, address)
	}
	return openPostgres(ctx, address)
}

// cluster is three workers, and what they share.
type cluster struct {
	out      io.Writer
	address  string
	postgres *ownPostgres // nil: it is not one that this program has started
	nodes    *nodes       // nil: the workers run none
	results  results
	pace     time.Duration
	workers  []*exec.Cmd
}

const workers = 3

// start starts the workers, and a server if the address says so.
func start(ctx context.Context, out io.Writer, address string, pace time.Duration) (*cluster, error) {
	c := &cluster{out: out, address: address, pace: pace}
	if err := c.start(ctx); err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

func (c *cluster) start(ctx context.Context) (err error) {
	switch c.address {
	case "postgres":
		if c.postgres, err = startPostgres(); err != nil {
			return err
		}
		c.address = c.postgres.address()
	case "nats":
		if c.nodes, err = newNodes(workers); err != nil {
			return err
		}
		c.address = c.nodes.address()
	}
	for i := range workers {
		if err := c.startWorker(i); err != nil {
			return err
		}
	}
	c.results, err = open(ctx, c.address)
	return err
}

// startWorker starts a worker, which is this program in another process.
func (c *cluster) startWorker(place int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	w := exec.Command(self, "-worker", "-store", c.address, "-pace", c.pace.String())
	if c.nodes != nil {
		w.Args = append(w.Args, "-node", c.nodes.flag(place))
	}
	w.Stderr = os.Stderr
	if err := w.Start(); err != nil {
		return err
	}
	if place == len(c.workers) {
		c.workers = append(c.workers, nil)
	}
	c.workers[place] = w
	return nil
}

// stop ends all that was started.
func (c *cluster) stop() {
	for _, w := range c.workers {
		_ = w.Process.Kill()
		_ = w.Wait()
	}
	if c.results != nil {
		_ = c.results.Close()
	}
	if c.postgres != nil {
		c.postgres.Close()
	}
	if c.nodes != nil {
		c.nodes.stop()
	}
}

// show has simulations made while things go wrong, and checks them.
func (c *cluster) show(ctx context.Context, calls int) error {
	fmt.Fprintf(c.out, "%d workers, %d simulations\n", workers, calls)
	simulate := NewSimulateRunner(&Simulate{Years: years}, runtime.WithStore(c.results), runtime.WithLogger(quiet),
		runtime.WithWorkers(c.results.Queue(), ""), runtime.StoreTimeout(time.Minute))
	report := NewReportRunner(&Report{})
	seed := uint64(time.Now().UnixNano()) // new ones each time that the program runs
	var losses []Loss
	loop := runtime.Loop{Logger: quiet, Flow: func(ctx context.Context) error {
		all := make([]*runtime.Call[Loss], calls)
		for i := range all {
			all[i] = simulate.Start(ctx, portfolio(i), seed+uint64(i))
		}
		got, err := runtime.All(ctx, all)
		if err != nil {
			return err
		}
		text, err := report.Run(ctx, got)
		if err != nil {
			return err
		}
		losses = got
		fmt.Fprintln(c.out, text)
		return runtime.Stop
	}}
	trouble := make(chan error, 1)
	go func() { trouble <- c.trouble(ctx, calls) }()
	began := time.Now()
	if err := errors.Join(loop.Run(ctx), <-trouble); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "it took %.1f seconds\n", time.Since(began).Seconds())
	keys := map[store.Ref]bool{}
	for i := range calls {
		keys[store.Ref{Work: simulate.Name(), Key: simulate.Key(portfolio(i), seed+uint64(i))}] = true
	}
	return c.check(ctx, losses, seed, keys)
}

func portfolio(i int) string { return fmt.Sprintf("portfolio %d", i+1) }

// trouble kills a worker and a server while there is something to do.
func (c *cluster) trouble(ctx context.Context, calls int) error {
	if err := c.until(ctx, calls/4); err != nil {
		return err
	}
	victim := c.workers[0]
	what := fmt.Sprintf("killing worker %d while it is busy", victim.Process.Pid)
	if c.nodes != nil {
		what += ", and the node that it runs"
	}
	fmt.Fprintln(c.out, what)
	if err := victim.Process.Kill(); err != nil {
		return err
	}
	_ = victim.Wait() // it was killed
	if c.nodes != nil {
		time.Sleep(time.Second)
		fmt.Fprintln(c.out, "starting it again")
		return c.startWorker(0)
	}
	if c.postgres == nil {
		return nil
	}
	if err := c.until(ctx, calls/2); err != nil {
		return err
	}
	fmt.Fprintln(c.out, "killing the server, which comes back after a second")
	c.postgres.Kill()
	time.Sleep(time.Second)
	return c.postgres.Start()
}

// until waits until there are so many results.
func (c *cluster) until(ctx context.Context, n int) error {
	began := time.Now().Add(-time.Minute)
	for ; ; time.Sleep(50 * time.Millisecond) {
		have := 0
		for _, err := range c.results.History(ctx, store.Filter{Status: []store.Status{store.Succeeded}, Since: began, Limit: n}) {
			if err != nil {
				return err
			}
			have++
		}
		if have >= n {
			return nil
		}
	}
}

// check compares what was simulated with what comes out here, and counts the executions.
func (c *cluster) check(ctx context.Context, losses []Loss, seed uint64, keys map[store.Ref]bool) error {
	var wrong []string
	for i, got := range losses {
		want, err := (&Simulate{Years: years}).Run(ctx, portfolio(i), seed+uint64(i))
		if err != nil {
			return err
		}
		if got != want {
			wrong = append(wrong, fmt.Sprintf("%s: got %v, want %v", portfolio(i), got, want))
		}
	}
	count := map[store.Status]int{}
	succeeded := map[store.Ref]int{}
	places := map[string]int{}
	for x, err := range c.results.History(ctx, store.Filter{}) {
		if err != nil {
			return err
		}
		if !keys[x.Ref] {
			continue
		}
		count[x.Status]++
		if x.Status == store.Succeeded {
			succeeded[x.Ref]++
			places[x.Origin.String()]++
		}
	}
	for ref, n := range succeeded {
		if n != 1 {
			wrong = append(wrong, fmt.Sprintf("call %s has %d results", ref.Key, n))
		}
	}
	if len(losses) != len(keys) || len(succeeded) != len(keys) {
		wrong = append(wrong, fmt.Sprintf("%d results of %d calls were returned, and %d are kept", len(losses), len(keys), len(succeeded)))
	}
	executions := 0
	for _, n := range count {
		executions += n
	}
	fmt.Fprintf(c.out, "%d executions on %d workers: %d succeeded, %d were lost and made again\n",
		executions, len(places), count[store.Succeeded], executions-count[store.Succeeded])
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "\n"))
	}
	fmt.Fprintln(c.out, "each simulation has one result, and it is the right one: nothing was lost")
	return nil
}
