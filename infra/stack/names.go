package stack

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
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
// the next stack of that name finds its data again. Docker cannot change a
// volume's labels, so that those of an existing volume stay as they are.
func newVolume(ctx *pulumi.Context, name string, parent pulumi.Resource, role naming.Role, runner string) (*docker.Volume, error) {
	var labels docker.VolumeLabelArray
	for _, l := range sortedLabels(ctx, role, runner) {
		labels = append(labels, docker.VolumeLabelArgs{Label: pulumi.String(l[0]), Value: pulumi.String(l[1])})
	}
	return docker.NewVolume(ctx, name, &docker.VolumeArgs{Name: physical(ctx, name), Labels: labels},
		pulumi.Parent(parent), pulumi.RetainOnDelete(true), pulumi.IgnoreChanges([]string{"labels"}))
}

func containerLabels(ctx *pulumi.Context, role naming.Role, runner string) docker.ContainerLabelArray {
	var labels docker.ContainerLabelArray
	for _, l := range sortedLabels(ctx, role, runner) {
		labels = append(labels, docker.ContainerLabelArgs{Label: pulumi.String(l[0]), Value: pulumi.String(l[1])})
	}
	return labels
}

// checkoutLabel says where a stack was created. Only runners carry it: nothing depends
// on them, so that a checkout that was moved replaces no other container.
func checkoutLabel(root string) docker.ContainerLabelArgs {
	return docker.ContainerLabelArgs{
		Label: pulumi.String(naming.CheckoutLabel), Value: pulumi.String(project.Project{Root: root}.Identity()),
	}
}

func networkLabels(ctx *pulumi.Context) docker.NetworkLabelArray {
	var labels docker.NetworkLabelArray
	for _, l := range sortedLabels(ctx, naming.Network, "") {
		labels = append(labels, docker.NetworkLabelArgs{Label: pulumi.String(l[0]), Value: pulumi.String(l[1])})
	}
	return labels
}

// sortedLabels are the names and values of an object's labels, in a fixed order.
func sortedLabels(ctx *pulumi.Context, role naming.Role, runner string) [][2]string {
	labels := naming.Labels(ctx.Stack(), role, runner)
	var sorted [][2]string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		sorted = append(sorted, [2]string{name, labels[name]})
	}
	return sorted
}

// applyLimits sets a container's limits.
func applyLimits(l config.Limits, args *docker.ContainerArgs) {
	if l.MemoryMiB > 0 {
		args.Memory = pulumi.Int(l.MemoryMiB)
		args.MemorySwap = pulumi.Int(l.MemoryMiB) // no swap on top; unset, it differs at every update
	}
	if l.CPUs != "" {
		args.Cpus = pulumi.String(l.CPUs)
	}
}
