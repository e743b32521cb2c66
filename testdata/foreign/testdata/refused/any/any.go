// Package any takes types with interfaces deep inside that can hold anything.
package any

import (
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-github/v84/github"
)

//workgen:work
type Up struct{}

func (Up) Run(p *types.ServiceConfig, repo github.Repository) *types.ServiceConfig { return p }
