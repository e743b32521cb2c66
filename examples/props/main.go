// Command props shows what a work remembers: it calls one work five times with
// the same argument and once with another, and the work prints what it
// received whenever it is executed.
//
//	go run ./examples/props               # executed for each distinct argument
//	go run ./examples/props -cache=false  # executed for each call
//	go run ./examples/props -app          # once somebody has clicked run on its page
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/app"
)

//go:generate go run github.com/workgen/workgen/cmd/workgen

// Printer prints the arguments that it received.
//
//workgen:work
type Printer struct {
	Out io.Writer `workgen:"-"` // where to is no input
}

// Run prints value.
func (p *Printer) Run(value int) error {
	_, err := fmt.Fprintf(p.Out, "I received the following props: args: () kwargs: {'value': %d}\n", value)
	return err
}

func main() {
	a := &app.App{Name: "props", Wait: true}
	cache := flag.Bool("cache", true, "remember the calls")
	page := flag.Bool("app", false, "be an application with a page, which the other flags are for")
	if err := a.Flags(flag.CommandLine); err != nil {
		log.Fatal(err)
	}
	flag.Parse()
	printer := NewPrinterRunner(&Printer{Out: os.Stdout}, runtime.CacheCalls(*cache))
	if *page {
		a.Loop = &runtime.Loop{Heartbeat: -1, Flow: func(ctx context.Context) error { return flow(ctx, printer) }}
		os.Exit(a.Main())
	}
	if err := flow(context.Background(), printer); err != nil {
		log.Fatal(err)
	}
}

// flow makes six calls. In a loop, each that is new ends the pass.
func flow(ctx context.Context, printer *PrinterRunner) error {
	for _, value := range []int{1, 1, 1, 1, 1, 10} {
		if err := printer.Run(ctx, value); err != nil {
			return err
		}
	}
	return nil
}
