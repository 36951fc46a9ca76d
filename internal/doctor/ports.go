package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// holder is a container that publishes a port.
type holder struct{ name, stack string }

func ports(ctx context.Context, s Settings, cli *client.Client) []Result {
	if s.ConfigError != nil {
		return nil // which ports is what is wrong
	}
	held := published(ctx, cli)
	return []Result{
		port("port "+strconv.Itoa(s.HTTPPort), s, s.HTTPPort, "httpPort", held),
		port("port "+strconv.Itoa(s.SSHPort), s, s.SSHPort, "sshPort", held),
	}
}

func published(ctx context.Context, cli *client.Client) map[int]holder {
	held := map[int]holder{}
	if cli == nil {
		return held
	}
	running, err := cli.ContainerList(ctx, container.ListOptions{})
	if err != nil {
		return held
	}
	for _, c := range running {
		for _, p := range c.Ports {
			if p.PublicPort != 0 && len(c.Names) > 0 {
				held[int(p.PublicPort)] = holder{strings.TrimPrefix(c.Names[0], "/"), c.Labels[naming.StackLabel]}
			}
		}
	}
	return held
}

func port(name string, s Settings, number int, key string, held map[int]holder) Result {
	mend := fmt.Sprintf("free it, or choose another: pipeline up --stack %s -c %s=%d", s.Stack, key, number+1)
	if by, ok := held[number]; ok {
		switch by.stack {
		case s.Stack:
			return Result{name, OK, "held by this stack's own forge", ""}
		case "":
			return Result{name, Failed, fmt.Sprintf("%s on %s is taken by the container %s", name, s.BindAddress, by.name), mend}
		default:
			return Result{name, Failed, fmt.Sprintf("%s on %s is taken by stack %q (container %s)", name, s.BindAddress, by.stack, by.name),
				fmt.Sprintf("choose another: pipeline up --stack %s -c %s=%d; or take that one down: pipeline down --stack %s", s.Stack, key, number+1, by.stack)}
		}
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(s.BindAddress, strconv.Itoa(number)))
	switch {
	case err == nil:
		_ = listener.Close()
		return Result{name, OK, "free on " + s.BindAddress, ""}
	case errors.Is(err, syscall.EADDRINUSE):
		return Result{name, Failed, fmt.Sprintf("%s on %s is taken by another program", name, s.BindAddress), mend}
	case errors.Is(err, syscall.EACCES):
		// The engine, which is root, will be the one that binds it.
		return Result{name, Info, "needs root to be tried; the engine will bind it", ""}
	default:
		return Result{name, Failed, fmt.Sprintf("%s cannot be bound: %v", name, err), "correct bindAddress, or " + mend}
	}
}
