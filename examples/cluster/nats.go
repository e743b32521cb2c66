package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/nats/embed"
)

// nodes are the servers of a cluster that the workers run themselves: each has one in its own
// process.
type nodes struct {
	dir    string
	listen []string // for clients
	routes []string // for the other servers
}

// newNodes makes a cluster of n, none of which runs yet.
func newNodes(n int) (c *nodes, err error) {
	c = &nodes{}
	if c.dir, err = os.MkdirTemp("", "cluster"); err != nil {
		return nil, err
	}
	for range n {
		for _, list := range []*[]string{&c.listen, &c.routes} {
			address, err := free()
			if err != nil {
				return nil, err
			}
			*list = append(*list, address)
		}
	}
	return c, nil
}

// free returns an address on loopback that nobody uses.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// address is where clients find the cluster.
func (c *nodes) address() string { return "nats://" + strings.Join(c.listen, ",nats://") }

// flag says to a worker which node it runs: its number, the folder, and the addresses.
func (c *nodes) flag(node int) string {
	return fmt.Sprintf("%d %s %s %s", node, c.dir, strings.Join(c.listen, ","), strings.Join(c.routes, ","))
}

func (c *nodes) stop() { _ = os.RemoveAll(c.dir) }

// openNode starts a node as a flag says, and opens the results on it.
func openNode(ctx context.Context, flag string) (results, error) {
	var node int
	var dir, listen, routes string
	if _, err := fmt.Sscan(flag, &node, &dir, &listen, &routes); err != nil {
		return nil, err
	}
	all := strings.Split(routes, ",")
	return embed.Open(ctx, embed.Options{
		Dir: filepath.Join(dir, fmt.Sprint("node", node)), Name: fmt.Sprint("node", node), Listen: strings.Split(listen, ",")[node], Logger: quiet,
		Cluster: &embed.Cluster{Listen: all[node], Routes: all},
	}, natsOptions(""))
}

// openNats opens the results of a cluster, as soon as it is there.
func openNats(ctx context.Context, address string) (results, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		s, err := nats.Open(ctx, natsOptions(address))
		if err == nil {
			return s, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func natsOptions(address string) nats.Options {
	return nats.Options{URL: address, Namespace: "cluster", Lease: lease, AckWait: lease, Logger: quiet}
}
