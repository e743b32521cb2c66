package places

import (
	"example.com/m/lib"
	"example.com/m/pb"
)

// Both works reach the same places.
//
//workgen:work
type A struct{}

func (A) Run(n int) int { return lib.Stamp() + pb.Size() }

//workgen:work
type B struct{}

func (B) Run(s Shape) int { return s.Area() + lib.Stamp() }

//workgen:oneof Square
type Shape interface{ Area() int }

type Square struct{ Side int }

func (s Square) Area() int { return s.Side * s.Side }
