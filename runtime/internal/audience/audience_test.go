package audience

import (
	"testing"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Everybody is told until he says that it is enough, also who was added by one who was told.
func TestTell(t *testing.T) {
	var a Audience
	if !a.IsEmpty() {
		t.Error("there is somebody")
	}
	told := [3]int{}
	a.Add(func(deleted []store.Ref) bool {
		if told[0]++; len(deleted) != 1 {
			t.Errorf("told of %v", deleted)
		}
		a.Add(func([]store.Ref) bool { told[1]++; return false })
		return told[0] < 3
	})
	a.Add(func([]store.Ref) bool { told[2]++; return true })
	for range 5 {
		a.Tell([]store.Ref{{Key: key.Key{1}}})
	}
	if told != [3]int{3, 3, 5} || a.IsEmpty() {
		t.Errorf("told %v times", told)
	}
}
