package natstest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	nodes    = 3
	patience = 30 * time.Second
)

// Cluster has JetStream on all of its nodes. Close it.
type Cluster struct {
	// URL names all nodes, for clients.
	URL string

	servers []*server.Server
}

// Start returns a cluster that has found a leader. Its files are below dir.
func Start(ctx context.Context, dir string) (*Cluster, error) {
	c := &Cluster{}
	if err := c.start(ctx, dir); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, dir string) error {
	ports, err := freePorts(ctx)
	if err != nil {
		return err
	}
	var routes []*url.URL
	for _, port := range ports {
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", port)})
	}
	for i, port := range ports {
		name := fmt.Sprintf("node-%d", i)
		s, err := server.NewServer(&server.Options{
			ServerName: name, Host: "127.0.0.1", Port: -1,
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: port}, Routes: routes,
			JetStream: true, StoreDir: filepath.Join(dir, name), JetStreamMaxStore: 8 << 30, NoLog: true, NoSigs: true,
		})
		if err != nil {
			return err
		}
		c.servers = append(c.servers, s)
		go s.Start()
	}
	var urls []string
	for _, s := range c.servers {
		if !s.ReadyForConnections(patience) {
			return errors.New("a node does not start")
		}
		urls = append(urls, s.ClientURL())
	}
	c.URL = strings.Join(urls, ",")
	return c.elected(ctx)
}

// elected waits until one of the nodes leads the others.
func (c *Cluster) elected(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		for _, s := range c.servers {
			if s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == nodes {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return errors.New("the nodes do not find each other")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Stop ends a node: the one that leads a stream, or one that does not.
func (c *Cluster) Stop(stream string, leads bool) error {
	for _, s := range c.servers {
		if s.Running() && s.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, stream) == leads {
			s.Shutdown()
			s.WaitForShutdown()
			return nil
		}
	}
	return errors.New("no such node: the leader of " + stream + ", or one that is not")
}

// Close ends all nodes.
func (c *Cluster) Close() {
	for _, s := range c.servers {
		s.Shutdown()
		s.WaitForShutdown()
	}
}

func freePorts(ctx context.Context) (ports []int, err error) {
	for range nodes {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		n := 0
		if _, err := fmt.Sscan(port, &n); err != nil {
			return nil, err
		}
		ports = append(ports, n)
	}
	return ports, nil
}
