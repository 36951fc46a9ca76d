package images

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
)

// pins is images/images.json: what is not pinned by a go.mod.
type pins struct {
	Debian struct {
		Suite      string
		OS, Engine []string // packages of the two root file systems
	}
	Go       string // toolchain of the job image, such as go1.26.8
	Official struct{ Engine, Go string }
}

func readPins(root string) (pins, error) {
	var p pins
	path := filepath.Join(root, "images", "images.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return p, fmt.Errorf("reading the image pins: %w", err)
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("reading the image pins: %s: %w", path, err)
	}
	return p, nil
}

// official gives the exact tags of the official images of the pinned versions.
func official(root string) (gitea, runner string, err error) {
	g, err := artifacts.Gitea.Version(root)
	if err != nil {
		return "", "", err
	}
	r, err := artifacts.Runner.Version(root)
	if err != nil {
		return "", "", err
	}
	return "gitea/gitea:" + strings.TrimPrefix(g, "v") + "-rootless",
		"gitea/runner:" + strings.TrimPrefix(r, "v"), nil
}
