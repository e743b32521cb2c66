package unstable

import (
	"strconv"
	"testing"

	"github.com/workgen/workgen/runtime/store"
)

// passes has a flow make one call of a work per pass, and returns the pass in which
// something was said, 0 if none was, and what.
func passes(n int, d *Detector[string, int], pass func(int) (number uint64, args []store.Arg)) (said int, names string) {
	for i := 1; i <= n; i++ {
		number, args := pass(i)
		if text, say := d.Made("w", i, number, func() []store.Arg { return args }); say {
			said, names = i, text
		}
	}
	return said, names
}

// clock is the arguments of a call that has the time of day in one.
func clock(i int) (uint64, []store.Arg) {
	return uint64(i), []store.Arg{{Name: "city", Text: "Berlin"}, {Name: "now", Text: strconv.Itoa(i)}}
}

func never(int) bool { return false }

func TestArgumentsThatAlwaysChangeAreNamedOnce(t *testing.T) {
	d := &Detector[string, int]{Passed: never}
	if said, names := passes(30, d, clock); said != Limit || names != "now" {
		t.Errorf("said %q in pass %d, want now in pass %d", names, said, Limit)
	}
}

func TestArgumentsThatSometimesChangeAreNotNamed(t *testing.T) {
	d := &Detector[string, int]{Passed: never}
	said, names := passes(30, d, func(i int) (uint64, []store.Arg) {
		pass, args := clock(i)
		args[0].Text = []string{"Berlin", "Rome"}[i/2%2]
		return pass, args
	})
	if said != Limit || names != "now" {
		t.Errorf("said %q in pass %d, want now in pass %d", names, said, Limit)
	}
}

func TestArgumentsWithoutNamesAreNotKnown(t *testing.T) {
	d := &Detector[string, int]{Passed: never}
	if _, names := passes(Limit, d, func(i int) (uint64, []store.Arg) { return uint64(i), nil }); names != "not known" {
		t.Errorf("said %q", names)
	}
}

func TestArgumentsAreListedUnderSuspicionOnly(t *testing.T) {
	d, listed := &Detector[string, int]{Passed: never}, 0
	for i := range 30 {
		d.Made("w", i, uint64(i), func() []store.Arg { listed++; return nil })
	}
	if listed != Limit-suspicion {
		t.Errorf("listed %d times, want %d", listed, Limit-suspicion)
	}
}

func TestFlowsThatGetOnAreLetBe(t *testing.T) {
	d := &Detector[string, int]{Passed: func(c int) bool { return c%5 == 0 }}
	if said, _ := passes(30, d, clock); said != 0 {
		t.Errorf("calls are hit later, and it was said in pass %d", said)
	}
	d = &Detector[string, int]{Passed: never}
	many := func(i int) (uint64, []store.Arg) { _, args := clock(i); return uint64(i / 2), args }
	if said, _ := passes(30, d, many); said != 0 {
		t.Errorf("a pass makes two, and it was said in pass %d", said)
	}
}

func TestPassesThatMakeNoCallAreNoProgress(t *testing.T) {
	d := &Detector[string, int]{Passed: never}
	every2 := func(i int) (uint64, []store.Arg) { _, args := clock(i); return uint64(2 * i), args }
	if said, _ := passes(30, d, every2); said != Limit {
		t.Errorf("it was said in pass %d, want %d", said, Limit)
	}
}
