package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/workgen/workgen/runtime"
)

// Main is the main function of a program that is an application: it reads flags
// and environment (see [App.Flags]), lets build make the runners and set the
// app's Loop, runs it, and ends the process.
//
//	func main() {
//		app.Main(func(a *app.App) error {
//			process := NewDataProcessorRunner(&DataProcessor{Source: "s3://sales"})
//			a.Loop = &runtime.Loop{Flow: func(ctx context.Context) error {
//				_, err := process.Run(ctx, runtime.Today(ctx).Format("01/02/06"))
//				return err
//			}}
//			return nil
//		})
//	}
//
// The first signal (Ctrl-C, SIGTERM or SIGHUP) ends the loop: nothing begins any more, and what
// runs goes on for as long as the loop's Grace says; what it returns is kept. The log names what
// is waited for. The second signal ends the process at once. The exit status is 0 when the
// loop ended without an error or was interrupted, 1 after an error, 2 for wrong
// usage, and 130 after the second signal.
func Main(build func(a *App) error) {
	a := &App{}
	if err := a.Flags(flag.CommandLine); err != nil {
		a.fails(err)
		os.Exit(2)
	}
	flag.Parse()
	a.opensTerminal()
	if err := build(a); err != nil {
		a.fails(err)
		os.Exit(1)
	}
	os.Exit(a.Main())
}

// Main runs the application with signals, as the function Main does, and returns
// the exit status. It is for programs that parse their flags themselves.
func (a *App) Main() (status int) {
	defer a.opensTerminal()()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	var interrupted atomic.Bool
	go func() {
		<-signals
		interrupted.Store(true)
		a.say(slog.LevelInfo, "Stopping: waiting for "+a.underWay()+". Interrupt again to end at once.")
		cancel()
		<-signals
		a.terminal.Live()
		os.Exit(130)
	}()
	began, ended := time.Now(), a.narrates()
	if a.NoPage {
		a.say(slog.LevelInfo, "Your app has started.")
	}
	err := a.Run(ctx)
	ended()
	if closeErr := a.closeStore(); err == nil {
		err = closeErr
	}
	if err != nil && !(interrupted.Load() && errors.Is(err, context.Canceled)) {
		a.fails(err)
		return 1
	}
	a.say(slog.LevelInfo, "Stopped after "+runs(time.Since(began))+": "+a.done()+".")
	return 0
}

// underWay says how many executions run.
func (a *App) underWay() string {
	n := 0
	for _, r := range a.runners() {
		n += r.Stats().InFlight
	}
	if n == 1 {
		return "1 execution"
	}
	return fmt.Sprintf("%d executions", n)
}

// done says what the works of the app did.
func (a *App) done() string {
	var sum runtime.Stats
	for _, r := range a.runners() {
		s := r.Stats()
		sum.Executions, sum.Hits, sum.Stored, sum.Errors = sum.Executions+s.Executions, sum.Hits+s.Hits, sum.Stored+s.Stored, sum.Errors+s.Errors
	}
	return fmt.Sprintf("%d executed, %d hits, %d failed", sum.Executions, sum.Hits+sum.Stored, sum.Errors)
}
