package main

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
)

// starts measures how soon a service answers /ready with 200: a container from
// `docker start` on, and the bare program from its start on.
func (b *bench) starts(ctx context.Context, own, floor contestant) ([]report.Figure, error) {
	goals := []report.Goal{{Of: "p50", Most: 0.05}}
	figures := []report.Figure{
		{Name: "container start → ready", Unit: report.Seconds, Goals: goals, Floor: &report.Floor{}, Note: "most of it is the engine's: see the floor"},
		{Name: "program start → ready", Unit: report.Seconds, Goals: goals, Floor: &report.Floor{}},
	}
	for i := 0; b.again(i, 20, 3); i++ {
		for form, start := range []func(context.Context, contestant) (float64, error){b.startContainer, b.startProgram} {
			took, err := start(ctx, floor)
			if err != nil {
				return nil, fmt.Errorf("starting the floor: %w", err)
			}
			figures[form].Floor.Samples = append(figures[form].Floor.Samples, took)
			if took, err = start(ctx, own); ctx.Err() != nil {
				return nil, ctx.Err()
			} else if err != nil {
				figures[form].Fail(err)
				continue
			}
			figures[form].Samples = append(figures[form].Samples, took)
		}
	}
	return figures, nil
}

// servicePort is where a service listens in its container.
const servicePort = nat.Port("8080/tcp")

// newContainer makes a container of a contestant, without a health check: it
// would be another load. With a port, it is published there.
func (b *bench) newContainer(ctx context.Context, c contestant, port int) (id string, remove func(context.Context) error, err error) {
	host := &container.HostConfig{}
	if port > 0 {
		host.PortBindings = nat.PortMap{servicePort: {{HostIP: "127.0.0.1", HostPort: strconv.Itoa(port)}}}
	}
	made, err := b.docker.ContainerCreate(ctx, &container.Config{
		Image: c.image, Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
		Labels: map[string]string{"gitops-pipeline.bench": "1"}, ExposedPorts: nat.PortSet{servicePort: {}},
	}, host, nil, nil, "")
	if err != nil {
		return "", nil, fmt.Errorf("making a container of %s: %w", c.image, err)
	}
	remove = func(ctx context.Context) error {
		return gone(b.docker.ContainerRemove(ctx, made.ID, container.RemoveOptions{Force: true}))
	}
	b.undone(remove)
	return made.ID, remove, nil
}

func (b *bench) startContainer(ctx context.Context, c contestant) (float64, error) {
	port, err := freePort()
	if err != nil {
		return 0, err
	}
	id, remove, err := b.newContainer(ctx, c, port)
	if err != nil {
		return 0, err
	}
	took, err := timed(func() error {
		if err := b.docker.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
			return err
		}
		return awaitReady(ctx, fmt.Sprintf("127.0.0.1:%d", port))
	})
	if err := remove(ctx); err != nil {
		return 0, err
	}
	return took, err
}

func (b *bench) startProgram(ctx context.Context, c contestant) (float64, error) {
	port, err := freePort()
	if err != nil {
		return 0, err
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	cmd := exec.CommandContext(ctx, c.program)
	cmd.Env = []string{"PORT=" + strconv.Itoa(port)}
	took, err := timed(func() error {
		if err := cmd.Start(); err != nil {
			return err
		}
		return awaitReady(ctx, fmt.Sprintf("127.0.0.1:%d", port))
	})
	end()
	_ = cmd.Wait() // it was killed
	return took, err
}

// awaitReady asks each millisecond, each time on a new connection.
func awaitReady(ctx context.Context, address string) error {
	asks := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return poll(ctx, time.Millisecond, 10*time.Second, "the service", func() (bool, error) {
		resp, err := asks.Get("http://" + address + "/ready")
		if err != nil {
			return false, err
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK, nil
	})
}
