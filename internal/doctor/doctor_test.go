package doctor

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/system"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

func TestPort(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // after the parallel subtests
	taken := listener.Addr().(*net.TCPAddr).Port
	held := map[int]holder{1: {"forge-a", "mine"}, 2: {"forge-b", "theirs"}, 3: {"web", ""}}
	tests := map[string]struct {
		port         int
		address      string
		state        State
		detail, next string
	}{
		"taken by a program":  {taken, "127.0.0.1", Failed, "another program", fmt.Sprintf("httpPort=%d", taken+1)},
		"free":                {0, "127.0.0.1", OK, "free", ""},
		"this stack's":        {1, "127.0.0.1", OK, "this stack's own", ""},
		"another stack's":     {2, "127.0.0.1", Failed, `stack "theirs"`, "pipeline down --stack theirs"},
		"another container's": {3, "127.0.0.1", Failed, "container web", "httpPort=4"},
		"no such address":     {0, "192.0.2.1", Failed, "cannot be bound", "bindAddress"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := port("port", Settings{Stack: "mine", BindAddress: test.address}, test.port, "httpPort", held)
			if got.State != test.state || !strings.Contains(got.Detail, test.detail) || !strings.Contains(got.Next, test.next) {
				t.Errorf("got %+v, want %+v", got, test)
			}
		})
	}
}

func TestDisk(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "not", "there", "yet")
	if got := disk("disk", folder, 1); got.State != OK {
		t.Errorf("got %+v, want ok", got)
	}
	if got := disk("disk", folder, 1<<60); got.State != Failed || got.Next == "" || !strings.Contains(got.Detail, "needed") {
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

func TestEngine(t *testing.T) {
	t.Parallel()
	failed := engineResults(dockerhost.Facts{}, problem.New("reaching it", errors.New("refused"), "start it"))
	if len(failed) != 1 || failed[0].State != Failed || failed[0].Next != "start it" {
		t.Errorf("got %+v, want one failure with its advice", failed)
	}
	for memory, want := range map[int64]State{1 << 30: Failed, 2 << 30: Warning, 8 << 30: OK} {
		got := engineResults(dockerhost.Facts{Info: system.Info{MemTotal: memory}}, nil)
		if got[2].State != want {
			t.Errorf("%d bytes: got %s, want %s", memory, got[2].State, want)
		}
	}
}

// TestRun needs no Docker host: the configuration's failure comes first whatever the rest finds.
func TestRun(t *testing.T) {
	t.Parallel()
	s := Settings{Project: project.Project{Root: t.TempDir()}, Stack: "e-doctor", BindAddress: "127.0.0.1", MinDisk: 1}
	s.ConfigError = errors.New("port is wrong")
	results := Run(t.Context(), s)
	if !AnyFailed(results) || results[0].Name != "configuration" || results[0].Next == "" {
		t.Errorf("got %+v, want the configuration's failure first", results)
	}
}
