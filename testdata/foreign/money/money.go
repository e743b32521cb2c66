// Package money has works over types of github.com/shopspring/decimal.
package money

import "github.com/shopspring/decimal"

// Invoice has amounts.
type Invoice struct {
	Lines []decimal.Decimal
	Tax   decimal.NullDecimal
}

// Total takes amounts.
//
//workgen:work
//workgen:encode decimal.Decimal binary share
type Total struct{}

// Run returns what it got.
func (Total) Run(base decimal.Decimal, i Invoice) (decimal.Decimal, Invoice) { return base, i }
