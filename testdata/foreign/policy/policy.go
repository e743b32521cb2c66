// Package policy has works over the syntax trees of Open Policy Agent.
package policy

import "github.com/open-policy-agent/opa/v1/ast"

// Resolve takes a term, whose value is one of those without unexported fields.
//
//workgen:work
//workgen:oneof ast.Value: ast.Null ast.Boolean ast.Number ast.String ast.Var ast.Ref ast.Call
type Resolve struct{}

// Run returns what it got.
func (Resolve) Run(pkg *ast.Package, term *ast.Term) (*ast.Package, *ast.Term) { return pkg, term }
