// Package quantity takes types that cannot be read without a directive.
package quantity

import (
	"github.com/shopspring/decimal"
	"gonum.org/v1/gonum/mat"
	corev1 "k8s.io/api/core/v1"
)

//workgen:work
type Schedule struct{}

func (Schedule) Run(r corev1.ResourceRequirements, price decimal.Decimal, m *mat.Dense) {}
