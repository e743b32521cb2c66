package peers

import "testing"

// TestIdentity holds ours to the law, and the peers to the least that makes a
// comparison fair: equal values that share no memory are equal to them.
func TestIdentity(t *testing.T) {
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			same := s.peers()
			sums := map[string]any{}
			for i, p := range s.peers() {
				a, err := p.sum()
				if err != nil {
					t.Errorf("%s: %v", p.name, err)
				}
				b, err := same[i].sum()
				if err != nil || a != b {
					t.Errorf("%s: equal values differ (%v)", p.name, err)
				}
				sums[p.name] = a
			}
			for i, variant := range s.variants() {
				for _, p := range variant {
					switch a, err := p.sum(); {
					case err != nil:
						t.Errorf("%s: %s: %v", p.name, s.changes[i], err)
					case a == sums[p.name] && p.name == "workgen":
						t.Errorf("%s: hits where it should miss: %s", p.name, s.changes[i])
					case a == sums[p.name]:
						t.Logf("%s: hits where it should miss: %s", p.name, s.changes[i])
					}
				}
			}
		})
	}
}

// TestAllocations holds ours to allocating nothing once it is warm.
func TestAllocations(t *testing.T) {
	for _, s := range shapes {
		ours := s.peers()[0]
		if n := testing.AllocsPerRun(20, func() { ours.use() }); n != 0 {
			t.Errorf("%s: %v allocations", s.name, n)
		}
	}
}

func BenchmarkIdentity(b *testing.B) {
	for _, s := range shapes {
		for _, p := range s.peers() {
			b.Run(s.name+"/"+p.name, func(b *testing.B) { bench(b, p) })
		}
	}
}

func bench(b *testing.B, p peer) {
	b.ReportAllocs()
	for b.Loop() {
		if err := p.use(); err != nil {
			b.Fatal(err)
		}
	}
}
