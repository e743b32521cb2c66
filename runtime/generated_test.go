package runtime_test

import (
	"context"
	"strconv"
	"sync"
	"testing"

	"github.com/workgen/workgen/testdata/golden/hits"
)

// locked is what a Go engineer writes by hand.
type locked[K comparable] struct {
	mu sync.RWMutex
	m  map[K]int
}

func (l *locked[K]) run(_ context.Context, k K, compute func(K) (int, error)) (int, error) {
	l.mu.RLock()
	v, ok := l.m[k]
	l.mu.RUnlock()
	if ok {
		return v, nil
	}
	v, err := compute(k)
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.m == nil {
		l.m = map[K]int{}
	}
	l.m[k] = v
	return v, nil
}

// three is the map key for three scalars.
type three struct {
	n int
	s string
	b bool
}

// inputs are 64 different strings, as long as dates.
func inputs() []string {
	list := make([]string, 64)
	for i := range list {
		list[i] = "2026-05-" + strconv.Itoa(10+i)
	}
	return list
}

func fields(i int, s string) hits.Fields {
	return hits.Fields{ID: i, Name: s, On: true, Port: 443, Zone: "europe-west", Weight: 1.5, Size: 1 << 20, Prio: 3}
}

func TestGeneratedHitAllocatesNothing(t *testing.T) {
	ctx := context.Background()
	one, three, eight, list := hits.NewOneRunner(&hits.One{}), hits.NewThreeRunner(&hits.Three{}), hits.NewEightRunner(&hits.Eight{}), hits.NewListRunner(&hits.List{})
	many := make([]hits.Fields, 100)
	for _, test := range []struct {
		name string
		run  func() (int, error)
	}{
		{"string", func() (int, error) { return one.Run(ctx, "05/25/22") }},
		{"int, string, bool", func() (int, error) { return three.Run(ctx, 1, "05/25/22", true) }},
		{"struct of eight fields", func() (int, error) { return eight.Run(ctx, fields(1, "x")) }},
		{"slice of structs", func() (int, error) { return list.Run(ctx, many) }},
		{"started call", func() (int, error) { return one.Start(ctx, "05/25/22").Result() }},
	} {
		if _, err := test.run(); err != nil {
			t.Fatal(err)
		}
		if raceDetector && test.name == "slice of structs" {
			continue
		}
		if n := testing.AllocsPerRun(1000, func() { test.run() }); n != 0 {
			t.Errorf("%s: a hit allocates %v times", test.name, n)
		}
	}
}

func BenchmarkHit(b *testing.B) {
	ctx, keys := context.Background(), inputs()
	b.Run("string/workgen", func(b *testing.B) {
		one := hits.NewOneRunner(&hits.One{})
		loop(b, func(i int) (int, error) { return one.Run(ctx, keys[i]) })
	})
	b.Run("string/rwmutex", func(b *testing.B) {
		var m locked[string]
		loop(b, func(i int) (int, error) {
			return m.run(ctx, keys[i], func(s string) (int, error) { return len(s), nil })
		})
	})
	b.Run("three/workgen", func(b *testing.B) {
		r := hits.NewThreeRunner(&hits.Three{})
		loop(b, func(i int) (int, error) { return r.Run(ctx, i, keys[i], true) })
	})
	b.Run("three/rwmutex", func(b *testing.B) {
		var m locked[three]
		loop(b, func(i int) (int, error) {
			return m.run(ctx, three{i, keys[i], true}, func(k three) (int, error) { return k.n + len(k.s), nil })
		})
	})
	b.Run("eight/workgen", func(b *testing.B) {
		r := hits.NewEightRunner(&hits.Eight{})
		loop(b, func(i int) (int, error) { return r.Run(ctx, fields(i, keys[i])) })
	})
	b.Run("eight/rwmutex", func(b *testing.B) {
		var m locked[hits.Fields]
		loop(b, func(i int) (int, error) {
			return m.run(ctx, fields(i, keys[i]), func(f hits.Fields) (int, error) { return f.ID + len(f.Name), nil })
		})
	})
}

// loop calls run with the numbers from 0 to 63 again and again.
func loop(b *testing.B, run func(i int) (int, error)) {
	for i := range 64 {
		if _, err := run(i); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := run(i & 63); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkHitParallel(b *testing.B) {
	ctx, keys := context.Background(), inputs()
	parallel := func(b *testing.B, run func(i int) (int, error)) {
		for i := range 64 {
			run(i)
		}
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				run(i & 63)
			}
		})
	}
	b.Run("string/workgen", func(b *testing.B) {
		one := hits.NewOneRunner(&hits.One{})
		parallel(b, func(i int) (int, error) { return one.Run(ctx, keys[i]) })
	})
	b.Run("string/rwmutex", func(b *testing.B) {
		var m locked[string]
		parallel(b, func(i int) (int, error) {
			return m.run(ctx, keys[i], func(s string) (int, error) { return len(s), nil })
		})
	})
}
