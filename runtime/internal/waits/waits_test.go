package waits

import (
	"slices"
	"testing"
)

// graph is one of letters, of which some have ended, and the workers of some are over.
func graph(ended, over string, edges ...string) *Graph[byte, byte] {
	in := func(list string) func(byte) bool {
		return func(c byte) bool { return slices.Contains([]byte(list), c) }
	}
	g := &Graph[byte, byte]{Ended: in(ended), Over: in(over)}
	for _, e := range edges {
		g.Add(e[0], e[0], e[1])
	}
	return g
}

func TestCyclesAreFound(t *testing.T) {
	for name, test := range map[string]struct {
		ended string
		edges []string
		add   string
		want  string
	}{
		"itself":              {"", nil, "aa", "a"},
		"each other":          {"", []string{"ba"}, "ab", "ab"},
		"three":               {"", []string{"bc", "ca"}, "ab", "abc"},
		"another way":         {"", []string{"bc", "bd", "da"}, "ab", "abd"},
		"none":                {"", []string{"bc", "dc"}, "ab", ""},
		"two ways to one":     {"", []string{"bc", "bd", "ce", "de"}, "ab", ""},
		"through an end":      {"b", []string{"bc", "ca"}, "ab", ""},
		"of others":           {"", []string{"bc", "cd"}, "ab", ""},
		"the end of the rest": {"c", []string{"bc", "ca"}, "ab", ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := graph(test.ended, "", test.edges...)
			if got := string(g.Add(test.add[0], test.add[0], test.add[1])); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWhatATaskWaitsFor(t *testing.T) {
	g := graph("b", "c", "ab", "ad", "cd")
	for task, want := range map[byte]byte{'a': 'd', 'b': 0, 'c': 0, 'd': 0} {
		if got, waits := g.Of(task); got != want || waits != (want != 0) {
			t.Errorf("%c waits for %c, %v", task, got, waits)
		}
	}
}

func TestAWaitIsTakenBackOnce(t *testing.T) {
	g := graph("", "", "ab", "ab")
	g.Remove('a', 'a', 'b')
	if g.Add('b', 'b', 'a') == nil {
		t.Error("a still waits for b in another goroutine, and the cycle was not found")
	}
	g.Remove('a', 'a', 'b')
	g.Remove('a', 'a', 'b') // is not there
	if cycle := g.Add('b', 'b', 'a'); cycle != nil {
		t.Errorf("nothing waits for b, and there is a cycle: %s", cycle)
	}
	if g.Remove('b', 'b', 'a'); len(g.edges) != 0 {
		t.Errorf("%d tasks are left in the graph, want none", len(g.edges))
	}
}

func TestWhatAWorkerLeftBehindWaitsForItself(t *testing.T) {
	g := graph("", "w") // worker w of a is over, a is not
	g.Add('a', 'w', 'b')
	if cycle := g.Add('b', 'b', 'a'); cycle != nil {
		t.Errorf("cycle %s through a worker that is over", cycle)
	}
}
