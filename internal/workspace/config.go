package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// Config reads the stack's configuration, without the namespace in the keys.
// A stack without a file has none. Keys of other namespaces are left to Pulumi.
func Config(p project.Project, stack string) (map[string]string, error) {
	settings, err := load(p, p.ConfigFile(stack))
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for key, value := range settings.Config {
		if key.Namespace() != project.Name {
			continue
		}
		if value.Secure() {
			return nil, problem.New(fmt.Sprintf("reading the configuration key %s of stack %q", key.Name(), stack),
				errors.New("it is encrypted, and no key of this project is a secret"),
				fmt.Sprintf("set it in plain text: pipeline up --stack %s -c %s=<value>", stack, key.Name()))
		}
		text, err := value.Value(config.NopDecrypter)
		if err != nil {
			return nil, fmt.Errorf("reading the configuration key %s: %w", key, err)
		}
		values[key.Name()] = text
	}
	return values, nil
}

// Overlay returns values with assignments of the form key=value put over them.
func Overlay(values map[string]string, assignments []string) (map[string]string, error) {
	merged := make(map[string]string, len(values)+len(assignments))
	for key, value := range values {
		merged[key] = value
	}
	for _, assignment := range assignments {
		key, value, ok := strings.Cut(assignment, "=")
		key = strings.TrimPrefix(key, project.Name+":")
		if !ok || key == "" || strings.ContainsAny(key, ": ") {
			return nil, fmt.Errorf("-c %q is not of the form key=value", assignment)
		}
		merged[key] = value
	}
	return merged, nil
}

// SaveConfig writes the assignments into the stack's own configuration file.
func SaveConfig(p project.Project, stack string, assignments []string) error {
	settings, err := load(p, p.ConfigFile(stack))
	if err != nil {
		return err
	}
	values, err := Overlay(nil, assignments)
	if err != nil {
		return err
	}
	if settings.Config == nil {
		settings.Config = config.Map{}
	}
	for key, value := range values {
		settings.Config[config.MustMakeKey(project.Name, key)] = config.NewValue(value)
	}
	if err := settings.Save(p.ConfigFile(stack)); err != nil {
		return fmt.Errorf("saving the configuration of stack %q: %w", stack, err)
	}
	return nil
}

func load(p project.Project, file string) (*workspace.ProjectStack, error) {
	proj, err := workspace.LoadProject(filepath.Join(p.Root, "Pulumi.yaml"))
	if err != nil {
		return nil, fmt.Errorf("reading the project: %w", err)
	}
	settings, err := workspace.LoadProjectStack(nil, proj, file)
	if err != nil {
		return nil, problem.New(fmt.Sprintf("reading %q", file), err, "correct the file; docs in the README's configuration table")
	}
	return settings, nil
}

// generate writes the workspace folder: a project without a program of its own,
// whose gitea plugin is named by its absolute path, and a copy of the stack's
// configuration. Pulumi writes its encryption salt into the copy, so that the
// committed files stay as they are.
func generate(p project.Project, stack string) error {
	dir := p.StackDir(stack)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the workspace of stack %q: %w", stack, err)
	}
	proj, err := workspace.LoadProject(filepath.Join(p.Root, "Pulumi.yaml"))
	if err != nil {
		return fmt.Errorf("reading the project: %w", err)
	}
	proj.Main = ""
	proj.Plugins = &workspace.Plugins{Providers: []workspace.PluginOptions{{Name: "gitea", Path: p.GiteaPluginDir()}}}
	if err := proj.Save(filepath.Join(dir, "Pulumi.yaml")); err != nil {
		return fmt.Errorf("writing the workspace's project: %w", err)
	}
	own, err := load(p, p.ConfigFile(stack))
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "Pulumi."+stack+".yaml")
	kept, err := load(p, file)
	if err != nil {
		return err
	}
	kept.Config = own.Config
	if err := kept.Save(file); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("writing the workspace's configuration: %w", err)
	}
	return nil
}
