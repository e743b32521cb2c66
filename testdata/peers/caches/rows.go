package main

import (
	"strconv"
	"time"
)

// scale is how much is measured.
type scale struct {
	rounds, few int // few: of what takes seconds
	hits        int
	misses      int
	stampedes   int
	million     int
}

var (
	full  = scale{rounds: 15, few: 3, hits: 200_000, misses: 30_000, stampedes: 2000, million: 1_000_000}
	quick = scale{rounds: 1, few: 1, hits: 1000, misses: 1000, stampedes: 50, million: 10_000}
)

// measurement takes samples of all contestants, for one or more lines of the table.
type measurement struct {
	lines   []line
	rounds  int
	samples []sample // by column; a nil one, or one too few: the contestant has no such thing
}

// line is one of the table.
type line struct {
	name   string
	show   func(x float64) string
	bounds []bound
}

// bound is the most that a figure may be.
type bound struct {
	peer string // of whose figure; "": of 1
	most float64
}

// measurements are all that is measured on so many cores.
func measurements(cores int, s scale) []measurement {
	hit := []bound{{"otter", 0.7}}
	together, empty := &crowd{waits: true}, &crowd{}
	three := func(i int) numbers { return numbers{int64(i), 1, 2} }
	return []measurement{
		{
			lines:  []line{{"hit, string", nanoseconds, hit}},
			rounds: s.rounds, samples: each(keeping(texts()), func(o open[string]) sample { return hits(o, date, cores, s.hits) }),
		},
		{
			lines:  []line{{"hit, three int64", nanoseconds, hit}},
			rounds: s.rounds, samples: each(keeping(threes()), func(o open[numbers]) sample { return hits(o, three, cores, s.hits) }),
		},
		{
			lines:  []line{{"hit, struct of eight fields with a time", nanoseconds, hit}},
			rounds: s.rounds, samples: each(keeping(eights()), func(o open[Order]) sample { return hits(o, order, cores, s.hits) }),
		},
		{
			lines:  []line{{"miss", nanoseconds, []bound{{"otter", 1.5}}}, {"miss, allocations", count, []bound{{"", 8}}}},
			rounds: s.rounds, samples: each(threes(), func(o open[numbers]) sample { return misses(o, cores, s.misses) }),
		},
		{
			lines:  []line{{"16 callers of a new key", nanoseconds, []bound{{"singleflight", 1}}}},
			rounds: s.rounds, samples: each(meetings(together), func(o open[numbers]) sample { return stampede(o, together, cores, s.stampedes) }),
		},
		{
			lines:  []line{{"16 callers of a new key, empty body", nanoseconds, []bound{{"singleflight", 1}}}},
			rounds: s.rounds, samples: each(meetings(empty), func(o open[numbers]) sample { return stampede(o, empty, cores, s.stampedes) }),
		},
		{
			lines:  []line{{"a kept result of a million", bytes, []bound{{"otter", 1.15}}}, {"miss among a million", nanoseconds, nil}},
			rounds: s.few, samples: each(keeping(threes()), func(o open[numbers]) sample { return million(o, s.million, cores, s.million/5) }),
		},
		{
			lines:  []line{{"hit during insertion, p99", nanoseconds, nil}, {"hit during insertion, longest", nanoseconds, nil}},
			rounds: s.few, samples: each(keeping(threes()), func(o open[numbers]) sample { return crowded(o, s.million) }),
		},
	}
}

// keeping leaves out singleflight, which keeps nothing.
func keeping[K any](all []open[K]) []open[K] { return all[:len(all)-1] }

func each[K any](all []open[K], sample func(open[K]) sample) (out []sample) {
	for _, o := range all {
		out = append(out, sample(o))
	}
	return out
}

func date(i int) string { return "2026-05-" + strconv.Itoa(10+i) }

func order(i int) Order {
	return Order{
		ID: int64(i), Customer: date(i), Placed: time.Unix(1_800_000_000+int64(i), 0).UTC(),
		Quantity: 3, Price: 1.5, Paid: true, Region: "europe-west", Priority: 1,
	}
}
