package status

import (
	"context"
	"errors"
	"io"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/doctor"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
)

// almostFull is how little free disk, in bytes, makes pushes and builds fail.
const almostFull = 256 << 20

// Options say what Read looks at.
type Options struct {
	Project  project.Project
	Stack    string
	Secrets  bool      // also show the passwords
	Progress io.Writer // where the build of a missing artifact is reported
}

// Read reads the state of a stack and of what is running of it. Without a Docker host
// it fails; what else does not answer becomes a problem in the Status.
func Read(ctx context.Context, o Options) (Status, error) {
	cfg, err := config.ForStack(o.Project, o.Stack, nil)
	if err != nil {
		return Status{}, err
	}
	cli, facts, err := dockerhost.Connect(ctx)
	if err != nil {
		return Status{}, err
	}
	defer func() { _ = cli.Close() }()
	outputs, outputsErr := pulumi.ReadOutputs(ctx, o.Project, o.Stack, o.Progress)
	var f *gitea.Client
	if password := pulumi.Text(outputs, "adminPassword"); password != "" {
		f = gitea.New(cfg.LocalURL(), pulumi.Text(outputs, "adminUser"), password, cfg.Owner, cfg.Repository)
		defer func() { _ = f.Close() }() // a forge that does not answer is a problem already
	}
	s := Gather(ctx, o.Stack, cli, f, cfg.Registry())
	s.Disks = full(doctor.Disks(doctor.Settings{Project: o.Project, MinDisk: almostFull}, facts))
	if outputsErr == nil || errors.Is(outputsErr, pulumi.ErrNone) {
		outputsErr = pulumi.FindLostState(ctx, cli, o.Project, o.Stack)
	}
	s.addProblem(outputsErr)
	s.addOutputs(outputs, o.Secrets)
	return s, nil
}

// full returns the disks that are almost full, with advice that holds for a stack
// that is up: doctor's own names a flag of up.
func full(disks []doctor.Result) []doctor.Result {
	var found []doctor.Result
	for _, disk := range disks {
		if disk.State == doctor.Failed {
			disk.Next = "free some space there: until then pushes and jobs fail; nothing is lost"
			found = append(found, disk)
		}
	}
	return found
}

// addOutputs puts the stack's outputs into the Status, secret ones only if secrets is set.
func (s *Status) addOutputs(outputs auto.OutputMap, secrets bool) {
	for name, value := range outputs {
		group := &s.URLs
		if value.Secret {
			group = &s.Secrets
		}
		if value.Secret && !secrets {
			continue
		}
		if *group == nil {
			*group = map[string]string{}
		}
		(*group)[name] = pulumi.Text(outputs, name)
	}
}

// addProblem notes what could not be read, and what to do about it.
func (s *Status) addProblem(err error) {
	if err == nil {
		return
	}
	text := err.Error()
	if next := problem.Next(err); next != "" {
		text += "; next: " + next
	}
	s.Problems = append(s.Problems, text)
}
