package peers

import (
	"reflect"
	"testing"

	"gopkg.in/inf.v0"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/workgen/workgen/runtime/key"
)

// quantities are all different: some in their format alone, some of a size or
// precision for which there is no suffix.
func quantities() []resource.Quantity {
	var out []resource.Quantity
	for _, s := range []string{"0", "1", "-1", "1m", "999m", "1500m", "1.5Gi", "1Gi", "1G", "1n", "9223372036854775807", "9223372036854775807m", "1e3", "1k", "1Ki"} {
		out = append(out, resource.MustParse(s))
	}
	for _, f := range []resource.Format{resource.DecimalSI, resource.BinarySI, resource.DecimalExponent} {
		out = append(out,
			*resource.NewQuantity(500, f),
			*resource.NewMilliQuantity(500, f),
			*resource.NewDecimalQuantity(*inf.NewDec(1, 12), f),
			*resource.NewDecimalQuantity(*inf.NewDec(1, 15), f),
			*resource.NewDecimalQuantity(*inf.NewDec(-1, 15), f),
			*resource.NewDecimalQuantity(*inf.NewDec(1, -30), f),
			*resource.NewDecimalQuantity(*inf.NewDec(1, -33), f),
		)
	}
	stale := resource.NewDecimalQuantity(*inf.NewDec(7, 0), resource.DecimalSI)
	_ = stale.String() // is kept
	stale.AsDec().SetUnscaled(8)
	return append(out, *resource.NewScaledQuantity(3, -12), *resource.NewScaledQuantity(3, 30), *stale, *resource.NewQuantity(7, resource.DecimalSI))
}

// podOf is a pod with a quantity in it.
func podOf(q resource.Quantity) *PodArgs {
	return &PodArgs{&corev1.PodSpec{Overhead: corev1.ResourceList{"cpu": q}}}
}

func TestQuantities(t *testing.T) {
	all := quantities()
	seen := map[key.Key]int{}
	for i, q := range all {
		k := key.Sum(key.Scope{}, podOf(q).EncodeKey)
		if j, ok := seen[k]; ok {
			t.Errorf("%#v and %#v have one key", q, all[j])
		}
		seen[k] = i
		if k != key.Sum(key.Scope{}, podOf(quantities()[i]).EncodeKey) {
			t.Errorf("%#v has two keys", q)
		}
		if fresh := quantities()[i]; !reflect.DeepEqual(q, fresh) {
			t.Errorf("%#v was changed to %#v", fresh, q)
		}
	}
}

// TestQuantitiesOfOneValue holds that what was made in different ways is one
// input.
func TestQuantitiesOfOneValue(t *testing.T) {
	for _, pair := range [][2]resource.Quantity{
		{resource.MustParse("1500m"), resource.MustParse("1.5")},
		{resource.MustParse("1Gi"), resource.MustParse("1024Mi")},
		{resource.MustParse("500m"), *resource.NewMilliQuantity(500, resource.DecimalSI)},
	} {
		a, b := podOf(pair[0]), podOf(pair[1])
		if key.Sum(key.Scope{}, a.EncodeKey) != key.Sum(key.Scope{}, b.EncodeKey) {
			t.Errorf("%#v and %#v have two keys", pair[0], pair[1])
		}
	}
}
