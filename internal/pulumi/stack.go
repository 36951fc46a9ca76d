package pulumi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// Stack is one Pulumi stack of the project, and the CLI that runs it.
type Stack struct {
	auto.Stack
	Command *Command
	Local   bool // the state is the project's own
	project project.Project
}

// ErrNone says that there is no such stack.
var ErrNone = errors.New("there is no such stack")

// Open returns the stack, which it creates if create is set; else ErrNone when
// there is none.
func Open(ctx context.Context, p project.Project, stack string, cli artifacts.CLI, program pulumi.RunFunc, create bool) (*Stack, error) {
	if err := CheckState(ctx, p, stack); err != nil {
		return nil, err
	}
	if err := generate(p, stack); err != nil {
		return nil, err
	}
	phrase, err := stackPassphrase(ctx, p, stack)
	if err != nil {
		return nil, err
	}
	env, local, err := environment(p, phrase)
	if err != nil {
		return nil, err
	}
	if local {
		if err := fitPassphrase(ctx, p, stack, phrase); err != nil {
			return nil, err
		}
		if phrase != "" && rotating(p) {
			if err := fitSecrets(ctx, p, stack, phrase); err != nil {
				return nil, err
			}
		}
		if err := dropMetadata(p, stack); err != nil {
			return nil, err
		}
	}
	return open(ctx, p, stack, p.StackDir(stack), env, local, cli, program, create)
}

// fitPassphrase is fitSalt with the passphrase that the environment may have.
func fitPassphrase(ctx context.Context, p project.Project, stack, phrase string) (err error) {
	if phrase == "" {
		if phrase, err = currentPassphrase(p); err != nil {
			return err
		}
	}
	return fitSalt(ctx, p, stack, phrase)
}

func open(ctx context.Context, p project.Project, stack, dir string, env map[string]string, local bool, cli artifacts.CLI, program pulumi.RunFunc, create bool) (*Stack, error) {
	command := newCommand(cli)
	home, err := Home()
	if err != nil {
		return nil, err
	}
	opts := []auto.LocalWorkspaceOption{
		auto.WorkDir(dir),
		auto.Program(program),
		auto.PulumiHome(home),
		auto.Pulumi(command),
		auto.EnvVars(env),
	}
	if local {
		opts = append(opts, auto.SecretsProvider("passphrase"))
	}
	w, err := auto.NewLocalWorkspace(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("opening the workspace of stack %q: %w", stack, err)
	}
	selecting := ctx
	if local {
		state, err := localState(p, stack)
		if err != nil {
			return nil, err
		}
		if state != nil {
			selecting = answering(ctx, answers{"stack select": ""}) // it is there; every command names it
		}
	}
	opened, err := auto.SelectStack(selecting, stack, w)
	switch {
	case err == nil:
	case !auto.IsSelectStack404Error(err):
		return nil, fmt.Errorf("selecting stack %q: %w", stack, err)
	case !create:
		return nil, fmt.Errorf("selecting stack %q: %w", stack, ErrNone)
	default:
		if opened, err = auto.NewStack(ctx, stack, w); err != nil {
			return nil, fmt.Errorf("creating stack %q: %w", stack, err)
		}
	}
	return &Stack{Stack: opened, Command: command, Local: local, project: p}, nil
}

// Up updates the stack and returns its outputs, but not which of them are secrets. It skips
// the commands by which the Automation API's Up reads the rest of its result.
func (s *Stack) Up(ctx context.Context, opts ...optup.Option) (auto.OutputMap, error) {
	result, err := s.Stack.Up(answering(ctx, answers{
		"stack output --json --stack": "{}", "stack history": "[]",
	}), opts...)
	return result.Outputs, err
}

// Destroy destroys the stack's resources. It skips the command by which the Automation API's
// Destroy reads a summary.
func (s *Stack) Destroy(ctx context.Context, opts ...optdestroy.Option) error {
	_, err := s.Stack.Destroy(answering(ctx, answers{"stack history": "[]"}), opts...)
	return err
}

// MayExist is false when there certainly is no such stack: nothing was ever
// generated for it, and there is no state of it, here or elsewhere. It needs no Pulumi.
func MayExist(p project.Project, stack string) bool {
	if !OwnBackend() {
		return true
	}
	for _, file := range []string{filepath.Join(p.StackDir(stack), "Pulumi.yaml"), filepath.Join(stateFiles(p), stack+".json")} {
		if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
			return true
		}
	}
	return false
}

// Home is Pulumi's home, beside the other built artifacts: plugins are installed once for all clones.
func Home() (string, error) {
	cache, err := artifacts.CacheDir()
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "pulumi-home")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return "", fmt.Errorf("creating Pulumi's home: %w", err)
	}
	return home, nil
}

// environment is what Pulumi's commands on a stack run with: the state in the
// project, unless PULUMI_BACKEND_URL or `pulumi login` say otherwise.
func environment(p project.Project, phrase string) (env map[string]string, local bool, err error) {
	env = map[string]string{
		"PULUMI_SKIP_UPDATE_CHECK":                    "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		"PULUMI_IGNORE_AMBIENT_PLUGINS":               "true",
	}
	// The docker plugin must work on the same Docker host as the launcher.
	endpoint, err := dockerhost.ResolveEndpoint()
	if err != nil {
		return nil, false, err
	}
	docker, err := endpoint.Environment()
	if err != nil {
		return nil, false, err
	}
	maps.Copy(env, docker)
	if phrase != "" {
		env["PULUMI_CONFIG_PASSPHRASE"] = phrase
	}
	if os.Getenv("PULUMI_BACKEND_URL") != "" {
		return env, false, nil
	}
	if dir := loginDir(); dir != "" {
		env["PULUMI_CREDENTIALS_PATH"] = dir
		return env, false, nil
	}
	if err := os.MkdirAll(p.StateDir(), 0o700); err != nil {
		return nil, false, fmt.Errorf("creating the state's directory: %w", err)
	}
	// Without the metadata file that Pulumi writes beside each of its files: Pulumi refuses
	// the state if that file is incomplete.
	env["PULUMI_BACKEND_URL"] = "file://" + p.StateDir() + "?metadata=skip"
	return env, true, nil
}

// loginDir is the directory of the user's own Pulumi credentials if `pulumi login`
// chose a backend that still is the current one, else "".
func loginDir() string {
	dir := os.Getenv("PULUMI_CREDENTIALS_PATH")
	if dir == "" {
		dir = os.Getenv("PULUMI_HOME")
	}
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(home, ".pulumi")
	}
	text, err := os.ReadFile(filepath.Join(dir, "credentials.json"))
	if err != nil {
		return ""
	}
	var credentials struct {
		Current string `json:"current"`
	}
	if json.Unmarshal(text, &credentials) != nil || strings.TrimSpace(credentials.Current) == "" {
		return ""
	}
	return dir
}
