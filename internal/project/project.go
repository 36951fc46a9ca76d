// Package project finds the project's root directory and names the places in it
// that the launcher uses.
package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// Project is one checkout of this project.
type Project struct {
	Root string // absolute
}

var nameLine = regexp.MustCompile(`(?m)^name:\s*["']?` + naming.Project + `["']?\s*$`)

// Find walks up from dir to the directory that holds this project's Pulumi.yaml.
func Find(dir string) (Project, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return Project{}, fmt.Errorf("resolving %q: %w", dir, err)
	}
	for at := start; ; at = filepath.Dir(at) {
		text, err := os.ReadFile(filepath.Join(at, "Pulumi.yaml"))
		if err == nil && nameLine.Match(text) {
			return Project{Root: at}, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Project{}, fmt.Errorf("reading Pulumi.yaml: %w", err)
		}
		if at == filepath.Dir(at) {
			return Project{}, problem.New(
				fmt.Sprintf("finding the project from %q", start),
				errors.New("neither it nor a directory above it has this project's Pulumi.yaml"),
				"run it inside a clone of gitops-pipeline, or name that with pipeline --dir")
		}
	}
}

// Identity tells this checkout from others that work with the same Docker host: the
// machine's name and the checkout's path.
func (p Project) Identity() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	root := p.Root
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved
	}
	return host + ":" + root
}

// Local is the git-ignored directory of everything the launcher keeps.
func (p Project) Local() string { return filepath.Join(p.Root, ".pipeline") }

// StateDir holds Pulumi's state when the user is logged in nowhere else.
func (p Project) StateDir() string { return filepath.Join(p.Local(), "state") }

// PassphraseFile holds the generated passphrase that encrypts secrets in the state.
func (p Project) PassphraseFile() string { return filepath.Join(p.Local(), "passphrase") }

// StackDir is the Pulumi workspace of one stack.
func (p Project) StackDir(stack string) string {
	return filepath.Join(p.Local(), "stacks", stack)
}

// LockFile is held by the launcher that changes the stack.
func (p Project) LockFile(stack string) string {
	return filepath.Join(p.StackDir(stack), "lock")
}

// ServiceBuildLog is where the program has the service's image build logged.
func (p Project) ServiceBuildLog(stack string) string {
	return filepath.Join(p.StackDir(stack), "service-build.log")
}

// ConfigFile is the stack's configuration as the user keeps it.
func (p Project) ConfigFile(stack string) string {
	return filepath.Join(p.Root, "Pulumi."+stack+".yaml")
}
