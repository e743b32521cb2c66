package filewatch_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/filewatch"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/testdata/golden/files"
)

var _ runtime.FileWatcher = (*filewatch.Watcher)(nil)

// running runs a loop with a watcher until the test ends, and returns what the flow sends.
func running(t *testing.T, flow func(ctx context.Context, send func(string)) error) (sent <-chan string, ended <-chan error) {
	t.Helper()
	c, done := make(chan string, 1000), make(chan error, 1)
	loop := runtime.Loop{
		Files:  &filewatch.Watcher{},
		Logger: slog.New(slog.DiscardHandler),
		Flow:   func(ctx context.Context) error { return flow(ctx, func(s string) { c <- s }) },
	}
	ctx, cancel := context.WithCancel(t.Context())
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		done <- loop.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-finished
	})
	return c, done
}

// wants waits until the flow sends something.
func wants(t *testing.T, want string, sent <-chan string, ended <-chan error) {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for got := ""; got != want; {
		select {
		case got = <-sent:
		case err := <-ended:
			t.Fatalf("the loop ended: %v", err)
		case <-timeout:
			t.Fatalf("the flow sent %q, want %q", got, want)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestAFlowRunsAgainWhenAFileChanges(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	write(t, path, "1")
	load := files.NewLoadRunner(&files.Load{})
	sent, ended := running(t, func(ctx context.Context, send func(string)) error {
		content, err := load.Run(ctx, key.File(path))
		if err == nil {
			send(content)
		}
		return err
	})
	for i := 1; i < 5; i++ {
		wants(t, fmt.Sprint(i), sent, ended)
		write(t, path+".new", fmt.Sprint(i+1))
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	wants(t, "5", sent, ended)
}

// TestAFlowWaitsForFilesThatAreWritten writes to a file for so long, and makes it so large, that
// it always changes while it is read.
func TestAFlowWaitsForFilesThatAreWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	write(t, path, "")
	load := files.NewLoadRunner(&files.Load{})
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	block, size := make([]byte, 1<<20), 0
	for ; size < 32; size++ {
		if _, err := f.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				_, _ = f.Write(block[:1])
			}
		}
	}()
	passes := make(chan error, 1000)
	sent, ended := running(t, func(ctx context.Context, send func(string)) error {
		content, err := load.Run(ctx, key.File(path))
		passes <- err
		if err == nil {
			send(fmt.Sprint(len(content)))
		}
		return err
	})
	if err := <-passes; !runtime.Suspended(err) {
		t.Errorf("the flow got %v", err)
	}
	close(stop)
	<-stopped
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	wants(t, fmt.Sprint(info.Size()), sent, ended)
}
