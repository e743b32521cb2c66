//go:build unix

package runtime_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
)

// TestAnIdleLoopUsesNoProcessorTime runs itself as a process of its own, since
// the processor time of this one is also that of other tests, and asks the
// system what a second of waiting for a timer an hour away has cost.
func TestAnIdleLoopUsesNoProcessorTime(t *testing.T) {
	if os.Getenv("WORKGEN_TEST_IDLE") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAnIdleLoopUsesNoProcessorTime$", "-test.v")
		cmd.Env = append(os.Environ(), "WORKGEN_TEST_IDLE=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "processor time") {
				t.Log(strings.TrimSpace(line))
			}
		}
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	passes := 0
	loop := runtime.Loop{Heartbeat: -1, Flow: func(ctx context.Context) error {
		passes++
		runtime.Cron(ctx, "0 0 1 1 *")
		return nil
	}}
	before := processorTime(t)
	loop.Run(ctx)
	used := processorTime(t) - before
	t.Logf("%v of processor time in a second, %d pass", used, passes)
	if used > 20*time.Millisecond || passes != 1 {
		t.Errorf("an idle loop made %d passes and used %v in a second", passes, used)
	}
}

// processorTime is what this process has used so far.
func processorTime(t *testing.T) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
