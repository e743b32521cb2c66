package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	workgen "github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store/memory"
)

// feature is something that one may ask a runner for.
type feature struct {
	name string
	open open[numbers]
	base string // the row that it is compared with

	stored bool // results are in a store as well
}

// features are the rows of the second table. What is asked for never becomes due: no result expires,
// and no bound is reached but that of entries.
func features() []feature {
	const long = time.Hour
	plain := func(opts ...workgen.Option) open[numbers] {
		return func(size int) cache[numbers] {
			r := NewThreeRunner(&Three{}, append(opts, workgen.MaxEntries(size))...)
			return cache[numbers]{
				func(ctx context.Context, n numbers) (int64, error) { return r.Run(ctx, n.a, n.b, n.c) },
				kept(r.Runner),
			}
		}
	}
	text := func(opts ...workgen.Option) open[numbers] {
		return func(size int) cache[numbers] {
			r := NewWordsRunner(&Words{}, append(opts, workgen.MaxEntries(size))...)
			return cache[numbers]{
				func(ctx context.Context, n numbers) (int64, error) {
					words, err := r.Run(ctx, n.a, n.b, n.c)
					return int64(len(words)), err
				},
				kept(r.Runner),
			}
		}
	}
	lasting := func(size int) cache[numbers] {
		r := NewLastingRunner(&Lasting{}, workgen.MaxEntries(size))
		return cache[numbers]{
			func(ctx context.Context, n numbers) (int64, error) {
				l, err := r.Run(ctx, n.a, n.b, n.c)
				return int64(l), err
			},
			kept(r.Runner),
		}
	}
	stored := func(opts ...workgen.Option) open[numbers] {
		return func(size int) cache[numbers] {
			return plain(append(opts, workgen.WithStore(memory.New(0)))...)(size)
		}
	}
	untraced := func(context.Context, string, workgen.CallStatus) (context.Context, func(error)) { return nil, nil }
	unkept := func(error) workgen.ErrorLifetime { return workgen.ErrorLifetime{} }
	const nothing, words, store = "nothing", "four strings, copied", "a store in memory"
	return []feature{
		{nothing, plain(), "", false},
		{"TTL", plain(workgen.TTL(long)), nothing, false},
		{"TTL, Jitter", plain(workgen.TTL(long), workgen.Jitter(0.1)), nothing, false},
		{"a result with KeepFor", lasting, nothing, false},
		{"RefreshAfter", plain(workgen.RefreshAfter(long)), nothing, false},
		{"TTL, RefreshAfter, StaleIfError", plain(workgen.TTL(long), workgen.RefreshAfter(long/2), workgen.StaleIfError(long)), nothing, false},
		{"MaxBytes", plain(workgen.MaxBytes(1 << 40)), nothing, false},
		{"CacheErrorsFunc", plain(workgen.CacheErrorsFunc(unkept)), nothing, false},
		{"KeepArguments", plain(workgen.KeepArguments(true)), nothing, false},
		{"MaxPending", plain(workgen.MaxPending(1000)), nothing, false},
		{"WithTracer", plain(workgen.WithTracer(untraced)), nothing, false},
		{words, text(), "", false},
		{"the same, MaxBytes", text(workgen.MaxBytes(1 << 40)), words, false},
		{"the same, Weigh", text(workgen.MaxBytes(1<<40), workgen.Weigh(func(words []string) int64 { return int64(len(words)) })), words, false},
		{store, stored(), "", true}, // those with a store come last
		{"the same, MaxStored", stored(workgen.MaxStored(100_000)), store, true},
	}
}

// costs prints what features cost that are used: a hit, a miss and a kept result on one core, and in
// brackets by how much they differ from those of a runner that was asked for less.
func costs(out io.Writer, s scale) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer idle(100)()
	runtime.GOMAXPROCS(1)
	three := func(i int) numbers { return numbers{int64(i), 1, 2} }
	all := features()
	measure := func(of []feature, rounds int, lines int, sample func(open[numbers]) sample) [][]float64 {
		m := measurement{lines: make([]line, lines), rounds: rounds}
		for _, f := range of {
			m.samples = append(m.samples, sample(f.open))
		}
		return medians(m)
	}
	inMemory := slices.DeleteFunc(slices.Clone(all), func(f feature) bool { return f.stored })
	entry := measure(inMemory, s.few, 1, func(o open[numbers]) sample {
		return func() []float64 {
			_, bytes := filled(o, s.million/10)
			return []float64{bytes}
		}
	})
	hit := measure(all, s.rounds, 1, func(o open[numbers]) sample { return hits(o, three, 1, s.hits) })
	miss := measure(all, s.rounds, 2, func(o open[numbers]) sample { return misses(o, 1, s.misses) })
	lines := []string{row([]string{"used", "hit", "miss", "allocations", "kept result"}), strings.Repeat("|---", 5) + "|"}
	bases := map[string]int{}
	for i, f := range all {
		bases[f.name] = i
		cells := []string{f.name}
		for _, c := range []struct {
			figures []float64
			show    func(float64) string
		}{{hit[0], nanoseconds}, {miss[0], nanoseconds}, {miss[1], count}, {entry[0], bytes}} {
			if i >= len(c.figures) { // the store has most of it
				cells = append(cells, "–")
				continue
			}
			cell := c.show(c.figures[i])
			if f.base != "" {
				cell += fmt.Sprintf(" (%+.0f)", c.figures[i]-c.figures[bases[f.base]])
			}
			cells = append(cells, cell)
		}
		lines = append(lines, row(cells))
	}
	_, err := fmt.Fprintln(out, strings.Join(append([]string{versions(), ""}, lines...), "\n"))
	return err
}
