package ambient

import (
	"go/types"
	"slices"
	"strings"
)

// logs are the packages that write logs, metrics and traces, with those below: no
// result depends on what they are told, and what they look at is for them alone.
var logs = []string{
	"log",
	"cloud.google.com/go/logging",
	"github.com/DataDog/datadog-go",
	"github.com/DataDog/dd-trace-go",
	"github.com/apex/log",
	"github.com/charmbracelet/log",
	"github.com/getsentry/sentry-go",
	"github.com/go-kit/log",
	"github.com/go-logr",
	"github.com/golang/glog",
	"github.com/hashicorp/go-hclog",
	"github.com/hashicorp/go-metrics",
	"github.com/op/go-logging",
	"github.com/prometheus/client_golang/prometheus",
	"github.com/rs/zerolog",
	"github.com/sirupsen/logrus",
	"github.com/uber-go/tally",
	"go.elastic.co/apm",
	"go.opencensus.io",
	"go.opentelemetry.io",
	"go.uber.org/zap",
	"google.golang.org/grpc/internal/channelz",
	"gopkg.in/DataDog/dd-trace-go.v1",
	"k8s.io/klog",
}

// Logs reports whether the package of that path writes logs, metrics or traces.
func Logs(path string) bool {
	return slices.ContainsFunc(logs, func(log string) bool {
		rest, ok := strings.CutPrefix(path, log)
		return ok && (rest == "" || rest[0] == '/')
	})
}

// IsLog reports whether a function or method is of such a package, or prints
// to the terminal.
func IsLog(fn *types.Func) bool {
	if fn.Pkg() == nil {
		return false
	}
	path := fn.Pkg().Path()
	return Logs(path) || path == "fmt" && strings.HasPrefix(fn.Name(), "Print")
}

// DecidesNothing reports whether no result depends on what a function is given: how many
// goroutines run at once, and what random numbers are made from, since each draw counts.
func DecidesNothing(fn *types.Func) bool {
	switch fn.FullName() {
	case "math/rand.Seed", "(*golang.org/x/sync/errgroup.Group).SetLimit":
		return true
	}
	return false
}
