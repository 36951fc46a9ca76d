package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	pulumiconfig "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// Read reads the stack's configuration, without the namespace in the keys.
// A stack without a file has none. Keys of other namespaces are left to Pulumi.
func Read(p project.Project, stack string) (map[string]string, error) {
	settings, err := Load(p, p.ConfigFile(stack))
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for key, value := range settings.Config {
		if key.Namespace() != naming.Project {
			continue
		}
		if value.Secure() && key.Name() != settingsKey {
			return nil, problem.New(fmt.Sprintf("reading the configuration key %s of stack %q", key.Name(), stack),
				errors.New("it is encrypted, and only values of "+settingsKey+" can be secrets"),
				fmt.Sprintf("set it in plain text: pipeline up --stack %s -c %s=<value>", stack, key.Name()))
		}
		if values[key.Name()], err = rawText(value); err != nil {
			return nil, fmt.Errorf("reading the configuration key %s: %w", key, err)
		}
	}
	return values, nil
}

// rawText is the text of a value, in which encrypted values are still encrypted.
func rawText(value pulumiconfig.Value) (string, error) {
	if value.Secure() && !value.Object() { // MarshalJSON marks it as encrypted
		text, err := value.MarshalJSON()
		return string(text), err
	}
	return value.Value(pulumiconfig.NopDecrypter)
}

// Namespace reads the keys of another namespace, such as docker, of a stack's
// configuration file, with the namespace in the keys. Secrets are left out.
func Namespace(p project.Project, stack, namespace string) (map[string]string, error) {
	settings, err := Load(p, p.ConfigFile(stack))
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for key, value := range settings.Config {
		if key.Namespace() != namespace || value.Secure() {
			continue
		}
		if values[key.String()], err = value.Value(pulumiconfig.NopDecrypter); err != nil {
			return nil, fmt.Errorf("reading the configuration key %s: %w", key, err)
		}
	}
	return values, nil
}

// Overlay returns values with assignments of the form key=value put over them. An
// assignment to an entry of a map, such as forge.settings.section.KEY, changes that entry.
func Overlay(values map[string]string, assignments []string) (map[string]string, error) {
	merged := make(map[string]string, len(values)+len(assignments))
	for key, value := range values {
		merged[key] = value
	}
	for _, assignment := range assignments {
		key, value, ok := strings.Cut(assignment, "=")
		key = strings.TrimPrefix(key, naming.Project+":")
		if !ok || key == "" || strings.ContainsAny(key, ": ") {
			return nil, fmt.Errorf("-c %q is not of the form key=value", assignment)
		}
		if of, entry, ok := entryOf(key); ok {
			var err error
			if value, err = withEntry(of, merged[of], entry, value); err != nil {
				return nil, err
			}
			key = of
		}
		merged[key] = value
	}
	return merged, nil
}

// Save writes the assignments into the stack's own configuration file. salt is that of the
// encrypted values in it; it may be empty where the assignments have none.
func Save(p project.Project, stack string, assignments []string, salt string) error {
	settings, err := Load(p, p.ConfigFile(stack))
	if err != nil {
		return err
	}
	if settings.Config == nil {
		settings.Config = pulumiconfig.Map{}
	}
	before := map[string]string{} // the maps, to which an assignment may add
	for key := range mapKeys {
		if kept, ok := settings.Config[pulumiconfig.MustMakeKey(naming.Project, key)]; ok {
			if before[key], err = rawText(kept); err != nil {
				return fmt.Errorf("reading the configuration key %s: %w", key, err)
			}
		}
	}
	values, err := Overlay(before, assignments)
	if err != nil {
		return err
	}
	for key, text := range values {
		value := pulumiconfig.NewValue(text)
		if _, err := parseMap(text); err == nil && mapKeys[key] != "" {
			value = pulumiconfig.NewObjectValue(text)
		}
		settings.Config[pulumiconfig.MustMakeKey(naming.Project, key)] = value
	}
	if salt != "" {
		settings.EncryptionSalt = salt
	}
	return Write(settings, p.ConfigFile(stack))
}

// Write replaces a configuration file atomically: it may be the only place of a secret.
func Write(settings *workspace.ProjectStack, file string) error {
	temporary := filepath.Join(filepath.Dir(file), ".new-"+filepath.Base(file))
	err := settings.Save(temporary)
	if err == nil {
		err = os.Rename(temporary, file)
	}
	if err != nil {
		return fmt.Errorf("writing the configuration file %q: %w", file, err)
	}
	return nil
}

// WithoutSecrets returns a configuration without forge.settings if that contains a secret.
// The launcher hands the settings to the program itself; Pulumi could not decrypt them in a
// workspace whose salt is the state's.
func WithoutSecrets(settings pulumiconfig.Map) pulumiconfig.Map {
	kept := maps.Clone(settings)
	maps.DeleteFunc(kept, func(key pulumiconfig.Key, value pulumiconfig.Value) bool {
		return key == pulumiconfig.MustMakeKey(naming.Project, settingsKey) && value.Secure()
	})
	return kept
}

// Load reads a stack's configuration file as Pulumi keeps it; a missing file is an empty configuration.
func Load(p project.Project, file string) (*workspace.ProjectStack, error) {
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

// ForStack reads and validates the configuration of a stack: its file, with the
// assignments of the form key=value put over it. Nothing is written. A mistake in
// the assignments is a usage error.
func ForStack(p project.Project, stack string, assignments []string) (Config, error) {
	kept, err := Read(p, stack)
	if err != nil {
		return Config{}, err
	}
	merged, err := Overlay(kept, assignments)
	if err != nil {
		return Config{}, problem.Usage(err)
	}
	values := make(map[string]string, len(merged))
	for key, value := range merged {
		values[naming.Project+":"+key] = value
	}
	c, err := Parse(values)
	switch {
	case err == nil:
		return c, nil
	case len(assignments) > 0:
		return c, problem.Usage(problem.New("taking the -c values", err, "correct them; the README's table lists the keys"))
	}
	return c, problem.New(fmt.Sprintf("checking the configuration of stack %q", stack), err,
		fmt.Sprintf("correct it in %s, or with -c key=value", p.ConfigFile(stack)))
}
