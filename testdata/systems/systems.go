// Package systems reaches modules that import others on some systems only, and code
// that cgo compiles: what is generated for it is the same everywhere.
package systems

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
)

// Name builds a metric's name for a command, with a counter beside it.
//
//workgen:work
type Name struct {
	Counter prometheus.Counter `workgen:"-"`
}

// Run counts and joins the parts.
func (n *Name) Run(command string, parts []string) (string, int, error) {
	if n.Counter != nil {
		n.Counter.Inc()
	}
	c := &cobra.Command{Use: command}
	return prometheus.BuildFQName(c.Name(), "", join(parts)), weigh(len(parts)), nil
}

func join(parts []string) string {
	all := ""
	for _, p := range parts {
		all += p
	}
	return all
}
