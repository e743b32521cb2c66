package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"

	natsgo "github.com/nats-io/nats.go"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/storecmd"
)

// A place is where a store is.
type place struct {
	url, creds, namespace string

	reads bool // the command only reads
}

// servers is the URL of the servers.
func (p *place) servers() string {
	return cmp.Or(p.url, os.Getenv("NATS_URL"), natsgo.DefaultURL)
}

// open opens the store. Streams that are not there are not made.
func (p *place) open(ctx context.Context, a storecmd.Access) (store.Administrator, string, error) {
	p.reads = a.ReadOnly
	o := nats.Options{
		URL: p.servers(), Connect: []natsgo.Option{natsgo.Name(name)}, Namespace: p.namespace,
		ReadOnly: true, Manual: true, MaxAge: a.MaxAge, MaxBytes: a.MaxBytes,
		Logger: slog.New(slog.DiscardHandler),
	}
	if creds := cmp.Or(p.creds, os.Getenv("NATS_CREDS")); creds != "" {
		o.Connect = append(o.Connect, natsgo.UserCredentials(creds))
	}
	s, err := nats.Open(ctx, o) // which makes nothing
	if err != nil || a.ReadOnly {
		return s, p.String(), err
	}
	if err := s.Close(); err != nil {
		return nil, "", err
	}
	o.ReadOnly = false
	s, err = nats.Open(ctx, o)
	return s, p.String(), err
}

// String says where the store is.
func (p *place) String() string { return "namespace " + p.namespace + " on " + p.hosts() }

// hosts names the servers, without passwords.
func (p *place) hosts() string {
	var names []string
	for s := range strings.SplitSeq(p.servers(), ",") {
		if u, err := url.Parse(strings.TrimSpace(s)); err == nil && u.Host != "" {
			s = u.Host
		} else if _, host, found := strings.Cut(s, "@"); found {
			s = host
		}
		names = append(names, s)
	}
	return strings.Join(names, ", ")
}

// explain says in the words of this command what an error of the store comes from, and what can be
// done.
func (p *place) explain(err error) error {
	var setup *nats.SetupError
	switch {
	case errors.Is(err, natsgo.ErrAuthorization), errors.Is(err, natsgo.ErrPermissionViolation):
		role := "worker"
		if p.reads {
			role = "reader"
		}
		return fmt.Errorf("%w\nlet the user do what this prints: %s permissions %s%s", err, name, role, p.flag())
	case errors.Is(err, natsgo.ErrNoServers):
		return fmt.Errorf("there is no server at %s: %w\nname one with -store, or with NATS_URL", p.hosts(), err)
	case errors.As(err, &setup) && setup.Problem == missing:
		return fmt.Errorf("there is no store in %s: programs make one as they open it; or name another one with -namespace", p)
	}
	return err
}

// missing is what a nats.SetupError says of a store without streams.
const missing = "it is missing"

// flag is the flag for the namespace, if it is needed.
func (p *place) flag() string {
	if p.namespace == nats.DefaultNamespace {
		return ""
	}
	return " -namespace " + p.namespace
}
