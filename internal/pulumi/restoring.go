package pulumi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gitops-pipeline/gitops-pipeline/internal/atomicfile"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
)

// Restoring notes a restore that has begun and not ended.
type Restoring struct {
	Sum  string `json:"sha256"` // of the backup
	Data bool   `json:"data"`   // volumes and state are whole; what is left is up
}

func restoringFile(p project.Project, stack string) string {
	return filepath.Join(p.StackDir(stack), "restoring.json")
}

// ReadRestoring returns the note, and whether there is one.
func ReadRestoring(p project.Project, stack string) (Restoring, bool, error) {
	var r Restoring
	text, err := os.ReadFile(restoringFile(p, stack))
	if errors.Is(err, fs.ErrNotExist) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("reading the note of a restore: %w", err)
	}
	// An incomplete note says only that a restore began.
	_ = json.Unmarshal(text, &r)
	return r, true, nil
}

// WriteRestoring writes the note.
func WriteRestoring(p project.Project, stack string, r Restoring) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("noting the restore: %w", err)
	}
	if err := writeFile(restoringFile(p, stack), text, 0o644); err != nil {
		return fmt.Errorf("noting the restore: %w", err)
	}
	return nil
}

// EndRestoring removes the note; none is no error.
func EndRestoring(p project.Project, stack string) error {
	if err := os.Remove(restoringFile(p, stack)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("ending the restore: %w", err)
	}
	return nil
}

// CheckRestored refuses a stack whose data are only partly restored.
func CheckRestored(p project.Project, stack string) error {
	r, begun, err := ReadRestoring(p, stack)
	if err != nil || !begun || r.Data {
		return err
	}
	return problem.New(fmt.Sprintf("using stack %q", stack), errors.New("its data are half restored"),
		fmt.Sprintf("repeat pipeline restore FILE, or remove what is there: pipeline down --stack %s --purge", stack))
}

// writeFile replaces a file atomically, and creates its directory first.
func writeFile(file string, text []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(file, text, mode)
}
