package crashtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// at returns a moment in seconds.
func at(seconds float64) moment { return moment(seconds * 1e6) }

// A told is the story of one call, number 4, as a test tells it.
type told struct {
	o *observed
}

func tell() *told {
	return &told{&observed{
		lease: 2 * time.Second, slack: time.Second, processes: map[string]*process{}, stored: map[int]result{}, end: at(100),
	}}
}

// process returns a process by its name.
func (s *told) process(name string) *process {
	if s.o.processes[name] == nil {
		s.o.processes[name] = &process{name: name}
	}
	return s.o.processes[name]
}

func (s *told) note(seconds float64, process string, e event) {
	s.process(process)
	e.At, e.N, e.process = at(seconds), 4, process
	s.o.events = append(s.o.events, e)
}

// begins has a body begin, which some caller of its process has asked for.
func (s *told) begins(seconds float64, process string, token uint64, exec string) {
	s.note(seconds, process, event{What: begun, Token: token, Nonce: token, Sent: at(seconds), Expires: at(seconds + 2)})
	s.note(seconds, process, event{What: body, Token: token, Exec: exec, Caller: int(token)})
}

// ends has a body end, and the store know that.
func (s *told) ends(seconds float64, process string, token uint64, exec string, err string) {
	status := store.Succeeded.String()
	if err != "" {
		status = store.Failed.String()
	}
	s.note(seconds, process, event{What: returns, Exec: exec, Err: err})
	s.note(seconds, process, event{What: ending, Token: token, Status: status})
	s.note(seconds, process, event{What: ended, Token: token, Status: status})
	if err == "" {
		s.o.stored[4] = result{N: 4, Exec: exec, Token: token}
	}
}

// waits has a caller ask, and get a result some time.
func (s *told) waits(process string, caller int, from, to float64, exec string, token uint64) {
	s.note(from, process, event{What: asks, Caller: caller, Key: "k"})
	s.note(to, process, event{What: gets, Caller: caller, Exec: exec, Token: token})
}

func (s *told) wantViolations(t *testing.T, invariants ...int) {
	t.Helper()
	violations, _ := s.o.check()
	var got []int
	for _, v := range violations {
		got = append(got, v.invariant)
	}
	if slices.Sort(got); !slices.Equal(slices.Compact(got), invariants) {
		t.Errorf("violated are %v, want %v", got, invariants)
		for _, v := range violations {
			t.Log(v)
		}
	}
}

func TestWhyACallExecutesAgain(t *testing.T) {
	for name, c := range map[string]struct {
		tell func(s *told) // what happens between the first execution, from 1 s on, and the second at 2 s
		want []int
	}{
		"nothing happens":                   {func(s *told) {}, []int{4, 5}},
		"its process is killed":             {func(s *told) { s.process("a").killed = at(1.5) }, nil},
		"its process is killed later":       {func(s *told) { s.process("a").killed = at(2.5) }, []int{5}},
		"its process is stopped for a time": {func(s *told) { s.process("a").stops = []span{{at(1.2), at(1.9)}} }, []int{4, 5}},
		"it fails":                          {func(s *told) { s.ends(1.5, "a", 1, "a1", "execution <a1> fails") }, nil},
		"it succeeds":                       {func(s *told) { s.ends(1.5, "a", 1, "a1", "") }, []int{1, 5}},
		"it succeeds, and is killed": {func(s *told) {
			s.ends(1.5, "a", 1, "a1", "")
			s.process("a").killed = at(1.6)
		}, []int{1, 5}},
		"it succeeds, and is deleted": {func(s *told) {
			s.ends(1.5, "a", 1, "a1", "")
			s.note(1.6, "b", event{What: forget, Caller: 9})
			s.note(1.7, "b", event{What: forgot, Caller: 9})
		}, nil},
		"it was deleted before": {func(s *told) {
			s.note(0.2, "b", event{What: forget, Caller: 9})
			s.note(0.3, "b", event{What: forgot, Caller: 9})
			s.ends(1.5, "a", 1, "a1", "")
		}, []int{1, 5}},
		"who deletes it is killed meanwhile": {func(s *told) {
			s.ends(1.5, "a", 1, "a1", "")
			s.note(1.6, "c", event{What: forget, Caller: 9})
			s.process("c").killed = at(1.65)
		}, nil},
		"its lease is given back": {func(s *told) {
			s.note(1.5, "a", event{What: ending, Token: 1, Status: store.Stopped.String()})
			s.note(1.6, "a", event{What: ended, Token: 1, Status: store.Stopped.String()})
		}, []int{4, 5}}, // for its body runs
	} {
		t.Run(name, func(t *testing.T) {
			s := tell()
			s.begins(1, "a", 1, "a1")
			c.tell(s)
			s.begins(2, "b", 2, "b1")
			s.ends(2.1, "b", 2, "b1", "")
			s.wantViolations(t, c.want...)
		})
	}
}

