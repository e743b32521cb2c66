// Package embed runs a server of NATS with JetStream inside of this process: one binary, and no
// server to look after.
//
//	results, err := embed.Open(ctx, embed.Options{Dir: "/var/lib/sales"}, nats.Options{Namespace: "sales"})
//	defer results.Close()
//	train := NewTrainerRunner(&Trainer{}, runtime.WithStore(results))
//
// One such server is used by its own process, and by others if it listens. Three make a cluster that
// outlives the loss of any one: give each a Name and a Dir of its own, that stay what they are, and
// the Routes to all.
//
// A message is acknowledged once it is on the disk (SyncAlways): without that one loss of power can
// take everything. Whoever links this package links the server, which are some 15 MB.
package embed

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"

	"github.com/workgen/workgen/runtime/store/nats"
)

// Options say how a server runs.
type Options struct {
	// Dir is where the server keeps what it stores. It is made if it is missing. One process at a
	// time uses it.
	Dir string

	// Name tells the servers of a cluster apart. It must not change: what a server has to keep is
	// assigned to its name. "" is workgen, for a server that is alone.
	Name string

	// Listen is the address for clients in other processes, host:port. "" is none; a server of a
	// cluster, which cannot do without, takes some port of loopback then.
	Listen string

	// Cluster makes the server one of several. nil: it is alone.
	Cluster *Cluster

	// Configure may change anything before the server starts, such as TLS and users. nil: nothing.
	Configure func(o *server.Options)

	// Logger gets what the server has to say. nil is slog.Default().
	Logger *slog.Logger
}

// Cluster says which servers belong together.
type Cluster struct {
	Name   string      // the same for all; "" is workgen
	Listen string      // address for the other servers, host:port
	Routes []string    // addresses of all of them, this one's may be among them
	TLS    *tls.Config // between the servers; nil: none, for networks that nobody else is on
}

// starting is how long a server may take to be ready if ctx ends later.
const starting = time.Minute

// Server is a server that runs.
type Server struct {
	server *server.Server
	unlock func()
	silent bool // it does not listen
}

// Start starts a server, and waits until it can be used; one of a cluster until more than half of
// the servers are there.
func Start(ctx context.Context, o Options) (*Server, error) {
	so, err := o.server()
	if err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	unlock, err := lock(filepath.Join(o.Dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	ns, err := server.NewServer(so)
	if err != nil {
		unlock()
		return nil, fmt.Errorf("embed: %w", err)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	ns.SetLoggerV2(&logger{o.Logger.With(slog.String("nats-server", so.ServerName))}, false, false, false)
	s := &Server{ns, unlock, so.DontListen}
	ns.Start()
	if err := s.wait(ctx, o.Cluster != nil); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// server returns the options of the server.
func (o *Options) server() (*server.Options, error) {
	if o.Dir == "" {
		return nil, errors.New("Options.Dir is not set")
	}
	so := &server.Options{
		ServerName: o.Name, JetStream: true, StoreDir: filepath.Join(o.Dir, "jetstream"), SyncAlways: true,
		NoSigs: true, DontListen: true, JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: -1,
	}
	if so.ServerName == "" {
		so.ServerName = "workgen"
	}
	var err error
	if o.Listen != "" {
		so.DontListen = false
		if so.Host, so.Port, err = address(o.Listen); err != nil {
			return nil, err
		}
	}
	if c := o.Cluster; c != nil {
		if o.Name == "" {
			return nil, errors.New("a server of a cluster needs a Name, which must not change")
		}
		so.Cluster.Name, so.Cluster.TLSConfig = c.Name, c.TLS
		if c.Name == "" {
			so.Cluster.Name = "workgen"
		}
		if so.DontListen {
			so.DontListen, so.Host, so.Port = false, "127.0.0.1", server.RANDOM_PORT
		}
		if so.Cluster.Host, so.Cluster.Port, err = address(c.Listen); err != nil {
			return nil, err
		}
		for _, r := range c.Routes {
			if _, _, err := address(r); err != nil {
				return nil, err
			}
			so.Routes = append(so.Routes, &url.URL{Scheme: "nats", Host: r})
		}
	}
	if o.Configure != nil {
		o.Configure(so)
	}
	return so, nil
}

func address(s string) (host string, port int, err error) {
	host, p, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(p)
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, err
}

// wait waits until the server can be used.
func (s *Server) wait(ctx context.Context, clustered bool) error {
	end := time.Now().Add(starting)
	for !s.ready(clustered) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
		if !s.server.Running() {
			return errors.New("embed: the server has ended; its log says why")
		}
		if time.Now().After(end) {
			return fmt.Errorf("embed: the server is not ready after %v; of a cluster more than half of the servers have to run", starting)
		}
	}
	return nil
}

func (s *Server) ready(clustered bool) bool {
	return s.server.ReadyForConnections(time.Millisecond) && s.server.JetStreamEnabled() && (!clustered || s.server.JetStreamIsCurrent())
}

// Connect returns a connection to the server that uses no network.
func (s *Server) Connect(opts ...natsgo.Option) (*natsgo.Conn, error) {
	opts = append([]natsgo.Option{natsgo.InProcessServer(s.server), natsgo.MaxReconnects(-1), natsgo.ReconnectBufSize(-1)}, opts...)
	return natsgo.Connect("", opts...)
}

// URL returns where clients in other processes connect to; "" if the server does not listen.
func (s *Server) URL() string {
	if s.silent {
		return ""
	}
	return s.server.ClientURL()
}

// Close ends the server, once all that it has acknowledged is stored. Connections end.
func (s *Server) Close() error {
	s.server.Shutdown()
	s.server.WaitForShutdown()
	s.unlock()
	return nil
}

// Store is a store on a server of its own.
type Store struct {
	*nats.Store
	Server *Server
	nc     *natsgo.Conn
}

// Open starts a server, and opens a store on it. Of so, URL is not used, and Conn must not be
// set.
func Open(ctx context.Context, o Options, so nats.Options) (*Store, error) {
	s, err := Start(ctx, o)
	if err != nil {
		return nil, err
	}
	nc, err := s.Connect(so.Connect...)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	so.Conn = nc
	if so.Logger == nil {
		so.Logger = o.Logger
	}
	results, err := nats.Open(ctx, so)
	if err != nil {
		nc.Close()
		return nil, errors.Join(err, s.Close())
	}
	return &Store{results, s, nc}, nil
}

// Close closes the store, and ends the server.
func (s *Store) Close() error {
	err := s.Store.Close()
	s.nc.Close()
	return errors.Join(err, s.Server.Close())
}
