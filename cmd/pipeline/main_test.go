package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/project/projecttest"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

// call runs the launcher as the shell would.
func call(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	streams := ioStreams{in: strings.NewReader(""), stdout: &out, out: ui.NewPrinter(&out), err: ui.NewPrinter(&err)}
	code = execute(ctx, streams, args)
	return code, out.String(), err.String()
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	root := projecttest.New(t, "").Root
	wrong := projecttest.New(t, "config:\n  gitops-pipeline:httpPort: \"99999\"\n  gitops-pipeline:nope: x\n").Root
	tests := map[string]struct {
		args []string
		code int
		text string // in either output
	}{
		"help":            {[]string{"--help"}, exitOK, "Exit codes"},
		"no command":      {nil, exitOK, "Available Commands"},
		"build":           {[]string{"build", "--help"}, exitOK, "every artifact"},
		"its first name":  {[]string{"parts", "--help"}, exitOK, "every artifact"},
		"version":         {[]string{"version", "--json"}, exitOK, `"platform"`},
		"unknown command": {[]string{"bogus"}, exitUsage, "unknown command"},
		"unknown flag":    {[]string{"up", "--nope"}, exitUsage, "unknown flag"},
		"an argument":     {[]string{"up", "dev"}, exitUsage, "dev"},
		"no value":        {[]string{"up", "--stack"}, exitUsage, "needs an argument"},
		"stack name":      {[]string{"up", "--stack", "Not/Good"}, exitUsage, "stack name"},
		"no project":      {[]string{"status", "-C", t.TempDir()}, exitFailed, "inside a clone"},
		"bad -c":          {[]string{"up", "-C", root, "-c", "httpPort"}, exitUsage, "key=value"},
		"unknown key":     {[]string{"up", "-C", root, "-c", "nope=1"}, exitUsage, "nope"},
		"port range":      {[]string{"up", "-C", root, "-c", "httpPort=70000"}, exitUsage, "70000"},
		"wrong type":      {[]string{"up", "-C", root, "-c", "seed=maybe"}, exitUsage, "maybe"},
		"owner":           {[]string{"up", "-C", root, "-c", "repository.owner=admin"}, exitUsage, "admin"},
		"bad size":        {[]string{"up", "-C", root, "--min-disk", "much"}, exitUsage, "20GiB"},
		"file is wrong":   {[]string{"up", "-C", wrong}, exitFailed, "99999"},
		"all at once":     {[]string{"up", "-C", wrong}, exitFailed, "nope"},
		"disk is full":    {[]string{"doctor", "-C", root, "--min-disk", "1000000GiB"}, exitFailed, "are needed"},
		"trace of none":   {[]string{"trace", "-C", root}, exitFailed, "no such stack"},
		"trace of what":   {[]string{"trace", "-C", root, "first"}, exitUsage, "not a number"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, err := call(t.Context(), test.args...)
			if code != test.code || !strings.Contains(out+err, test.text) {
				t.Errorf("got %d, %q, %q, want %d with %q", code, out, err, test.code, test.text)
			}
			if code != exitOK && err != "" && !strings.Contains(err, "next:") {
				t.Errorf("got %q, want it to say what to do next", err)
			}
		})
	}
	if text, err := os.ReadFile(filepath.Join(root, "Pulumi.dev.yaml")); err != nil || len(text) != 0 {
		t.Errorf("refused values were written: %q, %v", text, err)
	}
}

func TestSecondUp(t *testing.T) {
	t.Parallel()
	root := projecttest.New(t, "").Root
	release, err := pulumi.Lock(filepath.Join(root, ".pipeline", "stacks", "dev", "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	code, _, stderr := call(t.Context(), "up", "-C", root)
	if code != exitFailed || !strings.Contains(stderr, "pid") {
		t.Errorf("got %d, %q, want a failure that names the other's pid", code, stderr)
	}
}

func TestDockerHostNotRunning(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "none.sock"))
	root := projecttest.New(t, "").Root
	for _, command := range []string{"up", "down", "status"} {
		code, _, stderr := call(t.Context(), command, "-C", root)
		if code != exitFailed || !strings.Contains(stderr, "none.sock") || !strings.Contains(stderr, "next:") {
			t.Errorf("%s: got %d, %q, want a failure that names the socket", command, code, stderr)
		}
	}
	code, stdout, _ := call(t.Context(), "doctor", "-C", root, "--json")
	if code != exitFailed || !strings.Contains(stdout, `"failed"`) {
		t.Errorf("doctor: got %d, %q", code, stdout)
	}
}
