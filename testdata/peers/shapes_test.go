package peers

import (
	"math"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// shape is a kind of arguments.
type shape struct {
	name  string
	bound float64 // how many times faster than the fastest peer ours is to be
	// peers returns ours, first, and the others, all of one value. It makes a new
	// value each time, equal to those it made before.
	peers func() []peer
	// changes are ways to make another value; see variants.
	changes []string
	// variants returns peers of values that have been changed, one change each.
	variants func() [][]peer
}

// change makes a value another one.
type change[T any] struct {
	name string
	make func(*T)
}

func newShape[T any, P encodable[T]](name string, bound float64, value func() T, changes ...change[T]) shape {
	peers := func(v T) []peer { return append([]peer{ours[T](P(&v))}, others(&v)...) }
	s := shape{name: name, bound: bound, peers: func() []peer { return peers(value()) }}
	for _, c := range changes {
		s.changes = append(s.changes, c.name)
	}
	s.variants = func() (out [][]peer) {
		for _, c := range changes {
			v := value()
			c.make(&v)
			out = append(out, peers(v))
		}
		return out
	}
	return s
}

// shapes are what is measured.
var shapes = []shape{
	newShape("nested struct", 5, func() NestedArgs { return NestedArgs{newOrder()} },
		change[NestedArgs]{"nil pointer to zero", func(a *NestedArgs) { a.Order.Lines[3].Note = new(string) }},
		change[NestedArgs]{"other zone, same instant", func(a *NestedArgs) { a.Order.Placed = a.Order.Placed.In(time.FixedZone("CEST", 7200)) }},
		change[NestedArgs]{"one letter", func(a *NestedArgs) { a.Order.Customer.Address.City = "berlin" }},
	),
	newShape("1,000 structs", 5, func() RecordsArgs { return RecordsArgs{newRecords()} },
		change[RecordsArgs]{"two swapped", func(a *RecordsArgs) { r := a.Records; r[500], r[501] = r[501], r[500] }},
		change[RecordsArgs]{"0 to -0", func(a *RecordsArgs) { a.Records[0].Score = math.Copysign(a.Records[0].Score, -a.Records[0].Score) }},
	),
	newShape("PodSpec", 5, func() PodArgs { return PodArgs{newPod()} },
		change[PodArgs]{"another memory limit", func(a *PodArgs) {
			a.Spec.Containers[0].Resources.Limits["memory"] = resource.MustParse("2Gi")
		}},
		change[PodArgs]{"another port", func(a *PodArgs) { a.Spec.Containers[2].LivenessProbe.HTTPGet.Port.IntVal++ }},
	),
	newShape("tree of 1,000", 5, func() TreeArgs { return TreeArgs{newTree()} },
		change[TreeArgs]{"left and right swapped", func(a *TreeArgs) { a.Root.Left, a.Root.Right = a.Root.Right, a.Root.Left }},
	),
	newShape("map of 1,000", 2.5, func() TableArgs { return TableArgs{newTable()} },
		change[TableArgs]{"two values swapped", func(a *TableArgs) {
			a.Table["entry/1"], a.Table["entry/2"] = a.Table["entry/2"], a.Table["entry/1"]
		}},
	),
	newShape("1 MiB of bytes", 20, func() BlobArgs { return BlobArgs{newBlob()} },
		change[BlobArgs]{"last bit", func(a *BlobArgs) { a.Blob[len(a.Blob)-1] ^= 1 }},
	),
	newShape("1,000,000 float64", 20, func() SeriesArgs { return SeriesArgs{newSeries()} },
		change[SeriesArgs]{"one of them", func(a *SeriesArgs) { a.Series[len(a.Series)-1]++ }},
	),
}
