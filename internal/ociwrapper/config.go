// Package ociwrapper stands between a container engine and its OCI runtime. It edits the
// description of each container, before the runtime reads it: the container gets a mount,
// variables and a hook, of which its image and what is built in it keep no trace.
package ociwrapper

import (
	"encoding/json"
	"fmt"
	"os"
)

// Program is where the wrapper is, in the job engine's image.
const Program = "/usr/local/bin/oci-wrapper"

// ConfigFile is where the wrapper finds its Config.
const ConfigFile = "/run/oci-wrapper.json"

// Runtime is the OCI runtime.
const Runtime = "/usr/bin/crun"

// Config says what containers get.
type Config struct {
	// Environment are variables for containers that do not set them.
	Environment map[string]string `json:"environment,omitempty"`
	Mount       *Mount            `json:"mount,omitempty"`
	Hook        *Hook             `json:"hook,omitempty"`
}

// Mount is a directory that containers see read-only.
type Mount struct {
	Source string `json:"source"`
	// Destination is below /dev, which is a file system of the container's own: no image
	// gets the directory on which it is mounted.
	Destination string `json:"destination"`
	// Environment are variables for containers that have the mount and do not set them.
	Environment map[string]string `json:"environment"`
}

// Hook is a program that runs for each container with a network of its own, before the
// container starts. Its standard input is the state of the container, as OCI defines it.
type Hook struct {
	Command []string `json:"command"` // the program's path, then its arguments
	Unless  string   `json:"unless"`  // a variable with its value, such as A=false, of containers without the hook
}

// ReadConfig reads a Config from a file.
func ReadConfig(path string) (Config, error) {
	var c Config
	data, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("reading the wrapper's configuration: %w", err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("reading the wrapper's configuration %s: %w", path, err)
	}
	return c, nil
}
