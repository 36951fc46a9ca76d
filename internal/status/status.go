// Package status gathers what is there of a stack: its containers, runners,
// runs, published images and disk use. It also works when some of these are down.
package status

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/doctor"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// Status is a stack at one moment. Problems says what could not be read.
type Status struct {
	Stack      string              `json:"stack"`
	State      string              `json:"state"` // up, partly up, down
	URLs       map[string]string   `json:"urls,omitempty"`
	Secrets    map[string]string   `json:"secrets,omitempty"`
	Containers []Container         `json:"containers"`
	Runners    []Runner            `json:"runners"`
	Waiting    []Waiting           `json:"waiting,omitempty"` // jobs that no runner will take
	Runs       []Run               `json:"runs"`
	Images     []gitea.Image       `json:"images"`
	Volumes    []dockerhost.Volume `json:"volumes"`
	Problems   []string            `json:"problems,omitempty"`
	Disks      []doctor.Result     `json:"disks,omitempty"` // those that are almost full
}

// Container is one container of the stack.
type Container struct {
	Name   string                   `json:"name"`
	Role   naming.Role              `json:"role"`
	State  container.ContainerState `json:"state"`
	Health string                   `json:"health"` // healthy, unhealthy, starting or "" without a healthcheck
	Status string                   `json:"status"`
	Image  string                   `json:"image"`
}

// Runner is one registered runner.
type Runner struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Busy   bool   `json:"busy"`
}

// Waiting is a job of any repository that no runner will take.
type Waiting struct {
	Job    string   `json:"job"`
	Labels []string `json:"labels"`
	Reason string   `json:"reason"`
	URL    string   `json:"url"`
}

// Run is one workflow run.
type Run struct {
	Number     int64     `json:"number"`
	Title      string    `json:"title"`
	Commit     string    `json:"commit"`
	Status     string    `json:"status"`
	Conclusion string    `json:"conclusion,omitempty"`
	Started    time.Time `json:"startedAt"`
	Completed  time.Time `json:"completedAt"`
	URL        string    `json:"url"`
}

// Gather asks the Docker host, and the forge if f is not nil.
func Gather(ctx context.Context, stack string, cli *client.Client, f *gitea.Client, registry string) Status {
	s := Status{Stack: stack, State: "down", Containers: []Container{}, Runners: []Runner{}, Runs: []Run{}, Images: []gitea.Image{}, Volumes: []dockerhost.Volume{}}
	var mu sync.Mutex
	note := func(err error) {
		if err != nil {
			mu.Lock()
			defer mu.Unlock()
			s.Problems = append(s.Problems, err.Error())
		}
	}
	var wait sync.WaitGroup
	wait.Go(func() { note(s.containers(ctx, cli)) })
	wait.Go(func() { note(s.volumes(ctx, cli)) })
	if f != nil {
		if _, err := f.Version(ctx); err != nil {
			note(err)
		} else {
			wait.Go(func() { note(s.runners(ctx, f)) })
			wait.Go(func() { note(s.runs(ctx, f)) })
			wait.Go(func() { note(s.images(ctx, cli, f, registry)) })
		}
	}
	wait.Wait()
	if s.State == "up" && (f == nil || len(s.Problems) > 0) {
		s.State = "partly up" // what runs is not all that belongs to a stack
	}
	return s
}

func (s *Status) containers(ctx context.Context, cli *client.Client) error {
	list, err := dockerhost.Containers(ctx, cli, s.Stack)
	if err != nil {
		return err
	}
	good := 0
	for _, c := range list {
		one := Container{Name: c.Name, Role: c.Role, State: c.State, Status: c.Status, Image: c.Image, Health: health(c.Status)}
		if c.State == container.StateRunning && one.Health != "unhealthy" {
			good++
		}
		s.Containers = append(s.Containers, one)
	}
	switch {
	case good == 0:
		s.State = "down"
	case good == len(list):
		s.State = "up"
	default:
		s.State = "partly up"
	}
	return nil
}

// health reads the parenthesis that Docker puts after a container's uptime.
func health(status string) string {
	for _, word := range []string{"unhealthy", "healthy"} {
		if strings.Contains(status, "("+word+")") {
			return word
		}
	}
	if strings.Contains(status, "(health: starting)") {
		return "starting"
	}
	return ""
}

func (s *Status) volumes(ctx context.Context, cli *client.Client) error {
	list, err := dockerhost.Volumes(ctx, cli, s.Stack)
	s.Volumes = append(s.Volumes, list...)
	return err
}

func (s *Status) runners(ctx context.Context, f *gitea.Client) error {
	list, err := f.Runners(ctx)
	for _, r := range list {
		s.Runners = append(s.Runners, Runner{Name: r.Name, Status: r.Status, Busy: r.Busy})
	}
	if err != nil {
		return err
	}
	jobs, err := f.WaitingJobs(ctx)
	for _, job := range jobs {
		if why := gitea.Unmatched(job.Labels, list); why != "" {
			s.Waiting = append(s.Waiting, Waiting{Job: job.Name, Labels: job.Labels, Reason: why, URL: job.HTMLURL})
		}
	}
	if err != nil {
		return err
	}
	jobs, err = f.UnreleasedJobs(ctx)
	for _, job := range jobs {
		s.Waiting = append(s.Waiting, Waiting{Job: job.Name, Labels: job.Labels, Reason: gitea.Unreleased, URL: job.HTMLURL})
	}
	return err
}

func (s *Status) runs(ctx context.Context, f *gitea.Client) error {
	list, err := f.Runs(ctx, "", 5)
	for _, r := range list {
		s.Runs = append(s.Runs, Run{
			Number: r.RunNumber, Title: r.DisplayTitle, Commit: r.HeadSha, Status: r.Status, Conclusion: r.Conclusion,
			Started: r.StartedAt, Completed: r.CompletedAt, URL: r.HTMLURL,
		})
	}
	return err
}

func (s *Status) images(ctx context.Context, cli *client.Client, f *gitea.Client, registry string) error {
	list, err := f.Images(ctx)
	if err != nil {
		return err
	}
	list = list[:min(len(list), 10)]
	var wait sync.WaitGroup
	for i := range list {
		wait.Go(func() {
			// A registry that the Docker host cannot reach leaves the digest empty: the tag is there all the same.
			list[i].Digest, _ = f.Digest(ctx, cli, fmt.Sprintf("%s/%s/%s:%s", registry, strings.ToLower(f.Owner), list[i].Name, list[i].Tag))
		})
	}
	wait.Wait()
	s.Images = list
	return nil
}
