package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/gitea"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// Limits of the first run.
const (
	runAppears = time.Minute
	runEnds    = 20 * time.Minute
	imageComes = time.Minute
)

func (a *app) afterUpdate(ctx context.Context, set settings, shown *ui.Display, outputs auto.OutputMap, start time.Time) error {
	f := gitea.New(set.url, output(outputs, "adminUser"), output(outputs, "adminPassword"), set.owner, set.name)
	digest := ""
	if run, err := a.firstRun(ctx, set, f, shown); err != nil {
		return err
	} else if run != nil {
		a.out.Section(fmt.Sprintf("Following workflow run %d: %s", run.RunNumber, run.DisplayTitle))
		a.out.Line("%s", run.HTMLURL)
		if err := gitea.Follow(ctx, f, run, a.out, runEnds); err != nil {
			return err
		}
		if digest, err = a.published(ctx, set, f); err != nil {
			return err
		}
	}
	a.out.Section(fmt.Sprintf("Stack %q is up (%s)", a.opts.stack, ui.Duration(time.Since(start))))
	a.out.Box(a.summary(outputs, digest))
	return nil
}

// firstRun is the run that this update's seed started; nil when it seeded
// nothing. A run that someone else started is theirs to follow: its result says
// nothing about this update.
func (a *app) firstRun(ctx context.Context, set settings, f *gitea.Client, shown *ui.Display) (*sdk.ActionWorkflowRun, error) {
	commit, seeded := seededCommit(set, shown.Created(seedType))
	if !seeded {
		return nil, nil
	}
	return gitea.AwaitRun(ctx, f, commit, runAppears)
}

// seededCommit is the commit that the update pushed into the stack's repository.
// A repository that had its content already, as after down and up, was not seeded.
func seededCommit(set settings, created []apitype.StepEventMetadata) (commit string, seeded bool) {
	if !set.seed {
		return "", false
	}
	for _, m := range created {
		if m.New == nil || !strings.EqualFold(text(m.New.Inputs["owner"]), set.owner) || text(m.New.Inputs["repository"]) != set.name {
			continue
		}
		if pushed, _ := m.New.Outputs["pushed"].(bool); pushed {
			return text(m.New.Outputs["commit"]), true
		}
	}
	return "", false
}

// published waits until the image can be pulled from the registry.
func (a *app) published(ctx context.Context, set settings, f *gitea.Client) (string, error) {
	cli, _, err := dockerhost.Connect(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = cli.Close() }()
	digest, err := f.AwaitImage(ctx, cli, set.image, imageComes)
	if err != nil {
		return "", problem.New("looking for the published image "+set.image, err,
			"see what was published: pipeline status --stack "+a.opts.stack)
	}
	a.out.State("ok", "%s can be pulled", set.image)
	return digest, nil
}

func (a *app) summary(outputs auto.OutputMap, digest string) []string {
	self, flag := invocation(), ""
	if a.opts.stack != "dev" {
		flag = " --stack " + a.opts.stack
	}
	lines := []string{
		"forge       " + output(outputs, "forgeUrl"),
		"repository  " + output(outputs, "repositoryUrl"),
		"runs        " + output(outputs, "runsUrl"),
		"image       docker pull " + output(outputs, "image"),
	}
	if digest != "" {
		lines = append(lines, "            "+digest)
	}
	return append(lines,
		"admin       "+output(outputs, "adminUser"),
		"passwords   "+self+" status --show-secrets"+flag,
		"push        git remote add forge "+output(outputs, "cloneUrl"),
		"            git push forge HEAD:main",
		"tear down   "+self+" down"+flag+" (keeps data; --purge removes it too)",
	)
}

// invocation is how the user can call this launcher again from the same directory.
func invocation() string {
	if path, err := exec.LookPath("pipeline"); err == nil && filepath.Base(os.Args[0]) == os.Args[0] && path != "" {
		return "pipeline"
	}
	return os.Args[0]
}

func output(outputs auto.OutputMap, name string) string { return text(outputs[name].Value) }

func text(v any) string {
	s, _ := v.(string)
	return s
}
