// Command cluster shows calls that survive what machines do. It starts three workers, asks them
// for some simulations, kills one worker while it is busy, and a server of the store too, and
// checks that each simulation was made and nothing was lost.
//
//	go run .                                  # a cluster of NATS servers inside of the workers: nothing to install
//	go run . -store postgres                  # starts a PostgreSQL that is installed here, in a folder of its own
//	go run . -store "postgres://user@host/db" # a database of yours, or nats://host; only the worker is killed
//
// Workers and caller are processes on this machine; on several machines nothing else would be
// different than the addresses.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/worker"
)

//go:generate go run github.com/workgen/workgen/cmd/workgen

// years is how many years a simulation has: callers and workers have to agree, for it is an
// input.
const years = 100_000

// lease is how long others wait for a call whose process has died. It is short, so that one need
// not wait for long to see what happens then.
const lease = 3 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

// run is the command: that of the user, or that of a worker, which the other one has started.
func run(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	address := flags.String("store", "nats", "nats or postgres, to start servers, or the address of some, nats://… or postgres://…")
	serves := flags.Bool("worker", false, "serve as a worker of the store")
	node := flags.String("node", "", "run a node of NATS in this process, as the process that starts workers says")
	calls := flags.Int("calls", 40, "how many simulations there are")
	pace := flags.Duration("pace", 500*time.Millisecond, "how long each of them takes longer than it has to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *serves {
		return serve(ctx, *address, *node, *pace)
	}
	c, err := start(ctx, out, *address, *pace)
	if err != nil {
		return err
	}
	defer c.stop()
	return c.show(ctx, *calls)
}

// serve executes simulations for others until ctx ends.
func serve(ctx context.Context, address, node string, pace time.Duration) error {
	var results results
	var err error
	if node != "" {
		results, err = openNode(ctx, node)
	} else {
		results, err = open(ctx, address)
	}
	if err != nil {
		return err
	}
	defer results.Close()
	simulate := NewSimulateRunner(&Simulate{Years: years, Pace: pace}, runtime.WithStore(results), runtime.WithLogger(quiet))
	w := worker.Worker{Queue: results.Queue(), Slots: 4, Logger: quiet}
	if err := w.Serve(ctx, simulate.Runner); ctx.Err() == nil {
		return err
	}
	return nil
}

// quiet is for what is not to be told in between.
var quiet = slog.New(slog.DiscardHandler)
