package storetest

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/workgen/workgen/runtime/store"
)

func testMarks(t *testing.T, s *suite) {
	other := s.another()
	want := func(h store.Store, name string, m store.Mark) {
		t.Helper()
		if got, err := h.Mark(ctx, name); got != m || err != nil {
			t.Errorf("mark %q is %+v, %v, want %+v", name, got, err, m)
		}
	}
	want(s, "a", store.Mark{})
	_, err := s.SetMark(ctx, "a", store.Mark{Version: 1, Value: "x"})
	s.wantError("SetMark of a version that is not there", err, store.ErrConflict)
	want(s, "a", store.Mark{})

	first, err := s.SetMark(ctx, "a", store.Mark{Value: "x"})
	if err != nil || first.Version == 0 || first.Value != "x" {
		t.Fatalf("SetMark: %+v, %v", first, err)
	}
	want(s, "a", first)
	want(other, "a", first)
	want(other, "b", store.Mark{})
	_, err = other.SetMark(ctx, "a", store.Mark{Value: "y"})
	s.wantError("SetMark of one that is there", err, store.ErrConflict)

	next, err := other.SetMark(ctx, "a", store.Mark{Version: first.Version, Value: ""})
	if err != nil || next.Version <= first.Version || next.Value != "" {
		t.Fatalf("SetMark: %+v, %v, after %+v", next, err, first)
	}
	want(s, "a", next)
	_, err = s.SetMark(ctx, "a", store.Mark{Version: first.Version, Value: "z"})
	s.wantError("SetMark of an old version", err, store.ErrConflict)
	want(other, "a", next)
	if m, err := s.SetMark(ctx, "b", store.Mark{Value: "of its own"}); err != nil {
		t.Errorf("SetMark of another one: %+v, %v", m, err)
	}
	want(s, "a", next)
	// Marks are no calls.
	if got := s.history(s, store.Filter{}); len(got) != 0 {
		t.Errorf("marks are listed: %+v", got)
	}
}

// testMarksConcurrently has many add to one mark, each of what it has once, though answers
// are lost.
func testMarksConcurrently(t *testing.T, s *suite) {
	const handles, steps = 4, 10
	var f Faults
	f.Inject(Marks, Every(5, LoseAnswer))
	var wg sync.WaitGroup
	for i := range handles {
		h := f.Wrap(s.another())
		wg.Go(func() {
			for step := range steps {
				if err := add(h, strconv.Itoa(i)+"/"+strconv.Itoa(step)+" "); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	m, err := s.Mark(ctx, "all")
	if n := strings.Count(m.Value, " "); n != handles*steps || err != nil {
		t.Errorf("%d were added, %v, want %d: %s", n, err, handles*steps, m.Value)
	}
}

// add adds a word to a mark, unless it is there.
func add(h store.Store, word string) error {
	for {
		var m store.Mark
		err := again(ctx, func() (err error) { m, err = h.Mark(ctx, "all"); return err })
		if err != nil || strings.Contains(m.Value, word) {
			return err
		}
		m.Value += word
		if _, err := h.SetMark(ctx, "all", m); err != nil && !errors.Is(err, store.ErrConflict) && !errors.Is(err, ErrFault) {
			return err
		}
	}
}