func TestAnExpiredLeaseIsTaken(t *testing.T) {
	for _, c := range []struct {
		renewed float64
		want    []int
	}{{0, nil}, {1.5, []int{5}}} {
		s := tell()
		s.begins(1, "a", 1, "a1")
		if c.renewed > 0 {
			s.note(c.renewed, "a", event{What: renewed, Token: 1, Expires: at(c.renewed + 2)})
		}
		s.begins(3.2, "b", 2, "b1")
		s.ends(3.3, "b", 2, "b1", "")
		s.note(3.4, "a", event{What: returns, Exec: "a1"})
		s.note(3.4, "a", event{What: ending, Token: 1, Status: store.Succeeded.String()})
		s.note(3.5, "a", event{What: lost, Token: 1})
		s.wantViolations(t, c.want...)
	}
}

func TestWhoIsLateEndsNothing(t *testing.T) {
	s := tell()
	s.begins(1, "a", 1, "a1")
	s.begins(3.2, "b", 2, "b1")
	s.ends(3.3, "a", 1, "a1", "execution <a1> fails")
	s.ends(3.4, "b", 2, "b1", "")
	s.wantViolations(t, 2)
}

func TestASuccessWhoseAnswerWasLostCounts(t *testing.T) {
	for status, want := range map[store.Status][]int{store.Lost: nil, store.Succeeded: {1, 5, 6}, store.Deleted: {1, 5, 6}} {
		s := tell()
		s.waits("b", 9, 1, 9.2, "b1", 2) // for a lease that may be held, and for a body
		s.begins(1, "a", 1, "a1")
		s.note(1.4, "a", event{What: returns, Exec: "a1"})
		s.note(1.5, "a", event{What: ending, Token: 1, Status: store.Succeeded.String()})
		s.process("a").killed = at(1.6)
		s.begins(3.2, "b", 2, "b1")
		s.ends(9.1, "b", 2, "b1", "")
		r := store.Record{Seq: 1, Status: status}
		s.o.events[0].Key = r.Key.String()
		s.o.records = []store.Record{r}
		s.wantViolations(t, want...)
	}
}

func TestHowLongACallerMayWait(t *testing.T) {
	for name, c := range map[string]struct {
		tell func(s *told)
		got  float64 // when the caller, who asks at 1 s, has the result; its body runs from 5 to 6 s
		want []int
	}{
		"nothing happens":           {func(*told) {}, 6.1, []int{6}},
		"the store is out of reach": {func(s *told) { s.o.outages = []span{{at(0), at(4.5)}} }, 6.1, nil},
		"and the result comes late": {func(s *told) { s.o.outages = []span{{at(0), at(4.5)}} }, 7.6, []int{6}},
		"the caller is stopped":     {func(s *told) { s.process("b").stops = []span{{at(1.1), at(4.9)}} }, 6.1, nil},
		"somebody else is stopped":  {func(s *told) { s.process("a").stops = []span{{at(1.1), at(4.9)}} }, 6.1, []int{6}},
		"another body runs": {func(s *told) {
			s.begins(1, "a", 1, "a1")
			s.ends(4.5, "a", 1, "a1", "execution <a1> fails")
		}, 6.1, nil},
		"another body is killed": {func(s *told) { // and its lease ends at 3 s
			s.begins(1, "a", 1, "a1")
			s.process("a").killed = at(2.5)
		}, 6.1, []int{6}},
		"another body is stopped": {func(s *told) {
			s.begins(1, "a", 1, "a1")
			s.process("a").stops = []span{{at(1.1), at(50)}}
		}, 6.1, []int{4, 6}}, // for its lease ended at 3 s
	} {
		t.Run(name, func(t *testing.T) {
			s := tell()
			s.waits("b", 8, 1, c.got, "b1", 2)
			c.tell(s)
			s.begins(5, "b", 2, "b1")
			s.ends(6, "b", 2, "b1", "")
			s.wantViolations(t, c.want...)
		})
	}
}

func TestWhatWasDeletedIsGot(t *testing.T) {
	for name, c := range map[string]struct {
		got  float64
		tell func(s *told)
		want []int
	}{
		"at once":          {2.5, func(s *told) { s.note(2.1, "c", event{What: forgot, Caller: 9}) }, nil},
		"long after":       {4.5, func(s *told) { s.note(2.1, "c", event{What: forgot, Caller: 9}) }, []int{3}},
		"but nobody knows": {4.5, func(s *told) { s.process("c").killed = at(2.1) }, nil},
		"by who was stopped": {4.5, func(s *told) {
			s.note(2.1, "c", event{What: forgot, Caller: 9})
			s.process("b").stops = []span{{at(1.5), at(4)}}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell()
			s.begins(1, "a", 1, "a1")
			s.ends(1.1, "a", 1, "a1", "")
			s.note(2, "c", event{What: forget, Caller: 9})
			c.tell(s)
			s.waits("b", 8, c.got, c.got+0.1, "a1", 1)
			s.wantViolations(t, c.want...)
		})
	}
}

