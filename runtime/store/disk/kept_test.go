//go:build unix

package disk_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store/disk"
)

func init() { children["error"] = errorChild }

// errorChild makes calls 1 to 4, which fail, with lifetimes of all kinds.
func errorChild(s *disk.Store, _ string, _ int) {
	lifetimes := map[string]runtime.ErrorLifetime{
		"no page 1": {For: time.Hour, Stored: true},
		"no page 2": {For: time.Hour},
		"no page 3": {For: 1, Stored: true}, // which is over soon
	}
	c := calls(s, func(n int) ([]byte, error) { return nil, fmt.Errorf("no page %d", n) },
		runtime.CacheErrorsFunc(func(err error) runtime.ErrorLifetime { return lifetimes[err.Error()] }))
	for n := 1; n <= 4; n++ {
		_, err := run(c, n)
		var remote *runtime.RemoteError
		say(n, "executions", c.Runner().Stats().Executions, "remote", errors.As(err, &remote) && remote.Text == fmt.Sprint("no page ", n))
	}
}

// TestAStoredErrorOutlivesItsProcess until its time is over, or somebody forgets the call.
func TestAStoredErrorOutlivesItsProcess(t *testing.T) {
	dir := t.TempDir()
	for i, want := range [][]string{
		{"1 executions 1 remote false", "2 executions 2 remote false", "3 executions 3 remote false", "4 executions 4 remote false"},
		{"1 executions 0 remote true", "2 executions 1 remote false", "3 executions 2 remote false", "4 executions 3 remote false"},
		{"1 executions 0 remote true", "2 executions 1 remote false", "3 executions 2 remote false", "4 executions 3 remote false"},
		{"1 executions 1 remote false", "2 executions 2 remote false", "3 executions 3 remote false", "4 executions 4 remote false"},
	} {
		if i == 3 {
			s := open(t, filepath.Join(dir, "store"), disk.Options{})
			calls(s, func(int) ([]byte, error) { return nil, nil }).Forget(1)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		c := start(t, "error", dir, 0)
		for _, line := range want {
			if got := c.line(t); got != line {
				t.Errorf("process %d: %q, want %q", i, got, line)
			}
		}
		for range c.lines { // until it has ended
		}
	}
}
