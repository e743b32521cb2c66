// Command unreachable shows what turning caching off means in a flow: the work
// is executed again whenever it has ended, the flow is suspended each time, and
// the code after it is never reached. The loop says so in its log.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/workgen/workgen/runtime"
)

//go:generate go run github.com/workgen/workgen/cmd/workgen

// Work takes its time.
//
//workgen:work cache=false
type Work struct{}

// Run waits.
func (Work) Run(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func main() {
	passes := flag.Int("passes", 0, "how many passes to make; 0 is no end")
	flag.Parse()

	work := NewWorkRunner(&Work{})
	made := 0
	loop := runtime.Loop{Heartbeat: -1, Flow: func(ctx context.Context) error {
		if made++; *passes > 0 && made > *passes {
			return runtime.Stop
		}
		fmt.Println("HERE BEFORE")
		if err := work.Run(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		fmt.Println("HERE AFTER")
		return nil
	}}
	if err := loop.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
