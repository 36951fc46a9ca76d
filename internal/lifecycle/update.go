package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// imageType is the type of the resource that builds the service's image.
const imageType = "docker:index/remoteImage:RemoteImage"

// refresh is the option that compares the state with what is really there.
func refresh(wanted bool) []optup.Option {
	if !wanted {
		return nil
	}
	return []optup.Option{optup.Refresh()}
}

// update runs the Pulumi program and prints what it does.
func update(more ...optup.Option) Step {
	return Step{"updating the stack", func(ctx context.Context, s *State) (err error) {
		start := time.Now()
		s.Update = ui.NewDisplay(s.Out)
		stream, end := s.Update.Watch()
		s.Outputs, err = s.Pulumi.Up(ctx, append(more, optup.EventStreams(stream), optup.SuppressProgress(), optup.SuppressOutputs())...)
		end()
		if err != nil {
			return updateError(s, s.Update, err)
		}
		if s.Update.Changed() == 0 {
			s.Out.Line("nothing to change (%s)", ui.Duration(time.Since(start)))
		} else {
			s.Out.Line("%d changes (%s)", s.Update.Changed(), ui.Duration(time.Since(start)))
		}
		return nil
	}}
}

// destroy removes the stack's resources. It needs no program and no running forge.
var destroy = Step{"destroying the stack's resources", func(ctx context.Context, s *State) error {
	shown := ui.NewDisplay(s.Out)
	stream, end := shown.Watch()
	err := s.Pulumi.Destroy(ctx, optdestroy.EventStreams(stream), optdestroy.SuppressProgress(), optdestroy.SuppressOutputs())
	end()
	if err != nil {
		return updateError(s, shown, err)
	}
	return nil
}}

// updateError says what an update failed with: what Pulumi reported, or the end of
// the log when it was the service's image that did not build.
func updateError(s *State, shown *ui.Display, err error) error {
	why := strings.Join(unique(shown.Errors()), "\n")
	if why == "" {
		why = err.Error()
	}
	next := "fix what it says, then repeat this command; what was created is kept"
	if auto.IsConcurrentUpdateError(err) {
		next = "wait until the other update has ended, then repeat; pipeline doctor shows stale locks"
	}
	if shown.Failed(imageType) {
		log := s.Project.ServiceBuildLog(s.Stack)
		if text, readErr := os.ReadFile(log); readErr == nil {
			s.Out.Section("The end of the service image's build:")
			for _, line := range lastLines(string(text), 25) {
				s.Out.Line("%s", line)
			}
			if lines := compilerLines(string(text)); len(lines) > 0 {
				why = "the service does not compile: " + strings.Join(lines, "\n")
			}
			next = "fix service/, then repeat; what ran before is still running (the whole log: " + log + ")"
		}
	}
	return problem.New(fmt.Sprintf("updating stack %q", s.Stack), errors.New(why), next)
}
