package images

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// pins is images/images.json: what is not pinned by a go.mod.
type pins struct {
	Debian struct {
		Suite string
		// Packages of the three systems.
		Forge, Job, JobEngine []string
	}
	Go       string // toolchain of the job image, such as go1.26.8
	Official struct {
		Debian   string   // image that the systems are built on
		Packages []string // what the official Gitea program needs in addition
	}
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
