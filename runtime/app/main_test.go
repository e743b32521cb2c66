package app

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
)

// TestMain makes the test's binary a program with an app, when it is asked to be
// one: its work heeds its context, or does not.
func TestMain(m *testing.M) {
	kind := os.Getenv("APP_TEST_PROGRAM")
	if kind == "" {
		machinesEvery = 10 * time.Millisecond
		os.Exit(m.Run())
	}
	os.Args = append(os.Args[:1], strings.Fields(os.Getenv("APP_TEST_FLAGS"))...)
	flag.CommandLine = flag.NewFlagSet("program", flag.ExitOnError)
	Main(func(a *App) error {
		if kind == "fails to build" {
			return errors.New("no source\nINFO: \x9bforged")
		}
		if kind == "has a logger" {
			slog.SetDefault(slog.New(slog.NewTextHandler(os.Stdout, nil)))
		}
		var opts []runtime.Option
		if a.StoreName != "" {
			s, err := a.OpenStore()
			if err != nil {
				return err
			}
			opts = append(opts, runtime.WithStore(s))
		}
		w := newSecretWork("main.Work", func(ctx context.Context, day string) (string, error) {
			fmt.Println("executing")
			if kind == "tells" {
				return "", fmt.Errorf("no day %q", day)
			}
			switch kind {
			case "deaf":
				select {}
			case "has a logger":
				slog.Info("executes")
			case "panics":
				panic("index out of range\x1b")
			case "tells progress":
				runtime.Progress(ctx, 40, 100, "reading\x1b[31m")
			case "finishes": // and ignores its context
				time.Sleep(300 * time.Millisecond)
				fmt.Println("finished")
				return day, nil
			}
			<-ctx.Done()
			time.Sleep(50 * time.Millisecond)
			fmt.Println("cleaned up")
			return "", ctx.Err()
		}, opts...)
		a.Loop = &runtime.Loop{Flow: func(ctx context.Context) error {
			if kind == "fails" {
				return errors.Join(errors.New("no data\x1b]0;\u202e"), errors.New("INFO: forged\r\x9b"))
			}
			got, err := w.Run(ctx, "secret a")
			if err == nil {
				fmt.Println("got", got)
				return runtime.Stop
			}
			return err
		}}
		if kind == "heeds" || kind == "tells progress" || kind == "has a logger" {
			a.Loop.Grace = 300 * time.Millisecond
		}
		return nil
	})
}

// program is the test's binary as an app.
type program struct {
	*exec.Cmd
	out    *bufio.Scanner
	stderr output
}

func run(t *testing.T, kind, flags string) *program {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{Cmd: exec.Command(exe)}
	p.Env = append(os.Environ(), "APP_TEST_PROGRAM="+kind, "APP_TEST_FLAGS="+flags)
	p.Stderr = &p.stderr
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewScanner(out)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() })
	return p
}

// line waits for the next line of output.
func (p *program) line(t *testing.T, wanted string) {
	t.Helper()
	if !p.out.Scan() || p.out.Text() != wanted {
		t.Fatalf("got %q, want %q; on standard error\n%s", p.out.Text(), wanted, p.stderr.String())
	}
}

// status waits for the end.
func (p *program) status(t *testing.T) int {
	t.Helper()
	for p.out.Scan() {
	}
	err := p.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

func TestTheFirstInterruptDrainsAndTheSecondEnds(t *testing.T) {
	const (
		started  = "INFO: Your app has started.\n"
		stopping = "INFO: Stopping: waiting for 1 execution. Interrupt again to end at once.\n"
	)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		p := run(t, "heeds", "-addr 127.0.0.1:0")
		p.line(t, "executing")
		p.Process.Signal(s)
		p.line(t, "cleaned up")
		want(t, "status", p.status(t), 0)
		if text := p.stderr.String(); !strings.Contains(text, stopping) || !strings.Contains(text, "INFO: Stopped after ") {
			t.Errorf("on standard error\n%s", p.stderr.String())
		}
	}
	p := run(t, "deaf", "-no-page")
	p.line(t, "executing")
	p.Process.Signal(os.Interrupt)
	eventually(t, "it drains", func() bool { return p.stderr.String() == started+stopping }) // two signals at once may be one
	p.Process.Signal(os.Interrupt)
	want(t, "status", p.status(t), 130)
	want(t, "standard error", p.stderr.String(), started+stopping)
}

func TestWhatABodyReturnsAfterTheFirstSignalIsKept(t *testing.T) {
	flags := "-no-page -store " + t.TempDir() + "/store"
	p := run(t, "finishes", flags)
	p.line(t, "executing")
	p.Process.Signal(syscall.SIGTERM)
	p.line(t, "finished")
	want(t, "status", p.status(t), 0)
	p = run(t, "finishes", flags)
	p.line(t, "got secret a") // and it does not execute
	want(t, "status", p.status(t), 0)
}

func TestTheExitStatusTellsHowItEnded(t *testing.T) {
	for _, c := range []struct {
		kind, flags string
		status      int
		said        string
	}{
		{"fails", "-no-page", 1, "ERROR: no data\\x1b]0;\\u202e\n\tINFO: forged\\r\\x9b\n"},
		{"tells", "-no-page", 1, "ERROR: no day \"(secret)\"\n"},
		{"fails to build", "", 1, "no source\n\tINFO: \\x9bforged\n"},
		{"heeds", "-addr 0.0.0.0:0", 1, "set a token"},
		{"heeds", "-nonsense", 2, "flag provided but not defined"},
		{"heeds", "-no-page -wait", 1, "leave one of them out"},
	} {
		p := run(t, c.kind, c.flags)
		if got := p.status(t); got != c.status || !strings.Contains(p.stderr.String(), c.said) {
			t.Errorf("%s %s: status %d, want %d; standard error\n%s", c.kind, c.flags, got, c.status, p.stderr.String())
		}
	}
}
