package gitea

import (
	"context"
	"errors"
	"fmt"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// Forge is what following needs of a forge.
type Forge interface {
	Runs(ctx context.Context, commit string, limit int) ([]*gitea.ActionWorkflowRun, error)
	Run(ctx context.Context, id int64) (*gitea.ActionWorkflowRun, error)
	Jobs(ctx context.Context, run int64) ([]*gitea.ActionWorkflowJob, error)
	Log(ctx context.Context, job int64) (string, error)
}

// ErrRed says that a run ended, and not with success.
var ErrRed = errors.New("the workflow run is not green")

// poll is how often the forge is asked; it is on this machine.
const poll = 500 * time.Millisecond

// AwaitRun waits, at most limit, until a run of the commit exists (commit "": any run).
func AwaitRun(ctx context.Context, f Forge, commit string, limit time.Duration) (*gitea.ActionWorkflowRun, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var last error
	for {
		runs, err := f.Runs(ctx, commit, 1)
		if err == nil && len(runs) > 0 {
			return runs[0], nil
		}
		if ctx.Err() == nil {
			last = err
		}
		if err := pause(ctx); err != nil {
			return nil, problem.New(fmt.Sprintf("waiting %s for the first workflow run", limit),
				errors.Join(err, last), "look at the repository's Actions page; `pipeline status` shows whether the forge is healthy")
		}
	}
}

// Follow prints the run's steps as they end, until the run has ended or the limit
// is reached. A run that is not green is ErrRed, after the failing step's log.
func Follow(ctx context.Context, f Forge, run *gitea.ActionWorkflowRun, out *ui.Printer, limit time.Duration) error {
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	seen := &printed{out: out, jobs: map[int64]string{}, steps: map[string]bool{}}
	failures := 0
	for {
		jobs, err := f.Jobs(ctx, run.ID)
		var now *gitea.ActionWorkflowRun
		if err == nil {
			now, err = f.Run(ctx, run.ID)
		}
		if err == nil {
			failures = 0
			if now.Status == completed { // the jobs' last steps may have come in between
				jobs, err = f.Jobs(ctx, run.ID)
			}
		}
		if err == nil {
			seen.print(jobs)
			if now.Status == completed {
				return verdict(ctx, f, now, jobs, out)
			}
		} else if failures++; failures >= 20 && ctx.Err() == nil {
			return problem.New("following the workflow run", err, "it continues by itself; see "+run.HTMLURL)
		}
		if err := pause(ctx); err != nil {
			if outer.Err() != nil {
				return outer.Err()
			}
			return problem.New(fmt.Sprintf("waiting %s for the workflow run to end", limit), errors.New(seen.last()),
				"it continues by itself; see "+run.HTMLURL)
		}
	}
}

func pause(ctx context.Context) error {
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// printed remembers what has been shown.
type printed struct {
	out   *ui.Printer
	jobs  map[int64]string // the last state shown
	steps map[string]bool
	wait  string
}

func (p *printed) last() string {
	if p.wait == "" {
		return "no job had begun"
	}
	return p.wait
}

func (p *printed) print(jobs []*gitea.ActionWorkflowJob) {
	for _, job := range jobs {
		p.wait = fmt.Sprintf("job %s is %s", job.Name, job.Status)
		if job.Status == "queued" || job.Status == "waiting" || job.Status == "pending" {
			if len(jobs) == 1 && p.jobs[job.ID] == "" {
				p.jobs[job.ID] = "queued"
				p.out.Line("job %s waits for a runner", job.Name)
			}
			continue
		}
		if state := p.jobs[job.ID]; (state == "" || state == "queued") && job.Conclusion != "skipped" {
			p.jobs[job.ID] = "running"
			on := ""
			if job.RunnerName != "" {
				on = " on " + job.RunnerName
			}
			p.out.Line("job %s%s", job.Name, on)
		}
		for _, step := range job.Steps {
			key := fmt.Sprintf("%d/%d", job.ID, step.Number)
			if step.Conclusion == "" || p.steps[key] {
				continue
			}
			p.steps[key] = true
			p.out.State(step.Conclusion, "%s (%s)", step.Name, span(step.StartedAt, step.CompletedAt))
		}
		if job.Status == "completed" && p.jobs[job.ID] != "completed" {
			p.jobs[job.ID] = "completed"
			p.out.State(job.Conclusion, "job %s (%s)", job.Name, span(job.StartedAt, job.CompletedAt))
		}
	}
}

func span(from, to time.Time) string {
	if from.Year() < 2000 || to.Before(from) {
		return "0s"
	}
	return ui.Duration(to.Sub(from))
}

func verdict(ctx context.Context, f Forge, run *gitea.ActionWorkflowRun, jobs []*gitea.ActionWorkflowJob, out *ui.Printer) error {
	if run.Conclusion == "success" {
		return nil
	}
	where := run.HTMLURL
	why := fmt.Errorf("%w: run %d ended as %s", ErrRed, run.RunNumber, run.Conclusion)
	for _, job := range jobs {
		if job.Conclusion != "failure" {
			continue
		}
		if job.HTMLURL != "" {
			where = job.HTMLURL
		}
		step := "(before its first step)"
		for _, s := range job.Steps {
			if s.Conclusion == "failure" {
				step = s.Name
				break
			}
		}
		why = fmt.Errorf("%w: step %q of job %q failed", ErrRed, step, job.Name)
		if log, err := f.Log(ctx, job.ID); err == nil {
			out.Section(fmt.Sprintf("The end of the log of step %q of job %q:", step, job.Name))
			for _, line := range Tail(log, 25) {
				out.Line("%s", line)
			}
		} else {
			out.Line("its log cannot be read: %v", err)
		}
		break
	}
	return problem.New("running the workflow", why, "see "+where+" ; fix it, then git push")
}
