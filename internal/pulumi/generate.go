package pulumi

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// generate writes the workspace directory: a project without a program of its own,
// whose gitea plugin is the built one in the cache, named by its absolute path, and a
// copy of the stack's configuration. Pulumi writes its encryption salt into the copy, so that the
// committed files stay as they are.
func generate(p project.Project, stack string) error {
	return generateIn(p, stack, p.StackDir(stack), "")
}

// generateIn writes a workspace into a directory. Its configuration has the given
// salt, or the one that is known already.
func generateIn(p project.Project, stack, dir, salt string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("creating the workspace of stack %q: %w", stack, err)
	}
	proj, err := workspace.LoadProject(filepath.Join(p.Root, "Pulumi.yaml"))
	if err != nil {
		return fmt.Errorf("reading the project: %w", err)
	}
	plugin, err := artifacts.GiteaPluginDir(p.Root)
	if err != nil {
		return fmt.Errorf("naming the Gitea provider's directory: %w", err)
	}
	proj.Main = ""
	proj.Plugins = &workspace.Plugins{Providers: []workspace.PluginOptions{{Name: "gitea", Path: plugin}}}
	if err := proj.Save(filepath.Join(dir, "Pulumi.yaml")); err != nil {
		return fmt.Errorf("writing the workspace's project: %w", err)
	}
	own, err := config.Load(p, p.ConfigFile(stack))
	if err != nil {
		return err
	}
	kept, err := config.Load(p, workspaceConfigFile(p, stack))
	if err != nil {
		return err
	}
	kept.Config = config.WithoutSecrets(own.Config)
	if salt != "" {
		kept.EncryptionSalt = salt
	}
	if err := kept.Save(filepath.Join(dir, "Pulumi."+stack+".yaml")); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("writing the workspace's configuration: %w", err)
	}
	return nil
}
