package lifecycle

import (
	"context"
	"fmt"
	"strings"
	"time"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// seedType is the type of the resource that pushes this checkout.
const seedType = "gitea:index:RepositorySeed"

// Limits of the first run.
const (
	runAppears = time.Minute
	runEnds    = 20 * time.Minute
	imageComes = time.Minute
)

// followFirstRun follows the run that the seed started until its image can be pulled.
var followFirstRun = Step{"following the first run", func(ctx context.Context, s *State) error {
	f := s.forge()
	workflow, err := firstRun(ctx, s, f)
	if err != nil || workflow == nil {
		return err
	}
	s.Out.Section(fmt.Sprintf("Following workflow run %d: %s", workflow.RunNumber, workflow.DisplayTitle))
	s.Out.Line("%s", workflow.HTMLURL)
	if err := gitea.Follow(ctx, f, workflow, s.Out, runEnds); err != nil {
		return err
	}
	// Not latest: that stays away from this commit if somebody has pushed meanwhile.
	image := s.Config.ImageOf(workflow.HeadSha)
	s.digest, err = f.AwaitImage(ctx, s.Docker, image, imageComes)
	if err != nil {
		return problem.New("looking for the published image "+image, err, "see what was published: pipeline status"+s.stackFlag())
	}
	s.Out.State("ok", "%s can be pulled", image)
	return nil
}}

// firstRun is the run that this update's seed started; nil when it seeded nothing. A
// run that someone else started is theirs to follow: its result says nothing about
// this update.
func firstRun(ctx context.Context, s *State, f gitea.Forge) (*sdk.ActionWorkflowRun, error) {
	commit, seeded := seededCommit(s.Config, s.Update.Created(seedType))
	if !seeded {
		return nil, nil
	}
	return gitea.AwaitRun(ctx, f, commit, runAppears)
}

// seededCommit is the commit that the update pushed into the stack's repository. A
// repository that had content already, as after down and up, was not seeded.
func seededCommit(cfg config.Config, created []apitype.StepEventMetadata) (commit string, seeded bool) {
	if !cfg.Seed {
		return "", false
	}
	for _, m := range created {
		if m.New == nil || !strings.EqualFold(text(m.New.Inputs["owner"]), cfg.Owner) || text(m.New.Inputs["repository"]) != cfg.Repository {
			continue
		}
		if pushed, _ := m.New.Outputs["pushed"].(bool); pushed {
			return text(m.New.Outputs["commit"]), true
		}
	}
	return "", false
}

func text(v any) string {
	t, _ := v.(string)
	return t
}
