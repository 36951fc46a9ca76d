package lifecycle

import (
	"context"
	"fmt"

	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
)

// defaultStack needs no --stack.
const defaultStack = "dev"

// summarize prints where everything is.
var summarize = Step{"summarizing", func(_ context.Context, s *State) error {
	s.Out.Section(fmt.Sprintf("Stack %q is up (%s)", s.Stack, s.took()))
	s.Out.Box(summary(s))
	return nil
}}

func summary(s *State) []string {
	flag := ""
	if s.Stack != defaultStack {
		flag = s.stackFlag()
	}
	output := func(name string) string { return pulumi.Text(s.Outputs, name) }
	lines := []string{
		"forge       " + output("forgeUrl"),
		"repository  " + output("repositoryUrl"),
		"runs        " + output("runsUrl"),
		"image       docker pull " + output("image"),
	}
	if s.digest != "" {
		lines = append(lines, "            "+s.digest)
	}
	return append(lines,
		"admin       "+output("adminUser"),
		"passwords   "+s.Launcher+" status --show-secrets"+flag,
		"push        git remote add forge "+output("cloneUrl"),
		"            git push forge HEAD:main",
		"tear down   "+s.Launcher+" down"+flag+" (keeps data; --purge removes it too)",
	)
}
