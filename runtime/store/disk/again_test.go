//go:build unix

package disk_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

func init() {
	children["again"] = againChild
	children["keeper"] = keeperChild
}

// againChild executes a call again, of which it has the arguments from the store, and does not end.
func againChild(s *disk.Store, _ string, n int) {
	c := calls(s, func(int) ([]byte, error) {
		say("began")
		select {}
	})
	if _, err := runtime.Inspect(c.Runner()).AgainKey(ctx, c.Key(n)); err != nil {
		say("refused", err)
	}
	select {}
}

// keeperChild keeps a result in memory, and says when it has another one.
func keeperChild(s *disk.Store, _ string, n int) {
	c := calls(s, func(int) ([]byte, error) { return []byte("executed"), nil })
	for last := ""; ; time.Sleep(time.Millisecond) {
		data, err := run(c, n)
		if err != nil {
			say("failed", err)
		}
		if string(data) != last {
			last = string(data)
			say("has", last)
		}
	}
}

// A process is killed while it executes a call again: everybody keeps the old result, and whoever
// executes it again then has all others find the new one.
func TestAProcessIsKilledWhileItExecutesACallAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store"), disk.Options{Lease: 10 * time.Second})
	result := "old"
	b := calls(s, func(int) ([]byte, error) { return []byte(result), nil })
	if data, err := run(b, 1); string(data) != "old" || err != nil {
		t.Fatalf("%q, %v", data, err)
	}
	keeper := start(t, "keeper", dir, 1)
	if got := keeper.line(t); got != "has old" {
		t.Fatal(got)
	}
	killed := start(t, "again", dir, 1)
	if got := killed.line(t); got != "began" {
		t.Fatal(got)
	}
	found := make([]store.Found, 1)
	ref := store.Ref{Work: b.Runner().Name(), Key: b.Key(1)}
	if err := s.Lookup(ctx, []store.Ref{ref}, found); err != nil || found[0].Result() == nil || found[0].Holder == nil {
		t.Errorf("while it executes: found %+v, %v", found[0], err)
	}
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for range killed.lines { // until it is gone
	}
	fresh := calls(s, func(int) ([]byte, error) { panic("executed") })
	if data, err := run(fresh, 1); string(data) != "old" || err != nil {
		t.Errorf("after it was killed: %q, %v", data, err)
	}
	result = "new"
	number, err := runtime.Inspect(b.Runner()).AgainKey(ctx, b.Key(1))
	if err != nil {
		t.Fatal(err)
	}
	if got := keeper.line(t); got != "has new" {
		t.Errorf("the other process %s", got)
	}
	for _, c := range []*runtime.Calls[int, int, []byte]{b, fresh} {
		if data, err := run(c, 1); string(data) != "new" || err != nil {
			t.Errorf("%q, %v", data, err)
		}
	}
	if d, ok := runtime.Inspect(b.Runner()).Call(number); !ok || d.Status != runtime.Succeeded {
		t.Errorf("%+v", d)
	}
	var statuses []store.Status
	for r, err := range s.History(ctx, store.Filter{Arguments: true}) {
		if err != nil || len(r.Arguments) == 0 {
			t.Errorf("arguments of %d bytes, %v", len(r.Arguments), err)
		}
		statuses = append(statuses, r.Status)
	}
	want := []store.Status{store.Succeeded, store.Lost, store.Replaced}
	if len(statuses) != len(want) || statuses[0] != want[0] || statuses[1] != want[1] || statuses[2] != want[2] {
		t.Errorf("history %v, want %v", statuses, want)
	}
}
