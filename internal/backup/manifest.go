// Package backup writes a whole stack to one file and restores it: the volumes that
// are not caches, Pulumi's state, the passphrase that decrypts it, and the stack's
// configuration.
package backup

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// Manifest says what is in an archive. It is the archive's first file.
type Manifest struct {
	Format   int       `json:"format"`
	Stack    string    `json:"stack"`
	Created  time.Time `json:"created"`
	Gitea    string    `json:"gitea,omitempty"` // the forge's version
	Pipeline string    `json:"pipeline"`        // this project's version
	Volumes  []Volume  `json:"volumes"`
}

// Volume is a volume of the stack; its name does not have the stack's name in it.
type Volume struct {
	Name   string      `json:"name"` // such as forge-data
	Role   naming.Role `json:"role,omitempty"`
	Runner string      `json:"runner,omitempty"` // the runner that it belongs to, such as runner-0
	Files  int         `json:"files"`
	Bytes  int64       `json:"bytes"`
}

var (
	stackName  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	volumeName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,60}$`)
)

// check refuses names that no stack has. A checksum shows that a file is
// complete, not who wrote it.
func (m Manifest) check() error {
	if m.Format > Format {
		return fmt.Errorf("%w: its manifest has the format %d, and this one reads %d", ErrNewer, m.Format, Format)
	}
	if !stackName.MatchString(m.Stack) {
		return fmt.Errorf("%w: its manifest names a stack %q", ErrNoBackup, m.Stack)
	}
	for _, v := range m.Volumes {
		if !volumeName.MatchString(v.Name) {
			return fmt.Errorf("%w: its manifest names a volume %q", ErrNoBackup, v.Name)
		}
	}
	return nil
}

// kept returns a stack's volume as the archive names it, and whether it holds
// data. A job engine's own volumes are caches, as large as images.
func kept(stack, name string, labels map[string]string) (Volume, bool) {
	logical, ok := strings.CutPrefix(name, naming.Physical(stack, ""))
	role := naming.Role(labels[naming.RoleLabel])
	return Volume{Name: logical, Role: role, Runner: labels[naming.RunnerLabel]}, ok && role.Kept()
}

// StateFiles are the files of an archive that do not come from volumes.
type StateFiles struct {
	State      []byte // Pulumi's export of the stack
	Passphrase []byte // decrypts the secrets in the state
	Config     []byte // Pulumi.<stack>.yaml as the user keeps it
	Workspace  []byte // the launcher's copy of it, with the salt that belongs to the passphrase
}

// files returns the files with their names in the archive.
func (s *StateFiles) files() []stateFile {
	return []stateFile{{"state.json", &s.State}, {"passphrase", &s.Passphrase}, {"config.yaml", &s.Config}, {"workspace.yaml", &s.Workspace}}
}

type stateFile struct {
	name string
	data *[]byte
}

const (
	manifestFile = "manifest.json"
	volumesDir   = "volumes"
)
