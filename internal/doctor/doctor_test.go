package doctor

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/system"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

func TestDisk(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(t.TempDir(), "not", "there", "yet")
	if got := disk("disk", directory, 1); got.State != OK {
		t.Errorf("got %+v, want ok", got)
	}
	if got := disk("disk", directory, 1<<60); got.State != Failed || got.Next == "" || !strings.Contains(got.Detail, "needed") {
		t.Errorf("nearly full: got %+v, want a failure with advice", got)
	}
}

func TestMinDisk(t *testing.T) {
	t.Setenv(MinDiskVariable, "2GiB")
	for flag, want := range map[string]int64{"": 2 << 30, "1GiB": 1 << 30, "nonsense": 0} {
		if got, err := MinDisk(flag); got != want || (err != nil) != (want == 0) {
			t.Errorf("%q: got %d, %v, want %d", flag, got, err, want)
		}
	}
}

func TestDockerHost(t *testing.T) {
	t.Parallel()
	failed := dockerHostResults(dockerhost.Facts{}, problem.New("reaching it", errors.New("refused"), "start it"))
	if len(failed) != 1 || failed[0].State != Failed || failed[0].Next != "start it" {
		t.Errorf("got %+v, want one failure with its advice", failed)
	}
	for memory, want := range map[int64]State{1 << 30: Failed, 2 << 30: Warning, 8 << 30: OK} {
		got := dockerHostResults(dockerhost.Facts{Info: system.Info{MemTotal: memory}}, nil)
		if got[2].State != want {
			t.Errorf("%d bytes: got %s, want %s", memory, got[2].State, want)
		}
	}
}

// TestRun needs no Docker host: the configuration's failure comes first whatever the rest finds.
func TestRun(t *testing.T) {
	t.Parallel()
	s := Settings{Project: project.Project{Root: t.TempDir()}, Stack: "e-doctor", MinDisk: 1}
	s.ConfigError = errors.New("port is wrong")
	results := Run(t.Context(), s)
	if !AnyFailed(results) || results[0].Name != "configuration" || results[0].Next == "" {
		t.Errorf("got %+v, want the configuration's failure first", results)
	}
}
