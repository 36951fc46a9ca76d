package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// binding is a TCP port of the Docker host that a container publishes.
type binding struct {
	container, stack string
	address          string // "" is every address
	port             int
}

func ports(ctx context.Context, s Settings, cli *client.Client, facts dockerhost.Facts) []Result {
	if s.ConfigError != nil {
		return nil // the ports themselves may be wrong
	}
	bindings, err := published(ctx, cli)
	if err != nil {
		return []Result{{"ports", Warning, err.Error(), "see `docker ps`"}}
	}
	listen := cli == nil || facts.Local()
	return []Result{
		port(s, s.Config.HTTPPort, "httpPort", bindings, listen),
		port(s, s.Config.SSHPort, "sshPort", bindings, listen),
	}
}

// published lists the TCP ports that running containers hold.
func published(ctx context.Context, cli *client.Client) ([]binding, error) {
	if cli == nil {
		return nil, nil
	}
	running, err := cli.ContainerList(ctx, container.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing the containers that publish ports: %w", err)
	}
	var bindings []binding
	for _, c := range running {
		name := c.ID
		if len(c.Names) > 0 {
			name = strings.TrimPrefix(c.Names[0], "/")
		}
		for _, p := range c.Ports {
			if p.PublicPort != 0 && p.Type == "tcp" {
				bindings = append(bindings, binding{name, c.Labels[naming.StackLabel], p.IP, int(p.PublicPort)})
			}
		}
	}
	return bindings, nil
}

// overlap tells whether no two programs can listen on the addresses at the same port.
func overlap(a, b string) bool {
	first, err1 := netip.ParseAddr(a)
	second, err2 := netip.ParseAddr(b)
	if err1 != nil || err2 != nil {
		return true // every address
	}
	first, second = first.Unmap(), second.Unmap()
	if first.Is4() != second.Is4() {
		return false
	}
	return first == second || first.IsUnspecified() || second.IsUnspecified()
}

// holder finds the container that keeps the stack from a port: another one's first, then the stack's own.
func holder(stack, address string, port int, bindings []binding) (by binding, found bool) {
	for _, b := range bindings {
		if b.port == port && overlap(b.address, address) && (!found || by.stack == stack) {
			by, found = b, true
		}
	}
	return by, found
}

func port(s Settings, number int, key string, bindings []binding, listen bool) Result {
	name, address := "port "+strconv.Itoa(number), s.Config.BindAddress
	next := fmt.Sprintf("free it, or choose another: pipeline up --stack %s -c %s=%d", s.Stack, key, number+1)
	if by, found := holder(s.Stack, address, number, bindings); found {
		switch by.stack {
		case s.Stack:
			return Result{name, OK, "held by this stack's own forge", ""}
		case "":
			return Result{name, Failed, fmt.Sprintf("%s on %s is taken by the container %s", name, address, by.container), next}
		default:
			return Result{name, Failed, fmt.Sprintf("%s on %s is taken by stack %q (container %s)", name, address, by.stack, by.container),
				fmt.Sprintf("choose another: pipeline up --stack %s -c %s=%d; or take that one down: pipeline down --stack %s", s.Stack, key, number+1, by.stack)}
		}
	}
	if !listen {
		return Result{name, OK, "no container publishes it on " + address + " of the Docker host", ""}
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(number)))
	switch {
	case err == nil:
		_ = listener.Close()
		return Result{name, OK, "free on " + address, ""}
	case errors.Is(err, syscall.EADDRINUSE):
		return Result{name, Failed, fmt.Sprintf("%s on %s is taken by another program", name, address), next}
	case errors.Is(err, syscall.EACCES):
		// The Docker host, which is root, will bind it.
		return Result{name, Info, "needs root to be tried; Docker will bind it", ""}
	default:
		return Result{name, Failed, fmt.Sprintf("%s cannot be bound: %v", name, err), "correct bindAddress, or " + next}
	}
}
