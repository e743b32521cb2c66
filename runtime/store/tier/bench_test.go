package tier_test

import (
	"testing"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/tier"
)

// BenchmarkHit looks up results that the local store has, in a tier and without one.
func BenchmarkHit(b *testing.B) {
	local, err := disk.Open("", disk.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	t := tier.New(local, memory.New(0), tier.Options{})
	defer t.Close()
	for n := range byte(200) {
		r := recordOf(n)
		l, err := t.Begin(ctx, r)
		if err == nil {
			err = t.End(ctx, l, r, store.Bytes("x"))
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	for name, s := range map[string]store.Store{"disk": local, "tier": t} {
		b.Run(name, func(b *testing.B) {
			for n := byte(0); b.Loop(); n = (n + 1) % 200 {
				if _, _, err := look(s, n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
