//go:build unix

package crashtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// variable is the environment variable that makes a process a child: it has its orders.
const variable = "WORKGEN_CRASHTEST"

// orders are what a child has to do.
type orders struct {
	Plan            plan
	Job             job
	Name            string
	Target, Journal string
}

// Child is what a test's process begins with, in TestMain. In one that [Test] has started, Child
// makes calls until its input ends, and does not return; open is what opens [Backend.Target]. In
// others it does nothing.
func Child(open func(target string) (store.Store, error)) {
	text := os.Getenv(variable)
	if text == "" {
		return
	}
	var o orders
	err := json.Unmarshal([]byte(text), &o)
	if err == nil {
		err = o.follow(open)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "crashtest:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// follow works until the input ends.
func (o *orders) follow(open func(target string) (store.Store, error)) error {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	j, err := openJournal(o.Journal)
	if err != nil {
		return err
	}
	s := opened(ctx, open, o.Target)
	if s == nil {
		return nil
	}
	newWorker(o.Plan, o.Name, o.Job, s, j, os.Stderr).run(ctx)
	j.note(event{What: closes})
	return s.Close()
}

// opened opens the store as soon as it can be reached, or returns nil when ctx ends before.
func opened(ctx context.Context, open func(target string) (store.Store, error), target string) store.Store {
	for ctx.Err() == nil {
		s, err := open(target)
		if err == nil {
			return s
		}
		fmt.Fprintln(os.Stderr, "crashtest: open:", err)
		pause(ctx, 100*time.Millisecond)
	}
	return nil
}
