package tier_test

import (
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/runnertest"
	"github.com/workgen/workgen/runtime/store/storetest"
	"github.com/workgen/workgen/runtime/store/tier"
)

// inMemory returns an opener of handles of one store.
func inMemory(_ *testing.T, lease time.Duration) func() store.Store {
	s := memory.New(lease)
	return func() store.Store { return s.Another() }
}

func onDisk(t *testing.T, lease time.Duration) func() store.Store {
	dir := t.TempDir()
	return func() store.Store { return openDisk(t, disk.Options{Dir: dir, Lease: lease, Relaxed: true}) }
}

func openDisk(t *testing.T, o disk.Options) *disk.Store {
	t.Helper()
	s, err := disk.Open("", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

type opener func(t *testing.T, lease time.Duration) func() store.Store

// tiers are the pairs of stores that conformance is tested with: those of one machine.
var tiers = []struct {
	name          string
	local, shared opener
	o             tier.Options
	durable       bool // and usable in no bubble
}{
	{name: "memory, memory", local: inMemory, shared: inMemory},
	{name: "disk, memory", local: onDisk, shared: inMemory, durable: true},
	{name: "disk, disk", local: onDisk, shared: onDisk, durable: true},
	{name: "memory, memory read only", local: inMemory, shared: inMemory, o: tier.Options{ReadOnly: true}},
}

func TestConformance(t *testing.T) {
	t.Parallel() // most of the time it waits
	for _, c := range tiers {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const lease = 500 * time.Millisecond
			storetest.Test(t, c.durable, func(t *testing.T) func() store.Store {
				local, shared := c.local(t, lease), c.shared(t, lease)
				return func() store.Store { return tier.New(local(), shared(), c.o) }
			})
		})
	}
}

func TestRunners(t *testing.T) {
	t.Parallel()
	for _, c := range tiers {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			runnertest.Test(t, !c.durable, func(t *testing.T) func() store.Store {
				local, shared := c.local(t, 4*time.Second), c.shared(t, 4*time.Second)
				return func() store.Store { return tier.New(local(), shared(), c.o) }
			})
		})
	}
}
