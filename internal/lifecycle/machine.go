package lifecycle

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/client"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/doctor"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/readiness"
)

// Machine is what the steps ask of this machine: its Docker host, the artifacts, and
// Pulumi.
type Machine interface {
	// EnsureDocker installs and starts Docker where it is missing and that is possible.
	EnsureDocker(ctx context.Context, progress io.Writer) error
	// Connect returns a client of the Docker host.
	Connect(ctx context.Context) (*client.Client, error)
	// CheckHost looks for what would keep the stack from working here.
	CheckHost(ctx context.Context, s doctor.Settings) []doctor.Result
	// PulumiCLI, DockerPlugin, GiteaPlugin, Images, Actions and Rekey get one artifact each.
	PulumiCLI(ctx context.Context, root string, progress *artifacts.Progress) (artifacts.CLI, error)
	DockerPlugin(ctx context.Context, root string, progress *artifacts.Progress) (Plugin, error)
	GiteaPlugin(ctx context.Context, root string, progress *artifacts.Progress) error
	Images(ctx context.Context, root string, cfg config.Config, progress *artifacts.Progress) (images.Images, error)
	Actions(ctx context.Context, root string, progress *artifacts.Progress) (string, error)
	Rekey(ctx context.Context, root string, progress io.Writer) (string, error)
	// Readiness tells whether a stack works.
	Readiness(s readiness.Stack) Readiness
	// OpenStack opens the stack; without create the error is pulumi.ErrNone when there is none.
	OpenStack(ctx context.Context, p project.Project, stack string, cli artifacts.CLI, program sdk.RunFunc, create bool) (Stack, error)
}

// Plugin is the binary of a Pulumi plugin.
type Plugin struct{ Path, Version string }

// Stack is what the steps need of a Pulumi stack.
type Stack interface {
	Up(ctx context.Context, opts ...optup.Option) (auto.OutputMap, error)
	Destroy(ctx context.Context, opts ...optdestroy.Option) error
	Outputs(ctx context.Context) (auto.OutputMap, error)
	Managed(ctx context.Context) (pulumi.Managed, error)
	URNs(ctx context.Context, names ...string) ([]string, error)
	AwaitLocks(ctx context.Context, limit time.Duration, progress io.Writer) error
	Recover(ctx context.Context, cli *client.Client, progress io.Writer) error
	InstallDockerPlugin(ctx context.Context, binary, version string) error
	ReadPortable(ctx context.Context, p project.Project) (pulumi.Portable, error)
	ImportState(ctx context.Context, portable pulumi.Portable) error
	Forget(ctx context.Context) error
}

var _ Stack = (*pulumi.Stack)(nil)

// NewMachine is this machine.
func NewMachine() Machine { return machine{} }

type machine struct{}

func (machine) EnsureDocker(ctx context.Context, progress io.Writer) error {
	return dockerhost.Ensure(ctx, dockerhost.Machine{}, progress)
}

func (machine) Connect(ctx context.Context) (*client.Client, error) {
	cli, _, err := dockerhost.Connect(ctx)
	return cli, err
}

func (machine) CheckHost(ctx context.Context, s doctor.Settings) []doctor.Result {
	return doctor.Run(ctx, s)
}

func (machine) PulumiCLI(ctx context.Context, root string, progress *artifacts.Progress) (artifacts.CLI, error) {
	return artifacts.Pulumi(ctx, root, progress)
}

func (machine) DockerPlugin(ctx context.Context, root string, progress *artifacts.Progress) (Plugin, error) {
	version, err := artifacts.DockerPluginVersion(root)
	if err != nil {
		return Plugin{}, err
	}
	path, err := artifacts.DockerPlugin(ctx, root, progress)
	return Plugin{path, version}, err
}

func (machine) GiteaPlugin(ctx context.Context, root string, progress *artifacts.Progress) error {
	_, err := artifacts.GiteaPlugin(ctx, root, progress)
	return err
}

func (machine) Images(ctx context.Context, root string, cfg config.Config, progress *artifacts.Progress) (images.Images, error) {
	return images.Resolve(ctx, root, cfg, progress)
}

func (machine) Actions(ctx context.Context, root string, progress *artifacts.Progress) (string, error) {
	return artifacts.Actions(ctx, root, progress)
}

func (machine) Readiness(s readiness.Stack) Readiness { return s }

func (machine) Rekey(ctx context.Context, root string, progress io.Writer) (string, error) {
	return artifacts.Rekey(ctx, root, progress)
}

func (machine) OpenStack(ctx context.Context, p project.Project, stack string, cli artifacts.CLI, program sdk.RunFunc, create bool) (Stack, error) {
	s, err := pulumi.Open(ctx, p, stack, cli, program, create)
	if err != nil {
		return nil, fmt.Errorf("opening stack %q: %w", stack, err)
	}
	return s, nil
}
