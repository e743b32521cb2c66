package policy

import "github.com/open-policy-agent/opa/v1/ast"

// A module has only its text to be told by, which nothing reads back.
//
//workgen:work
//workgen:encode ast.Module text share
type Compile struct{}

func (Compile) Run(m *ast.Module) *ast.Module { return m }

// The fields of a module cannot be read.
//
//workgen:work
type Parse struct{}

func (Parse) Run(a *ast.Annotations, c *ast.Capabilities) *ast.Annotations { return a }
