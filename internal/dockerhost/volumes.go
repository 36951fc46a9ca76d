package dockerhost

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// Volume is one volume of a stack.
type Volume struct {
	Name string      `json:"name"`
	Role naming.Role `json:"role,omitempty"`
	Size int64       `json:"size"` // bytes; -1 when Docker does not say
}

// Volumes returns a stack's volumes and their sizes, sorted by name.
func Volumes(ctx context.Context, cli client.SystemAPIClient, stack string) ([]Volume, error) {
	usage, err := cli.DiskUsage(ctx, types.DiskUsageOptions{Types: []types.DiskUsageObject{types.VolumeObject}})
	if err != nil {
		return nil, fmt.Errorf("asking for the disk use: %w", err)
	}
	var found []Volume
	for _, v := range usage.Volumes {
		if v.Labels[naming.StackLabel] != stack {
			continue
		}
		one := Volume{Name: v.Name, Role: naming.Role(v.Labels[naming.RoleLabel]), Size: -1}
		if v.UsageData != nil {
			one.Size = v.UsageData.Size
		}
		found = append(found, one)
	}
	slices.SortFunc(found, func(a, b Volume) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}