// TestAResultThatCouldNotBeStored reaches its caller, where calls fail when the store does not answer.
func TestAResultThatCouldNotBeStored(t *testing.T) {
	for name, c := range map[string]struct {
		fails bool
		stops []span
		want  []int
	}{
		"its process was stopped":           {true, []span{{at(1.2), at(3)}}, nil},
		"nothing was":                       {true, nil, []int{3}},
		"where calls wait until it answers": {false, []span{{at(1.2), at(3)}}, []int{3}},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell()
			s.process("a").job.Fails = c.fails
			s.process("a").stops = c.stops
			s.note(1, "a", event{What: asks, Caller: 1, Key: "k"})
			s.begins(1, "a", 1, "a1")
			s.note(1.1, "a", event{What: returns, Exec: "a1"})
			s.note(1.1, "a", event{What: ending, Token: 1, Status: store.Succeeded.String()})
			s.note(3.1, "a", event{What: gets, Caller: 1, Exec: "a1", Token: 1})
			s.o.slack = 5 * time.Second
			s.wantViolations(t, c.want...)
		})
	}
}

func TestForeignRoutesAreSeen(t *testing.T) {
	for name, c := range map[string]struct {
		role    role
		version int
		want    []int
	}{
		"by its worker":         {serves, versionOf(4), nil},
		"by another worker":     {serves, 1 - versionOf(4), []int{7}},
		"where it is asked for": {asking, 0, []int{7}},
		"by anybody":            {both, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell()
			s.process("a").job = job{Role: c.role, Version: c.version}
			s.begins(1, "a", 1, "a1")
			s.ends(1.1, "a", 1, "a1", "")
			s.wantViolations(t, c.want...)
		})
	}
}

func TestTasksThatAreLeftAreSeen(t *testing.T) {
	s := tell()
	s.o.tasks = 2
	violations, _ := s.o.check()
	if len(violations) != 1 || violations[0].String() != "invariant 4: 2 tasks are in the queue in the end" {
		t.Errorf("%v", violations)
	}
}

func TestAViolationTellsTheStory(t *testing.T) {
	s := tell()
	s.waits("b", 8, 1, 2, "x9", 7)
	s.process("b").stops = []span{{at(1.2), at(1.3)}}
	s.o.outages = []span{{at(1.4), at(1.5)}}
	s.process("w")
	for _, key := range []string{"k", "of another call"} { // who takes a task knows its key only
		s.o.events = append(s.o.events, event{What: takes, Key: key, At: at(1.6), process: "w"})
	}
	violations, n := s.o.check()
	if len(violations) != 1 || n.calls != 1 || n.results != 1 {
		t.Fatalf("%d violations, %+v", len(violations), n)
	}
	got := violations[0].String()
	last := 0
	for _, want := range []string{
		"invariant 3, call 4: caller 8 of process b got a result of execution x9 with token 7, which has not made it",
		"asks     caller 8", "is stopped", "goes on", "cannot be reached", "takes", "gets     caller 8 execution x9 token 7",
	} {
		i := strings.Index(got, want)
		if i < last {
			t.Errorf("no %q after what comes before:\n%s", want, got)
		}
		last = i
	}
	if n := strings.Count(got, "takes"); n != 1 {
		t.Errorf("%d tasks are told of, want that of the call:\n%s", n, got)
	}
}

func TestSpans(t *testing.T) {
	s := span{at(10), at(20)}
	for _, c := range []struct {
		others  []span
		outside time.Duration
		parts   int
	}{
		{nil, 10 * time.Second, 1},
		{[]span{{at(0), at(5)}, {at(25), at(30)}}, 10 * time.Second, 1},
		{[]span{{at(0), at(12)}, {at(11), at(13)}, {at(18), at(30)}}, 5 * time.Second, 1},
		{[]span{{at(14), at(15)}, {at(12), at(13)}}, 8 * time.Second, 3},
		{[]span{{at(0), never}}, 0, 0},
	} {
		if got := s.outside(c.others); got != c.outside {
			t.Errorf("outside of %v are %v, want %v", c.others, got, c.outside)
		}
		parts, sum := s.without(c.others), time.Duration(0)
		for _, p := range parts {
			sum += p.outside(nil)
		}
		if len(parts) != c.parts || sum != c.outside {
			t.Errorf("without %v there is %v", c.others, parts)
		}
	}
}
