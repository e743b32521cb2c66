package main

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestTable holds that all is measured and printed; times are not looked at.
func TestTable(t *testing.T) {
	var out strings.Builder
	if err := run(&out, quick, regexp.MustCompile(""), 1, 2); err != nil {
		t.Fatal(err)
	}
	cell := `\d+( ns| µs| ms| B)?`
	peer := ` \| ` + cell + `( \(\d+\.\d\d\))?`
	for _, m := range measurements(1, quick) {
		peers := strings.Repeat(peer, len(m.samples)-1) + strings.Repeat(` \| –`, len(contestants)-len(m.samples))
		for _, line := range m.lines {
			want := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(line.name) + ` \| ` + cell + peers + ` \|$`)
			if n := len(want.FindAllString(out.String(), -1)); n != 2 {
				t.Errorf("%s: in %d tables, want 2", line.name, n)
			}
			for _, b := range line.bounds {
				verdict := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(line.name) + `: \d+\.\d\d.*` + b.peer + `.*: (holds|DOES NOT HOLD)$`)
				if !verdict.MatchString(out.String()) {
					t.Errorf("%s: nothing is said about its bound", line.name)
				}
			}
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

// TestCosts holds that all features are measured.
func TestCosts(t *testing.T) {
	var out strings.Builder
	if err := costs(&out, quick); err != nil {
		t.Fatal(err)
	}
	for _, f := range features() {
		cell := ` \| -?\d+( ns| µs| ms| B)?`
		if f.base != "" {
			cell += ` \([+-]\d+\)`
		}
		cells := strings.Repeat(cell, 4)
		if f.stored {
			cells = strings.Repeat(cell, 3) + ` \| –`
		}
		row := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(f.name) + cells + ` \|$`)
		if !row.MatchString(out.String()) {
			t.Errorf("%s is not in the table:\n%s", f.name, out.String())
		}
	}
}

// TestResults holds that all contestants do what is measured: return the body's result, and
// keep it.
func TestResults(t *testing.T) {
	keeps(t, "string", texts(), date, textBody)
	keeps(t, "numbers", threes(), func(i int) numbers { return numbers{int64(i), 1, -1} }, threeBody)
	keeps(t, "order", eights(), order, eightBody)
}

func keeps[K any](t *testing.T, what string, all []open[K], key func(int) K, want body[K]) {
	const n = 100
	for i, open := range all {
		c := open(10 * n)
		for i := range 2 * n {
			k := key(i % n)
			if got, want := must(c.call(ctx, k)), must(want(k)); got != want {
				t.Fatalf("%s of %s: got %d, want %d", what, contestants[i], got, want)
			}
		}
		if kept := c.entries(); kept != n && contestants[i] != "singleflight" {
			t.Errorf("%s: %s keeps %d of %d", what, contestants[i], kept, n)
		}
	}
}

// TestAllocations holds that a hit of workgen's allocates nothing.
func TestAllocations(t *testing.T) {
	allocates(t, "string", texts()[0](10), date(1))
	allocates(t, "numbers", threes()[0](10), numbers{1, 2, 3})
	allocates(t, "order", eights()[0](10), order(1))
}

func allocates[K any](t *testing.T, what string, c cache[K], k K) {
	if n := testing.AllocsPerRun(1000, func() { must(c.call(ctx, k)) }); n != 0 {
		t.Errorf("%s: a hit allocates %v times", what, n)
	}
}

// TestStampede holds that all callers share one execution, but for those of the map.
func TestStampede(t *testing.T) {
	const n = 50
	crowd := &crowd{waits: true}
	for i, open := range meetings(crowd) {
		crowd.executions.Store(0)
		stampede(open, crowd, 1, n)()
		switch got := crowd.executions.Load(); {
		case contestants[i] == "workgen" && got != n:
			t.Errorf("workgen: %d executions of %d calls", got, n)
		case strings.HasPrefix(contestants[i], "map") && got != n*callers:
			t.Errorf("the map: %d executions, want %d", got, n*callers)
		case got < n:
			t.Errorf("%s: %d executions of %d calls", contestants[i], got, n)
		}
	}
}

func TestPercentile(t *testing.T) {
	var times latencies
	for i := range 1000 {
		times.add(time.Duration(1000-i) * 100) // some of them in either place
	}
	for p, want := range map[float64]float64{0: 100, 0.1: 10_000, 0.5: 50_000, 0.99: 99_000, 1: 100_000} {
		if got := times.percentile(p); got != want {
			t.Errorf("percentile %v: got %v, want %v", p, got, want)
		}
	}
}
