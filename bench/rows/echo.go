package rows

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/bench/stack"
)

// echo is a repository with a workflow that only prints a line.
type echo struct {
	s         *stack.Stack
	name, dir string
}

const echoWorkflow = `{"on": "push", "jobs": {"echo": {"runs-on": "self-hosted", "steps": [{"run": "echo it runs"}]}}}`

func newEcho(ctx context.Context, s *stack.Stack) (*echo, error) {
	dir, err := os.MkdirTemp(s.Site.Dir, "echo-")
	if err != nil {
		return nil, err
	}
	e := &echo{s: s, name: filepath.Base(dir), dir: dir}
	if err := s.Forge.CreateRepository(e.name); err != nil {
		return nil, err
	}
	workflows := filepath.Join(dir, ".gitea", "workflows")
	if err := os.MkdirAll(workflows, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(workflows, "echo.yaml"), []byte(echoWorkflow), 0o644); err != nil {
		return nil, err
	}
	_, err = stack.Git(ctx, dir, "init", "--quiet", "--initial-branch=main")
	return e, err
}

// commit adds a commit and returns its hash.
func (e *echo) commit(ctx context.Context) (string, error) {
	changes++
	if err := os.WriteFile(filepath.Join(e.dir, "n"), fmt.Append(nil, changes), 0o644); err != nil {
		return "", err
	}
	return stack.CommitAll(ctx, e.dir)
}

// queue pushes n commits, and returns how long it took until all runs were green. Each
// commit goes to its own branch, because a push to a branch cancels that branch's last run.
func (e *echo) queue(ctx context.Context, n int) (float64, error) {
	took, err := timed(func() error {
		var commits []string
		for range n {
			commit, err := e.commit(ctx)
			if err != nil {
				return err
			}
			if _, err := stack.Git(ctx, e.dir, "push", "--quiet", e.s.Forge.Clone(e.name), "HEAD:refs/heads/"+commit); err != nil {
				return err
			}
			commits = append(commits, commit)
		}
		for _, commit := range commits {
			if _, err := e.s.Forge.AwaitGreen(ctx, e.name, commit); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		_, err = e.s.RunnerReady(ctx, time.Now().Add(-time.Second))
	}
	return took, err
}
