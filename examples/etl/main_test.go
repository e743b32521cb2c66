package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/worktest"
)

// printer keeps what is printed.
type printer struct {
	mu   sync.Mutex
	text strings.Builder
	full bool // reports cannot be written
}

func (p *printer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.full && strings.HasPrefix(string(b), "report") {
		return 0, errors.New("no space left")
	}
	return p.text.Write(b)
}

// take returns what was printed since it was asked last.
func (p *printer) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.text.Reset()
	return p.text.String()
}

func (p *printer) fill(full bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.full = full
}

// process is a program that runs every night.
type process struct {
	*pipeline
	stop func() error
}

// start starts one, of which a line takes a minute. Failures are told to alert.
func start(t *testing.T, folder string, out *printer, results store.Store, alert func(runtime.Failure)) *process {
	p := newPipeline(folder, out, time.Minute, runtime.WithStore(results))
	loop := p.loop()
	loop.Store, loop.OnFailure, loop.Logger = results, alert, slog.New(slog.DiscardHandler)
	return &process{p, worktest.Start(t, loop)}
}

// TestAWeekOfNights runs the program for a week, in which files change, the folder goes away, a
// report cannot be written, and the program is restarted, once after it did not run at night.
func TestAWeekOfNights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "sales")
		if err := makeSamples(folder); err != nil {
			t.Fatal(err)
		}
		alerts := map[string]int{}
		alert := func(f runtime.Failure) { alerts[f.Work]++ }
		out, results := &printer{}, memory.New(0)
		until(12)
		p := start(t, folder, out, results, alert)
		const (
			bad   = "  west.csv is bad: line 2: \" much\" is no amount\n"
			north = "  north.csv: 2 sales, 550 cents\n"
			south = "  south.csv: 2 sales, 650 cents\n"
			more  = "  south.csv: 3 sales, 1650 cents\n"
			west  = "  west.csv: 1 sales, 310 cents\n"
		)
		until(13)
		if got, want := out.take(), "parsing north.csv\nparsing south.csv\nparsing west.csv\nreport of 2000-01-01\n"+north+south+bad; !equal(got, want) {
			t.Errorf("at the start it prints\n%s", got)
		}
		for _, night := range []struct {
			name  string
			day   func() // what happens before
			wrong func() // what is wrong at three o'clock
			mend  func() // and how it is mended at five
			want  string // what it prints until six
		}{
			{name: "nothing has changed: the bad file is not parsed again",
				want: "report of 2000-01-02\n" + north + south + bad},
			{name: "a file has changed",
				day:  func() { write(t, folder, "south.csv", samples["south.csv"]+"wedding cake, 1000\n") },
				want: "parsing south.csv\nreport of 2000-01-03\n" + north + more + bad},
			{name: "the report cannot be written for two hours",
				wrong: func() { out.fill(true) }, mend: func() { out.fill(false) },
				want: "report of 2000-01-04\n" + north + more + bad},
			{name: "the folder is gone for two hours",
				wrong: func() { rename(t, folder, folder+" away") }, mend: func() { rename(t, folder+" away", folder) },
				want: "report of 2000-01-05\n" + north + more + bad},
			{name: "a restart in the day does nothing; the bad file is parsed again at night",
				day: func() {
					p.stop()
					p = start(t, folder, out, results, alert)
				},
				want: "parsing west.csv\nreport of 2000-01-06\n" + north + more + bad},
			{name: "the bad file is mended",
				day:  func() { write(t, folder, "west.csv", "coffee, 310\n") },
				want: "parsing west.csv\nreport of 2000-01-07\n" + north + more + west},
			{name: "the program does not run at night",
				wrong: func() { p.stop() }, mend: func() { p = start(t, folder, out, results, alert) },
				want: "report of 2000-01-08\n" + north + more + west},
		} {
			if night.day != nil {
				night.day()
				until(13)
				if got := out.take(); got != "" {
					t.Errorf("%s: in the day it prints\n%s", night.name, got)
				}
			}
			if night.wrong != nil {
				until(2)
				night.wrong()
				until(5)
				if got := out.take(); got != "" {
					t.Errorf("%s: before it is mended it prints\n%s", night.name, got)
				}
				night.mend()
			}
			until(6)
			if got := out.take(); !equal(got, night.want) {
				t.Errorf("%s: it prints\n%s", night.name, got)
			}
			until(12)
		}
		p.stop()
		for _, call := range []struct {
			work *runtime.Runner
			want int // two processes have met the bad file
		}{{p.list.Runner, 1}, {p.parse.Runner, 2}, {p.report.Runner, 1}} {
			if got := alerts[call.work.Name()]; got != call.want {
				t.Errorf("%d alerts of %s, want %d", got, call.work.Name(), call.want)
			}
		}
	})
}

// TestProgress looks at a file of which the second line is being parsed.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "sales")
		if err := makeSamples(folder); err != nil {
			t.Fatal(err)
		}
		p := newPipeline(folder, &printer{}, time.Minute)
		call := p.parse.Start(t.Context(), key.File(filepath.Join(folder, "north.csv")))
		time.Sleep(90 * time.Second)
		if got, want := call.Status().Progress, (runtime.CallProgress{Done: 1, Total: 2, Note: "north.csv"}); got != want {
			t.Errorf("it is %+v, want %+v", got, want)
		}
		if sales, err := call.Wait(t.Context()); err != nil || total(sales) != 550 {
			t.Error(sales, err)
		}
	})
}

// until waits for the next time that it is such an hour in Berlin.
func until(hour int) {
	now := time.Now().In(nightly.Location())
	at := time.Date(now.Year(), now.Month(), now.Day(), hour, 0, 0, 0, now.Location())
	if !at.After(now) {
		at = at.AddDate(0, 0, 1)
	}
	time.Sleep(time.Until(at))
	synctest.Wait()
}

// equal reports whether two texts have equal lines. Files are parsed at the same time, so their order varies.
func equal(a, b string) bool {
	return slices.Equal(slices.Sorted(strings.Lines(a)), slices.Sorted(strings.Lines(b)))
}

func write(t *testing.T, folder, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
