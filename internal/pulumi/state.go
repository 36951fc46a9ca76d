package pulumi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

func stateFiles(p project.Project) string {
	return filepath.Join(p.StateDir(), ".pulumi", "stacks", naming.Project)
}

// dropMetadata removes the state's metadata file. A Pulumi that the launcher did not start
// writes it; it is not needed, and an incomplete one makes Pulumi refuse the state.
func dropMetadata(p project.Project, stack string) error {
	err := os.Remove(filepath.Join(stateFiles(p), stack+".json.attrs"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the state's metadata: %w", err)
	}
	return nil
}

// localState reads the stack's state where it is the project's own, without the
// CLI. It is nil where there is no such file.
func localState(p project.Project, stack string) (*apitype.DeploymentV3, error) {
	text, err := os.ReadFile(filepath.Join(stateFiles(p), stack+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	var file struct{ Checkpoint apitype.CheckpointV3 }
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("understanding the state: %w", err)
	}
	if file.Checkpoint.Latest == nil {
		return &apitype.DeploymentV3{}, nil
	}
	return file.Checkpoint.Latest, nil
}

// stateSalt reads which salt and check the stack's state has; empty without a state.
func stateSalt(p project.Project, stack string) (string, error) {
	state, err := localState(p, stack)
	if err != nil {
		return "", err
	}
	return saltOf(state)
}

// saltOf is the salt and check of a state; empty if no passphrase encrypts it.
func saltOf(state *apitype.DeploymentV3) (string, error) {
	if state == nil || state.SecretsProviders == nil || len(state.SecretsProviders.State) == 0 {
		return "", nil
	}
	var provider struct{ Salt string }
	if err := json.Unmarshal(state.SecretsProviders.State, &provider); err != nil {
		return "", fmt.Errorf("understanding the state: %w", err)
	}
	return provider.Salt, nil
}
