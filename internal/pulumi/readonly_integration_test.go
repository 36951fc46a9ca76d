//go:build integration

package pulumi

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project/projecttest"
)

// TestReadOutputs reads a secret output with the real Pulumi CLI, from a directory
// outside the checkout, while the stack is locked by another command.
func TestReadOutputs(t *testing.T) {
	t.Setenv("PULUMI_HOME", t.TempDir())
	p := projecttest.New(t, "config: {}\n")
	if err := os.CopyFS(filepath.Join(p.Root, "tools"), os.DirFS("../../tools")); err != nil {
		t.Fatal(err)
	}
	cli, err := artifacts.Pulumi(t.Context(), p.Root, artifacts.NewProgress(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	plugin, err := artifacts.GiteaPluginDir(p.Root) // Pulumi wants it to be there
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(plugin, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(plugin) })
	program := func(ctx *pulumi.Context) error {
		ctx.Export("password", pulumi.ToSecret(pulumi.String("of the stack")))
		return nil
	}
	s, err := Open(t.Context(), p, "dev", cli, program, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	release, err := Lock(p.LockFile("dev"))
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	before := snapshot(t, p.Root)
	outputs, err := ReadOutputs(t.Context(), p, "dev", io.Discard)
	if err != nil || Text(outputs, "password") != "of the stack" || !outputs["password"].Secret {
		t.Errorf("got %+v and %v, want the secret", outputs, err)
	}
	after := snapshot(t, p.Root)
	for path, was := range before {
		if after[path] != was {
			t.Errorf("%s was changed by reading", path)
		}
	}
	if len(after) != len(before) {
		t.Errorf("got %d files and directories after reading, want %d", len(after), len(before))
	}
}
