//go:build !race

package runtime

import (
	"context"
	"testing"
	"unsafe"
)

// deepTable notes how deep in the stack an entry is taken out.
type deepTable struct {
	entries
	here uintptr
}

func (d *deepTable) unlink(n *node) bool {
	var here byte
	d.here = uintptr(unsafe.Pointer(&here))
	return d.entries.unlink(n)
}

// TestACallEndsOnASmallStack: a goroutine begins with two kilobytes of stack, of which the
// half may be used before it grows, and to let it grow costs as much as the rest of a miss. What the
// runner remembers of the call has been described by then.
// With the race detector frames are larger.
func TestACallEndsOnASmallStack(t *testing.T) {
	var body uintptr
	f := newFetch(func(context.Context, string) (string, error) {
		var here byte
		body = uintptr(unsafe.Pointer(&here))
		return "", nil
	}, MaxEntries(1))
	deep := &deepTable{entries: f.calls.runner.table}
	f.calls.runner.table = deep
	f.Run(t.Context(), "a")
	f.Run(t.Context(), "b") // evicts a
	const most = 400
	if below := int(body) - int(deep.here); below < 0 || below > most { // below 0 the stack was moved
		t.Errorf("an entry is evicted %d bytes below the body in the stack, want at most %d", below, most)
	}
}

// TestACallerNeedsASmallStack is about callers in goroutines of their own: one that makes a
// call uses no more of its stack either. Now and then the allocator does.
func TestACallerNeedsASmallStack(t *testing.T) {
	f := newFetch(func(context.Context, string) (string, error) { return "", nil })
	ctx := t.Context()
	moved := make(chan bool)
	for i := range 20 {
		url := string(rune('a' + i))
		go func() {
			var own [150]byte // and the caller's frames
			before := uintptr(unsafe.Pointer(&own))
			f.Run(ctx, url)
			moved <- uintptr(unsafe.Pointer(&own)) != before
		}()
		if !<-moved {
			return
		}
	}
	t.Error("the stack of each caller has grown")
}
