// Command props shows what a work remembers: it calls one work five times with
// the same argument and once with another, and the work prints what it
// received whenever it is executed.
//
//	go run ./examples/props               # executed for each distinct argument
//	go run ./examples/props -cache=false  # executed for each call
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/workgen/workgen/runtime"
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
	cache := flag.Bool("cache", true, "remember the calls")
	flag.Parse()
	printer := NewPrinterRunner(&Printer{Out: os.Stdout}, runtime.CacheCalls(*cache))
	for _, value := range []int{1, 1, 1, 1, 1, 10} {
		if err := printer.Run(context.Background(), value); err != nil {
			log.Fatal(err)
		}
	}
}
