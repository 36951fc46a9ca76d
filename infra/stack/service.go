package stack

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// Service is the image of the service, built from this checkout: what does not
// compile fails here, before anything is pushed.
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

// NewService declares a Service. The image's name carries the hash of what it
// is built from: an unchanged service is never built again, and a broken build
// leaves the image of the last good one alone.
func NewService(ctx *pulumi.Context, name string, args *ServiceArgs, opts ...pulumi.ResourceOption) (*Service, error) {
	s := &Service{}
	if err := ctx.RegisterComponentResourceV2("gitops-pipeline:index:Service", name, nil, s, opts...); err != nil {
		return nil, err
	}
	dir := filepath.Join(args.Root, "service")
	hash, err := contextHash(dir, args.Images.Job)
	if err != nil {
		return nil, err
	}
	log := BuildLog(args.Root, ctx.Stack())
	if err := os.MkdirAll(filepath.Dir(log), 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of the build log: %w", err)
	}
	s.Image, err = docker.NewRemoteImage(ctx, name+"-image", &docker.RemoteImageArgs{
		Name: pulumi.String(naming.Project + "-" + ctx.Stack() + "/service:" + hash),
		Build: docker.RemoteImageBuildArgs{
			Context:      pulumi.String(dir),
			BuildArgs:    pulumi.ToStringMap(map[string]string{"GO_IMAGE": args.Images.Job}),
			BuildLogFile: pulumi.String(log),
			Labels:       pulumi.ToStringMap(map[string]string{naming.StackLabel: ctx.Stack()}),
		},
	}, pulumi.Parent(s), pulumi.IgnoreChanges([]string{"build.context", "build.buildLogFile"}))
	if err != nil {
		return nil, err
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"image": s.Image.Name})
}

// contextHash is 16 hex digits of the SHA-256 of what an image is built from:
// the files of the build context and the given words.
func contextHash(dir string, words ...string) (string, error) {
	h := sha256.New()
	for _, w := range words {
		fmt.Fprintf(h, "%d:%s\n", len(w), w)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return "", err
	}
	for _, f := range append(files, filepath.Join(dir, ".dockerignore")) {
		data, err := os.ReadFile(f)
		if err != nil {
			return "", fmt.Errorf("reading the service's build context: %w", err)
		}
		fmt.Fprintf(h, "%s %d:", filepath.Base(f), len(data))
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}
