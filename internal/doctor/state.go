package doctor

import (
	"context"

	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
)

// state checks that the stack's state is in this checkout and can be opened.
func state(ctx context.Context, s Settings, docker *client.Client) Result {
	if err := pulumi.CheckState(ctx, s.Project, s.Stack); err != nil {
		return Result{"state", Failed, err.Error(), problem.Next(err)}
	}
	if docker != nil {
		if err := pulumi.FindLostState(ctx, docker, s.Project, s.Stack); err != nil {
			return Result{"state", Warning, err.Error(), problem.Next(err)}
		}
	}
	if !pulumi.MayExist(s.Project, s.Stack) {
		return Result{"state", Info, "none yet", ""}
	}
	return Result{"state", OK, "can be opened", ""}
}
