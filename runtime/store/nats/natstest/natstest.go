// Package natstest runs servers of NATS in the process of a test, on loopback.
package natstest

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Cluster is one server, or several that know each other.
type Cluster struct {
	tb    testing.TB
	nodes []*node
}

// node is a server, which can be started again.
type node struct {
	options *server.Options
	server  *server.Server // nil: it is down
}

// Start starts n servers with JetStream, which end with the test. change, if not nil, changes the
// options of each.
func Start(tb testing.TB, n int, change func(o *server.Options)) *Cluster {
	tb.Helper()
	c := &Cluster{tb: tb}
	ports := freePorts(tb, 2*n)
	var routes []*url.URL
	for i := range n {
		routes = append(routes, &url.URL{Scheme: "nats", Host: "127.0.0.1:" + strconv.Itoa(ports[n+i])})
	}
	dir := tb.TempDir()
	for i := range n {
		o := &server.Options{
			ServerName: "node" + strconv.Itoa(i), Host: "127.0.0.1", Port: ports[i], NoSigs: true, NoLog: true,
			JetStream: true, StoreDir: filepath.Join(dir, strconv.Itoa(i)),
		}
		if n > 1 {
			o.Cluster = server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: ports[n+i]}
			o.Routes = routes
		}
		if change != nil {
			change(o)
		}
		c.nodes = append(c.nodes, &node{options: o})
	}
	tb.Cleanup(c.stop)
	for i := range c.nodes {
		c.Restart(i)
	}
	c.Wait()
	return c
}

// freePorts returns ports of loopback that are free.
func freePorts(tb testing.TB, n int) (ports []int) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// URL names all servers.
func (c *Cluster) URL() string {
	var urls []string
	for i := range c.nodes {
		urls = append(urls, "nats://"+c.Addr(i))
	}
	return strings.Join(urls, ",")
}

// Addr returns where a server listens for clients.
func (c *Cluster) Addr(i int) string { return fmt.Sprintf("127.0.0.1:%d", c.nodes[i].options.Port) }

// Size returns how many servers there are, whether they run or not.
func (c *Cluster) Size() int { return len(c.nodes) }

// Restart starts a server that is down.
func (c *Cluster) Restart(i int) {
	c.tb.Helper()
	n := c.nodes[i]
	s, err := server.NewServer(n.options.Clone())
	if err != nil {
		c.tb.Fatal(err)
	}
	s.Start()
	n.server = s
}

// Stop stops a server.
func (c *Cluster) Stop(i int) {
	n := c.nodes[i]
	if n.server != nil {
		n.server.Shutdown()
		n.server.WaitForShutdown()
		n.server = nil
	}
}

func (c *Cluster) stop() {
	for i := range c.nodes {
		c.Stop(i)
	}
}

// Wait waits until all servers that run can be used.
func (c *Cluster) Wait() {
	c.tb.Helper()
	end := time.Now().Add(30 * time.Second)
	for !c.ready() {
		if time.Now().After(end) {
			c.tb.Fatal("the servers did not get ready in 30 s")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (c *Cluster) ready() bool {
	leader := len(c.nodes) == 1
	for _, n := range c.nodes {
		if n.server == nil {
			continue
		}
		if !n.server.ReadyForConnections(time.Second) {
			return false
		}
		if len(c.nodes) > 1 {
			leader = leader || n.server.JetStreamIsLeader()
			if !n.server.JetStreamIsCurrent() {
				return false
			}
		}
	}
	return leader
}

// Leader returns which server leads a stream of the default account, -1 if none does.
func (c *Cluster) Leader(stream string) int {
	for i, n := range c.nodes {
		if n.server != nil && n.server.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, stream) {
			return i
		}
	}
	return -1
}

// StepDown has the leader of a stream give way to another one.
func (c *Cluster) StepDown(stream string) {
	if i := c.Leader(stream); i >= 0 {
		_ = c.nodes[i].server.JetStreamStepdownStream(server.DEFAULT_GLOBAL_ACCOUNT, stream)
	}
}
