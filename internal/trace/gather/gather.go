// Package gather reads what is recorded of a workflow run: the forge's records
// and logs, and the logs of the stack's runners.
package gather

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/trace/model"
)

// Forge is what a trace needs of a forge.
type Forge interface {
	Jobs(ctx context.Context, run int64) ([]*sdk.ActionWorkflowJob, error)
	Log(ctx context.Context, job int64) (string, error)
	File(ctx context.Context, ref, path string) ([]byte, error)
	Runners(ctx context.Context) ([]*sdk.ActionRunner, error)
}

// workflowDirs is where Gitea looks for workflows; a run names the file alone.
var workflowDirs = []string{".gitea/workflows/", ".github/workflows/"}

// Run reads what the forge and, through the Docker host, the stack's runners
// recorded of a run. Without the run's jobs it fails; what else is missing
// becomes a note. The Docker client may be nil.
func Run(ctx context.Context, f Forge, run *sdk.ActionWorkflowRun, cli *client.Client, stack string) (model.Records, error) {
	jobs, err := f.Jobs(ctx, run.ID)
	if err != nil {
		return model.Records{}, err
	}
	r := model.Records{Run: run, Jobs: jobs, Logs: map[int64]string{}, Now: time.Now()}
	var mu sync.Mutex
	note := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
	}
	var wait sync.WaitGroup
	for _, job := range jobs {
		if !model.Known(job.StartedAt) {
			continue
		}
		wait.Go(func() {
			log, err := f.Log(ctx, job.ID)
			if err != nil {
				note("only whole seconds of job %s: %v", model.Plain(job.Name), err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			r.Logs[job.ID] = log
		})
	}
	wait.Go(func() {
		file, _, _ := strings.Cut(run.Path, "@")
		var err error
		for _, dir := range workflowDirs {
			if r.Workflow, err = f.File(ctx, run.HeadSha, dir+file); err == nil {
				return
			}
		}
		note("waiting for other jobs is counted as waiting for a runner: %v", err)
	})
	wait.Go(func() {
		if err := unmatched(ctx, f, jobs, note); err != nil {
			note("whether a runner will take the jobs that wait is not known: %v", err)
		}
	})
	if cli != nil {
		wait.Go(func() {
			var err error
			if r.Runners, err = runnerLogs(ctx, cli, stack, run, r.Now); err != nil {
				note("fresh job engines are not shown: %v", err)
			}
		})
	}
	wait.Wait()
	return r, nil
}

// unmatched notes which jobs no runner will take, and why.
func unmatched(ctx context.Context, f Forge, jobs []*sdk.ActionWorkflowJob, note func(format string, args ...any)) error {
	var runners []*sdk.ActionRunner
	for _, job := range jobs {
		if job.Status != "queued" {
			continue
		}
		if runners == nil {
			var err error
			if runners, err = f.Runners(ctx); err != nil {
				return err
			}
		}
		if why := gitea.Unmatched(job.Labels, runners); why != "" {
			note("no runner will take job %s: %s; write labels that a runner has into runs-on: %s", model.Plain(job.Name), model.Plain(why),
				strings.Join(gitea.Labels(runners), ", "))
		}
	}
	return nil
}

// runnerLogs reads the logs of the stack's runners around a run, with the
// Docker's times before each line. Those of a container that was replaced are gone.
func runnerLogs(ctx context.Context, cli *client.Client, stack string, run *sdk.ActionWorkflowRun, now time.Time) ([]string, error) {
	list, err := dockerhost.Containers(ctx, cli, stack, naming.Runner)
	if err != nil {
		return nil, err
	}
	from, to := now, now
	if model.Known(run.StartedAt) {
		from = run.StartedAt
	}
	if model.Known(run.CompletedAt) {
		to = run.CompletedAt
	}
	// The fresh job engine of the last job comes after the run, that of the first before it.
	var logs []string
	for _, c := range list {
		log, err := dockerhost.Log(ctx, cli, c.ID, unix(from.Add(-time.Hour)), unix(to.Add(time.Minute)))
		if err != nil {
			return nil, err
		}
		logs = append(logs, log)
	}
	return logs, nil
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
