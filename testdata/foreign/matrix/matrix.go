// Package matrix has works over types of gonum.org/v1/gonum.
package matrix

import "gonum.org/v1/gonum/mat"

// Invert takes a matrix.
//
//workgen:work
//workgen:encode mat.Dense binary
//workgen:encode mat.VecDense binary
type Invert struct{}

// Run returns the sum of all elements.
func (Invert) Run(m *mat.Dense, v mat.VecDense) float64 { return mat.Sum(m) + mat.Sum(&v) }
