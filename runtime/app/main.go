package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/preview"
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
		fmt.Fprintln(os.Stderr, printed(err))
		os.Exit(2)
	}
	flag.Parse()
	if err := build(a); err != nil {
		fmt.Fprintln(os.Stderr, printed(err))
		os.Exit(1)
	}
	os.Exit(a.Main())
}

// Main runs the application with signals, as the function Main does, and returns
// the exit status. It is for programs that parse their flags themselves.
func (a *App) Main() (status int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	var interrupted atomic.Bool
	go func() {
		<-signals
		interrupted.Store(true)
		fmt.Fprintf(a.stderr(), "INFO: Stopping: waiting for %s. Interrupt again to end at once.\n", a.underWay())
		cancel()
		<-signals
		os.Exit(130)
	}()
	err := a.Run(ctx)
	if closeErr := a.closeStore(); err == nil {
		err = closeErr
	}
	if err != nil && !(interrupted.Load() && errors.Is(err, context.Canceled)) {
		fmt.Fprintf(a.stderr(), "ERROR: %s\n", printed(err))
		return 1
	}
	return 0
}

// printed is an error as a terminal and who reads a log may get it: without secrets, and with
// nothing in it that the terminal would obey. Further lines are indented, so that none looks
// like one of the program's.
func printed(err error) string {
	lines := strings.Split(redact.Text(preview.Error(err)), "\n")
	for i := range lines {
		lines[i] = preview.Line(lines[i])
	}
	return strings.Join(lines, "\n\t")
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
