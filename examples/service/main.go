// Command service is a web service with an expensive endpoint, GET /way, whose answers are memoised, and
// the load that shows what that saves:
//
//	go run .               # 50 clients for ten seconds, and what was saved
//	go run . -cache=false  # the same, and nothing is
//	go run . -serve        # goes on to serve, for curl: /way?from=3,4&to=70,80 and /metrics
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/otel"
)

func main() {
	var s settings
	flag.StringVar(&s.addr, "addr", "localhost:0", "where to listen")
	flag.IntVar(&s.clients, "clients", 50, "how many clients ask at once")
	flag.DurationVar(&s.span, "for", 10*time.Second, "for how long they ask")
	flag.BoolVar(&s.cache, "cache", true, "remember the answers")
	flag.BoolVar(&s.serve, "serve", false, "go on to serve after that, until interrupted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

type settings struct {
	addr    string
	clients int
	span    time.Duration
	cache   bool
	serve   bool
}

// run serves, has clients ask, and says on out what that came to.
func run(ctx context.Context, s settings, out io.Writer) (err error) {
	meters, metrics, err := exported()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, meters.Shutdown(context.WithoutCancel(ctx))) }()
	telemetry, err := otel.New(otel.WithMeterProvider(meters))
	if err != nil {
		return err
	}
	defer telemetry.Close()

	const side = 300
	planner := NewPlannerRunner(&Planner{Map: Map{Side: side, Seed: 1}}, append(options(), telemetry.Option(), runtime.CacheCalls(s.cache))...)
	mux := http.NewServeMux()
	mux.Handle("/", handler(planner))
	mux.Handle("GET /metrics", metrics)
	listener, err := net.Listen("tcp", s.addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	url := "http://" + listener.Addr().String()
	fmt.Fprintf(out, "serving %s/way?from=3,4&to=70,80 and %[1]s/metrics\n", url)
	say(out, load{url: url, side: side, clients: s.clients, span: s.span}.run(ctx), planner.Stats())
	if s.serve {
		select {
		case <-ctx.Done():
		case err := <-served:
			return err
		}
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(stopping), planner.Close(stopping))
}

// exported returns a provider of meters, and what shows them to Prometheus.
func exported() (*metric.MeterProvider, http.Handler, error) {
	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry))
	if err != nil {
		return nil, nil, err
	}
	return metric.NewMeterProvider(metric.WithReader(reader)), promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), nil
}

// say says what was saved: every request would have executed the work.
func say(out io.Writer, l *loaded, s runtime.Stats) {
	fmt.Fprintf(out, "%d requests, %d failed; half of them took up to %v, 99 of 100 up to %v\n",
		len(l.took), l.failed, l.percentile(50).Round(time.Microsecond), l.percentile(99).Round(time.Microsecond))
	if l.err != nil {
		fmt.Fprintf(out, "one that failed: %v\n", l.err)
	}
	fmt.Fprintf(out, "%d were answered from memory, %d waited for an equal one, and the work was executed %d times\n", s.Hits, s.Joined, s.Executions)
	if s.Executions > 0 {
		each := s.ExecutionTime / time.Duration(s.Executions)
		saved := time.Duration(s.Hits+s.Joined) * each
		fmt.Fprintf(out, "that takes %v each time, so %v of processors were saved\n", each.Round(time.Microsecond), saved.Round(time.Millisecond))
	}
	fmt.Fprintf(out, "%d answers are kept, in %d KiB\n", s.Entries, s.Bytes>>10)
}
