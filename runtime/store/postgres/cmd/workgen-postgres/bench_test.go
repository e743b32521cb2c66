//go:build unix

package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
)

// BenchmarkHistory looks into a history of 100,000 executions of ten works, of which each seventh
// has failed, with the connection that each command makes.
func BenchmarkHistory(b *testing.B) {
	const most = 100_000
	url := pgtest.Database(b)
	s := open(b, url, "sales")
	call := func(n int) store.Record {
		r := record(fmt.Sprint("Fetch", n%10), fmt.Sprint("day ", n), time.Duration(most-n)*time.Minute)
		r.Args = append(r.Args, store.Arg{Name: "Source", Type: "string", Text: "s3://sales"})
		if n%7 == 0 {
			r.Error = fmt.Sprint("no page ", n)
		}
		return r
	}
	var wg sync.WaitGroup
	const writers = 500 // at once
	for w := range writers {
		wg.Go(func() {
			for n := w; n < most; n += writers {
				keep(b, s, call(n))
			}
		})
	}
	wg.Wait()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, `VACUUM ANALYZE`); err != nil {
		b.Fatal(err)
	}
	old, middle, newest := call(50).Key.String(), call(most/2+3).Key.String(), call(most-1).Key.String()
	for _, line := range []string{
		"ls", "ls -limit 0", "ls -limit 0 -json", "export", "ls Fetch3 -limit 0", "ls -status failed", "ls -text 'page 77777'", "ls -newest -limit 0",
		"why", "why Fetch3", "why Fetch3 -json", "why " + old, "why " + middle, "why " + newest[:12], "show Fetch3", "show " + middle[:12],
		"queue", "rm " + middle[:12],
	} {
		name := strings.NewReplacer(" ", "_", old, "old", middle, "middle", middle[:12], "middle", newest[:12], "newest").Replace(line)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var problems strings.Builder
				if status := run(append(words(line), "-store", url, "-namespace", "sales"), nil, io.Discard, &problems); status != 0 {
					b.Fatal(problems.String())
				}
			}
		})
	}
}
