// Package compose has works over types of github.com/compose-spec/compose-go.
package compose

import "github.com/compose-spec/compose-go/v2/types"

// Up takes a service.
//
//workgen:work
//workgen:oneof any: string int float64 bool []any map[string]any
type Up struct{}

// Run returns what it got.
func (Up) Run(service types.ServiceConfig) types.ServiceConfig { return service }
