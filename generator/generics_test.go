package generator_test

import (
	"context"
	"testing"

	"github.com/workgen/workgen/testdata/golden/generics"
)

func init() {
	know[generics.Source[int]](generics.Constant{}, &generics.Constant{})
	know[generics.Source[string]](&generics.Text{})
}

func TestEveryChangeInAGenericTypeCounts(t *testing.T) {
	ctx := context.Background()
	many := generics.NewManyRunner(&generics.Many{})
	everyChangeCounts(t, many.Stats, func(a generics.ManyArgs) error {
		_, err := many.Run(ctx, a.O, a.R, a.S, a.V, a.P, a.T, a.Mx)
		return err
	})
	nested := generics.NewNestedRunner(&generics.Nested{})
	everyChangeCounts(t, nested.Stats, func(a generics.NestedArgs) error {
		_, _, err := nested.Run(ctx, a.T, a.E, a.Pairs, a.Em, a.Own, a.I, a.S)
		return err
	})
}

func TestGenericResultsAreCopies(t *testing.T) {
	nested := generics.NewNestedRunner(&generics.Nested{})
	for range 2 {
		tree, _, err := nested.Run(t.Context(), generics.Tree[string, *generics.Tree[int, generics.Names]]{}, nil, nil, generics.Embedding{}, generics.Own[generics.Tree[int, int]]{}, nil, nil)
		if err != nil || tree.Left.Left != nil {
			t.Fatal(tree, err)
		}
		tree.Left.Left = tree.Left
	}
}
