package disk_test

import (
	"testing"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

func TestMarksThatWereRemovedAreNotTakenForNewOnes(t *testing.T) {
	dir := t.TempDir()
	s, other := open(t, dir, disk.Options{}), open(t, dir, disk.Options{})
	if m, err := s.Mark(ctx, "a"); m != (store.Mark{}) || err != nil {
		t.Errorf("%+v, %v", m, err)
	}
	first, err := s.SetMark(ctx, "a", store.Mark{Value: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := other.Mark(ctx, "a"); m != first || err != nil {
		t.Errorf("%+v, %v, want %+v", m, err, first)
	}
	// A mark of a store that was removed meanwhile is not taken for one of this.
	query(t, dir, "DELETE FROM mark")
	again, err := s.SetMark(ctx, "a", store.Mark{Value: "y"})
	if err != nil || again.Version <= first.Version {
		t.Errorf("%+v, %v, after %+v", again, err, first)
	}
}
