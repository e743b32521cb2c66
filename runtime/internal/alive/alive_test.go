package alive

import (
	"runtime"
	"slices"
	"testing"
)

type thing struct{ name string }

func TestWhatIsInUseIsListedInOrder(t *testing.T) {
	var l List[thing]
	if len(l.All()) != 0 {
		t.Error("the zero List is not empty")
	}
	a, b := &thing{"a"}, &thing{"b"}
	l.Add(a)
	l.Add(b)
	if got := l.All(); !slices.Equal(got, []*thing{a, b}) {
		t.Errorf("got %v", got)
	}
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
}

func TestWhatIsCollectedTakesNoRoom(t *testing.T) {
	var l List[thing]
	kept := &thing{"kept"}
	l.Add(kept)
	for i := range 10 * minTidy {
		l.Add(&thing{"gone"})
		if i%minTidy == 0 {
			runtime.GC()
		}
	}
	if n := len(l.all); n > 4*minTidy {
		t.Errorf("%d places are taken", n)
	}
	runtime.GC()
	if got := l.All(); got[0] != kept || len(got) > minTidy {
		t.Errorf("%d are listed, of which the first is %v", len(got), got[0])
	}
	runtime.KeepAlive(kept)
}
