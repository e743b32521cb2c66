package recent

import "testing"

func TestWhatIsAskedForStays(t *testing.T) {
	m := Map[int, string]{Half: 10}
	m.Put(-1, "stays")
	m.Put(-2, "goes")
	for i := range 100 {
		m.Put(i, "new")
		if v, ok := m.Get(-1); !ok || v != "stays" {
			t.Fatalf("what is asked for all the time is gone after %d others: %q, %v", i+1, v, ok)
		}
		if n := len(m.young) + len(m.old); n > 20 {
			t.Fatalf("%d entries, want at most 20", n)
		}
	}
	if _, ok := m.Get(-2); ok {
		t.Error("what nobody asked for is still there")
	}
	m.Put(-1, "other")
	if v, _ := m.Get(-1); v != "other" {
		t.Errorf("Put did not replace: %q", v)
	}
}

func TestAddTellsWhatIsNew(t *testing.T) {
	s := Set[string]{Map[string, struct{}]{Half: 2}}
	for _, test := range []struct {
		key string
		new bool
	}{{"a", true}, {"a", false}, {"b", true}, {"c", true}, {"a", false}, {"d", true}, {"e", true}, {"b", true}} {
		if got := s.Add(test.key); got != test.new {
			t.Errorf("Add(%q) = %v, want %v", test.key, got, test.new)
		}
	}
}
