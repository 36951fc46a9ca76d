package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/gitops-pipeline/gitops-pipeline/bench/report"
)

// loadWorkers ask as fast as they are answered, each on a connection of its own.
const loadWorkers = 16

// loaded is a contestant that runs, and what was measured of it.
type loaded struct {
	address           string // on the engine's network: no proxy is in between
	pid               int
	group             cgroup
	rate, p99, cpu    []float64
	requests, refused uint64
}

// load measures requests a second, their p99, and the processor time and the
// memory that they cost, in rounds that take turns.
func (b *bench) load(ctx context.Context, own, floor contestant) ([]report.Figure, error) {
	var run [2]*loaded
	for i, c := range []contestant{floor, own} {
		var err error
		if run[i], err = b.startLoaded(ctx, c); err != nil {
			return nil, err
		}
	}
	span := time.Duration(b.times(5, 1)) * time.Second
	for round := range b.times(6, 2) + 1 {
		for _, l := range run {
			if err := l.attack(ctx, span, round > 0); err != nil { // the first round warms up
				return nil, err
			}
		}
	}
	f, o := run[0], run[1]
	var memory [2]float64
	for i, l := range run {
		var err error
		if memory[i], err = residentMB(l.pid); err != nil {
			return nil, err
		}
	}
	figures := []report.Figure{
		{
			Name: "requests a second", Unit: report.Rate, Samples: o.rate, Floor: &report.Floor{Samples: f.rate}, Goals: []report.Goal{{Of: "ratio", Least: 0.95}},
			Note: fmt.Sprintf("GET /ready, %d connections, rounds of %s; the client shares the cores", loadWorkers, span),
		},
		{Name: "their p99", Unit: report.Seconds, Samples: o.p99, Floor: &report.Floor{Samples: f.p99}},
		{Name: "processor time of a request, in the container", Unit: "µs", Samples: o.cpu, Floor: &report.Floor{Samples: f.cpu}},
		{Name: "resident memory after the load", Unit: report.Megabytes, Samples: memory[1:], Floor: &report.Floor{Samples: memory[:1]}, Goals: []report.Goal{{Of: "p50", Most: 15}}},
	}
	if o.refused > 0 {
		figures[0].Fail(fmt.Errorf("%d of %d requests were not answered with 200", o.refused, o.requests))
	}
	return figures, nil
}

func (b *bench) startLoaded(ctx context.Context, c contestant) (*loaded, error) {
	id, _, err := b.newContainer(ctx, c, 0)
	if err != nil {
		return nil, err
	}
	if err := b.docker.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.image, err)
	}
	info, err := b.docker.ContainerInspect(ctx, id)
	if err != nil {
		return nil, err
	}
	l := &loaded{pid: info.State.Pid}
	for _, n := range info.NetworkSettings.Networks {
		l.address = n.IPAddress + ":" + servicePort.Port()
	}
	if l.group, err = b.cgroup(ctx, id); err != nil {
		return nil, err
	}
	return l, awaitReady(ctx, l.address)
}

// attack asks for a while; with count, what came of it counts.
func (l *loaded) attack(ctx context.Context, span time.Duration, count bool) error {
	attacker := vegeta.NewAttacker(vegeta.Workers(loadWorkers), vegeta.MaxWorkers(loadWorkers), vegeta.Connections(loadWorkers))
	target := vegeta.NewStaticTargeter(vegeta.Target{Method: http.MethodGet, URL: "http://" + l.address + "/ready"})
	before, err := l.group.cpu()
	if err != nil {
		return err
	}
	var m vegeta.Metrics
	for result := range attacker.Attack(target, vegeta.Rate{}, span, "") {
		m.Add(result)
		if ctx.Err() != nil {
			attacker.Stop()
		}
	}
	m.Close()
	after, err := l.group.cpu()
	if err != nil || ctx.Err() != nil {
		return err
	}
	if !count {
		return nil
	}
	l.requests += m.Requests
	l.refused += m.Requests - uint64(m.StatusCodes["200"])
	l.rate = append(l.rate, m.Throughput)
	l.p99 = append(l.p99, m.Latencies.P99.Seconds())
	l.cpu = append(l.cpu, float64((after-before).Microseconds())/float64(m.Requests))
	return nil
}

var residentLine = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

// residentMB is the memory that a process has in place.
func residentMB(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the memory of a process: %w", err)
	}
	found := residentLine.FindSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("process %d has no resident memory", pid)
	}
	kb, err := strconv.ParseFloat(string(found[1]), 64)
	return kb * 1024 / 1e6, err
}
