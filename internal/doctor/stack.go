package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/readiness"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// Forge is what the checks of a stack need of its forge.
type Forge interface {
	readiness.Forge
	WaitingJobs(ctx context.Context) ([]*sdk.ActionWorkflowJob, error)
	UnreleasedJobs(ctx context.Context) ([]*sdk.ActionWorkflowJob, error)
}

// StackSettings are what the checks of a stack look for.
type StackSettings struct {
	readiness.Stack
	Forge        Forge
	ForgeVersion string   // as pinned, such as 1.26.4
	Proxies      []string // hosts and ports that jobs need
	Images       []string // references that the stack's containers should be created from
}

// Stack checks the stack itself: its containers, runners and job engines, the
// forge's version, and the jobs that wait. A stack that has no container at all
// is down, which is no fault.
func Stack(ctx context.Context, s StackSettings) []Result {
	list, err := dockerhost.Containers(ctx, s.Docker, s.Name)
	if err != nil {
		return []Result{{"stack", Failed, err.Error(), "start Docker, then repeat"}}
	}
	if len(list) == 0 {
		return []Result{{"stack", Info, "down", ""}}
	}
	s.Stack.Forge = s.Forge
	faults, err := s.Check(ctx)
	if err != nil {
		return []Result{{"stack", Failed, err.Error(), "repeat the command"}}
	}
	results := append(containerResults(s, list, faults), volumes(ctx, s))
	results = append(results, unknownProxies(ctx, s, list, faults)...)
	if s.Forge == nil || broken(faults, naming.Forge, "") != nil {
		return results
	}
	return append(append(results, version(ctx, s), waiting(ctx, s)), disabled(ctx, s)...)
}

// containerResults are the results of the containers, one each: their fault, or that they
// work, with what is odd about them.
func containerResults(s StackSettings, list []dockerhost.Container, faults []readiness.Fault) []Result {
	expected := []readiness.Fault{{Role: naming.Forge}}
	for _, name := range s.Runners {
		expected = append(expected, readiness.Fault{Role: naming.Runner, Runner: name})
		if s.JobEngines {
			expected = append(expected, readiness.Fault{Role: naming.JobEngine, Runner: name})
		}
	}
	var results []Result
	for _, e := range expected {
		name := strings.TrimPrefix(e.Subject(), "the ")
		if f := broken(faults, e.Role, e.Runner); f != nil {
			results = append(results, Result{name, Failed, f.Why.Error(), repair(s.Name, *f)})
			continue
		}
		c, _ := dockerhost.Of(list, e.Role, e.Runner)
		r := Result{name, OK, c.Status + ", of the current image", ""}
		if !slices.Contains(s.Images, c.Image) {
			r.State, r.Detail = Warning, fmt.Sprintf("%s, of the image %s, which is not the current one", c.Status, c.Image)
			r.Next = "bring it up to date: pipeline up --stack " + s.Name
		}
		results = append(results, r)
	}
	return results
}

// volumes tells how much room the stack's data takes; whether enough is left on
// the disk is a check of the Docker host.
func volumes(ctx context.Context, s StackSettings) Result {
	const name = "volumes"
	list, err := dockerhost.Volumes(ctx, s.Docker, s.Name)
	if err != nil {
		return Result{name, Warning, err.Error(), "repeat the command"}
	}
	var total int64
	var largest dockerhost.Volume
	for _, v := range list {
		total += max(0, v.Size)
		if v.Size > largest.Size {
			largest = v
		}
	}
	if largest.Name == "" {
		return Result{name, OK, fmt.Sprintf("%d", len(list)), ""}
	}
	return Result{name, OK, fmt.Sprintf("%s in %d; the largest is %s with %s", ui.Bytes(total), len(list), largest.Name, ui.Bytes(largest.Size)), ""}
}

func broken(faults []readiness.Fault, role naming.Role, runner string) *readiness.Fault {
	for i, f := range faults {
		if f.Role == role && f.Runner == runner {
			return &faults[i]
		}
	}
	return nil
}

// repair is the advice for a fault.
func repair(stack string, f readiness.Fault) string {
	if f.Container == "" {
		return "create it again: pipeline up --refresh --stack " + stack
	}
	return fmt.Sprintf("pipeline doctor --fix --stack %s restarts it; its log: docker logs %.12s", stack, f.Container)
}

func version(ctx context.Context, s StackSettings) Result {
	const name = "forge version"
	got, err := s.Forge.Version(ctx)
	switch {
	case err != nil:
		return Result{name, Failed, err.Error(), "see pipeline status --stack " + s.Name}
	case s.ForgeVersion != "" && strings.TrimPrefix(got, "v") != strings.TrimPrefix(s.ForgeVersion, "v"):
		return Result{name, Warning, fmt.Sprintf("%s, and %s is pinned", got, s.ForgeVersion), "bring it up to date: pipeline up --stack " + s.Name}
	}
	return Result{name, OK, got, ""}
}

// waiting looks for jobs that no runner will ever take.
func waiting(ctx context.Context, s StackSettings) Result {
	const name = "waiting jobs"
	unknown := func(err error) Result {
		return Result{name, Warning, err.Error(), "see pipeline status --stack " + s.Name}
	}
	jobs, err := s.Forge.WaitingJobs(ctx)
	if err != nil {
		return unknown(err)
	}
	runners, err := s.Forge.Runners(ctx)
	if err != nil {
		return unknown(err)
	}
	for _, job := range jobs {
		if why := gitea.Unmatched(job.Labels, runners); why != "" {
			return Result{name, Warning, fmt.Sprintf("job %q waits: %s (%d jobs wait)", job.Name, why, len(jobs)),
				fmt.Sprintf("write labels that a runner has into runs-on: %s; or give the runners the label: pipeline up --stack %s -c runner.labels.LABEL=IMAGE",
					strings.Join(gitea.Labels(runners), ", "), s.Name)}
		}
	}
	unreleased, err := s.Forge.UnreleasedJobs(ctx)
	if err != nil {
		return unknown(err)
	}
	if len(unreleased) > 0 {
		job := unreleased[0]
		return Result{name, Warning, fmt.Sprintf("job %q waits: %s (%d jobs)", job.Name, gitea.Unreleased, len(unreleased)),
			"cancel its run and run it again, on its page: " + job.HTMLURL}
	}
	if len(jobs) > 0 {
		return Result{name, Info, fmt.Sprintf("%d; runners have their labels", len(jobs)), ""}
	}
	return Result{name, OK, "none", ""}
}

// disabled names the runners that a user has disabled in the forge.
func disabled(ctx context.Context, s StackSettings) (results []Result) {
	runners, err := s.Forge.Runners(ctx)
	if err != nil {
		return nil // waiting has said so
	}
	for _, r := range runners {
		if r.Disabled {
			results = append(results, Result{"disabled runner", Warning, r.Name + " takes no jobs", "enable it: " + s.URL + "/-/admin/actions/runners"})
		}
	}
	return results
}
