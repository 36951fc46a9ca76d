package stack

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// Service is the image of the service, built from this checkout. A service that does
// not compile fails here, before anything is pushed.
type Service struct {
	pulumi.ResourceState

	Image *docker.RemoteImage
}

// ServiceArgs are the inputs of a Service.
type ServiceArgs struct {
	Config config.Config
	Root   string
	Images images.Images
}

// BuildLog is where a stack's image build writes what it prints.
func BuildLog(root, stack string) string {
	return filepath.Join(root, ".pipeline", "stacks", stack, "service-build.log")
}

// NewService declares a Service. The image's name contains the hash of every input of
// its build. So an unchanged service is never built again, and a failed build leaves
// the last good image alone. No image is ever replaced under its own name: the docker
// plugin would then delete the new image with the old one.
func NewService(ctx *pulumi.Context, name string, args *ServiceArgs, opts ...pulumi.ResourceOption) (*Service, error) {
	s := &Service{}
	if err := ctx.RegisterComponentResourceV2("gitops-pipeline:index:Service", name, nil, s, opts...); err != nil {
		return nil, err
	}
	dir := filepath.Join(args.Root, "service")
	// Builders know the variables of proxies without ARG, and keep them out of the image.
	buildArgs := args.Config.ProxyEnvironment()
	buildArgs["GO_IMAGE"] = args.Images.Job
	labels := map[string]string{naming.StackLabel: ctx.Stack()}
	// Both inputs of the labels: an image must not be replaced under its own name, as the
	// plugin would then remove the new one as the old one.
	hash, err := contextHash(dir, buildArgs, labels, labels)
	if err != nil {
		return nil, err
	}
	log := BuildLog(args.Root, ctx.Stack())
	if err := os.MkdirAll(filepath.Dir(log), 0o755); err != nil {
		return nil, fmt.Errorf("creating the directory of the build log: %w", err)
	}
	s.Image, err = docker.NewRemoteImage(ctx, name+"-image", &docker.RemoteImageArgs{
		Name: pulumi.String(naming.ServiceImage(ctx.Stack(), hash)),
		Build: docker.RemoteImageBuildArgs{
			Context:      pulumi.String(dir),
			BuildArgs:    pulumi.ToStringMap(buildArgs),
			BuildLogFile: pulumi.String(log),
			Label:        pulumi.ToStringMap(labels), // the plugin takes it for buildx,
			Labels:       pulumi.ToStringMap(labels), // and this for the classic builder
		},
	}, pulumi.Parent(s), pulumi.IgnoreChanges([]string{"build.context", "build.buildLogFile"}))
	if err != nil {
		return nil, err
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"image": s.Image.Name})
}
