// Command caches measures what workgen's callers wait for, and what its results take, in
// one run with what else one could use, and prints the table that README quotes:
//
//	go run ./caches             # some minutes
//	go run ./caches -cores 1    # half of it, which other programs disturb least
//	go run ./caches -run miss   # the lines whose names match
//	go run ./caches -features   # what options cost that are used: about a minute, on one core
//	go run ./caches -quick      # some seconds; figures mean little
//
// All measure in turn, round by round, so that what else the machine does hits all alike.
// Figures are medians, and what is in brackets is workgen's figure divided by the peer's:
// below 1, workgen is faster, or smaller. Everybody is called as at the place in a program
// that needs a result, whether it is kept or not.
//
//   - Otter v2 has its loading Get.
//   - Sturdyc has GetOrFetch. Its keys are strings, which the caller makes.
//   - The map behind an RWMutex is what one writes by hand. It never evicts, and 16 callers
//     of a new key cost 16 executions.
//   - Singleflight has Do, whose callers cannot leave when their contexts end. It keeps
//     nothing, so that 16 callers cost 16 executions, too, if the body is empty: then each
//     has returned before the next one calls. Otherwise the body waits for all callers. Its
//     keys are strings.
//
// None but workgen runs a body in a goroutine of its own, so that callers can leave and
// bodies be stopped; and none sees that code has changed, or takes keys that are not
// comparable.
//
// On one core times are those of the processor, so that other programs hardly disturb; on
// two, where a goroutine for each core makes the calls, it is the time that goes by for one
// of them all. The hits during insertion are timed one by one, always as time goes by, so
// that a busy machine shows in the longest. A miss finds the cache full, so that it evicts.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
)

func main() {
	s := full
	fast := flag.Bool("quick", false, "measure next to nothing, to see that it works")
	pattern := flag.String("run", "", "measure for lines whose names match this `regexp`")
	cores := flag.Int("cores", 0, "measure on so many cores only; 0: on one and on two")
	used := flag.Bool("features", false, "measure what features of workgen cost that are used")
	flag.Parse()
	if *fast {
		s = quick
	}
	on := []int{1, 2}
	if *cores > 0 {
		on = []int{*cores}
	}
	only, err := regexp.Compile(*pattern)
	switch {
	case err != nil:
	case *used:
		err = costs(os.Stdout, s)
	default:
		err = run(os.Stdout, s, only, on...)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run measures and prints a table for each number of cores.
func run(out io.Writer, s scale, only *regexp.Regexp, on ...int) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer idle(100)()
	fmt.Fprintln(out, versions())
	for _, cores := range on {
		runtime.GOMAXPROCS(cores)
		t := table{cores: cores}
		for _, m := range measurements(cores, s) {
			if slices.ContainsFunc(m.lines, func(l line) bool { return only.MatchString(l.name) }) {
				t.add(m, medians(m))
			}
		}
		if err := t.print(out); err != nil {
			return err
		}
	}
	return nil
}

// medians takes all samples. It returns figures by line and column; a column that has none
// is nil.
func medians(m measurement) [][]float64 {
	all := make([][][]float64, len(m.samples))
	for round := range m.rounds {
		for i := range m.samples {
			// Everybody comes after everybody else.
			i = (i + round) % len(m.samples)
			runtime.GC()
			all[i] = append(all[i], m.samples[i]())
		}
	}
	out := make([][]float64, len(m.lines))
	for i := range m.lines {
		for _, rounds := range all {
			var figures []float64
			for _, round := range rounds {
				figures = append(figures, round[i])
			}
			slices.Sort(figures)
			out[i] = append(out[i], figures[len(figures)/2])
		}
	}
	return out
}
