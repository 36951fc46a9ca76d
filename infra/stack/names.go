package stack

import (
	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// restart is the policy of every container. Under unless-stopped, Docker (20.10)
// takes the containers that outlived a daemon that was killed for stopped by
// hand, and leaves them so.
const restart = "always"

// physical is the name in Docker of an object that outlives the stack.
func physical(ctx *pulumi.Context, what string) pulumi.String {
	return pulumi.String(naming.Physical(ctx.Stack(), what))
}

// newVolume makes a volume under a fixed name that destroying the stack keeps:
// the next stack of that name finds its data again.
func newVolume(ctx *pulumi.Context, name string, parent pulumi.Resource) (*docker.Volume, error) {
	return docker.NewVolume(ctx, name, &docker.VolumeArgs{
		Name: physical(ctx, name),
		Labels: docker.VolumeLabelArray{docker.VolumeLabelArgs{
			Label: pulumi.String(naming.StackLabel), Value: pulumi.String(ctx.Stack()),
		}},
	}, pulumi.Parent(parent), pulumi.RetainOnDelete(true))
}

func containerLabels(ctx *pulumi.Context) docker.ContainerLabelArray {
	return docker.ContainerLabelArray{docker.ContainerLabelArgs{
		Label: pulumi.String(naming.StackLabel), Value: pulumi.String(ctx.Stack()),
	}}
}

// applyLimits sets a container's limits.
func applyLimits(l config.Limits, args *docker.ContainerArgs) {
	if l.MemoryMiB > 0 {
		args.Memory = pulumi.Int(l.MemoryMiB)
		args.MemorySwap = pulumi.Int(l.MemoryMiB) // no swap on top; unset, it diffs for ever
	}
	if l.CPUs != "" {
		args.Cpus = pulumi.String(l.CPUs)
	}
}
