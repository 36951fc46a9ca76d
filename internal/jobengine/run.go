//go:build linux

package jobengine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/cgroup"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/control"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/inner"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/mounts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/jobengine/network"
)

// DockerSocket is where a runner finds the job engine.
const DockerSocket = "/run/engine/docker/docker.sock"

// defaultPaths are the paths in a job engine's container.
var defaultPaths = paths{
	data: "/engine", run: "/run/engine", current: filepath.Dir(DockerSocket),
	stock: inner.StockAt("/usr/local/share/engine/stock"),
}

// Run runs the outer half until ctx ends.
func Run(ctx context.Context, c Config, log *slog.Logger) error {
	o := &outer{config: c, paths: defaultPaths, log: log, places: make(chan place, len(network.Links))}
	if err := o.clear(); err != nil {
		return err
	}
	conf, err := os.Open("/etc/resolv.conf")
	if err != nil {
		return err
	}
	o.resolver, err = network.Resolver(conf)
	if err := errors.Join(err, conf.Close()); err != nil {
		return err
	}
	if o.trust, err = defaultTrust.write(); err != nil {
		return err
	}
	places, err := prepare(c.ProcessLimit)
	if err != nil {
		return err
	}
	for _, p := range places {
		o.places <- p
	}
	firewall, err := network.Protect(network.Links, c.Forge, c.Network, c.Allow)
	if err != nil {
		return err
	}
	proxies := network.NewProxies(c.Proxies, firewall, log)
	proxies.Refresh(ctx) // before the first job
	listener, err := control.Listen(control.Socket)
	if err != nil {
		return err
	}
	s := NewSupervisor(o, log)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { s.Run(ctx); return nil })
	g.Go(func() error { proxies.Watch(ctx); return nil })
	g.Go(func() error { return control.Serve(ctx, listener, s) })
	return g.Wait()
}

// prepare prepares the container for inner halves, and returns a place for each.
func prepare(processLimit int) ([]place, error) {
	if err := mounts.Uncover(); err != nil {
		return nil, err
	}
	var names []string
	for _, l := range network.Links {
		names = append(names, l.Name)
	}
	var groups []*cgroup.Group
	err := mounts.Private(func() (err error) { // jobs see the trees of cgroups, read-only
		trees := cgroup.Trees(cgroup.Root)
		for _, tree := range trees {
			if err := mounts.Writable(tree); err != nil {
				return err
			}
		}
		groups, err = cgroup.Limit(trees, processLimit, names...)
		return err
	})
	if err != nil {
		return nil, err
	}
	var places []place
	for i, l := range network.Links {
		places = append(places, place{l, groups[i]})
	}
	return places, nil
}

// LookupProxies returns an error that names the proxies whose addresses nobody here knows.
func LookupProxies(ctx context.Context, c Config) error {
	var unknown error
	for _, proxy := range c.Proxies {
		if _, err := network.LookupProxy(ctx, proxy); err != nil {
			unknown = errors.Join(unknown, fmt.Errorf("looking up the proxy %s: %w", proxy, err))
		}
	}
	return unknown
}
