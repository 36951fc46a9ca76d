package runnersupervisor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/atomicfile"
)

// registrationFile is gitea-runner's registration file, in its working directory.
const registrationFile = ".runner"

// Registration is a runner's identity at the forge, as gitea-runner keeps it.
type Registration struct {
	UUID      string   `json:"uuid"`
	Token     string   `json:"token"`
	Address   string   `json:"address"`
	Labels    []string `json:"labels"`
	Ephemeral bool     `json:"ephemeral"`
}

// errNoRegistration means that the file contains no usable registration.
var errNoRegistration = errors.New("not registered")

// readRegistration reads the file. It returns errNoRegistration if the file is missing,
// empty (`pipeline rotate` empties it) or incomplete after a crash.
func readRegistration(file string) (Registration, error) {
	var r Registration
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return r, errNoRegistration
	}
	if err != nil {
		return r, fmt.Errorf("reading the registration: %w", err)
	}
	if json.Unmarshal(data, &r) != nil || r.UUID == "" || r.Token == "" {
		return r, errNoRegistration
	}
	return r, nil
}

// moveRegistration changes only the forge's address in the file: the forge and the runner
// are the same ones under the new address.
func moveRegistration(file, address string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the registration: %w", err)
	}
	fields := map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		return fmt.Errorf("reading the registration: %w", err)
	}
	fields["address"] = address
	if data, err = json.MarshalIndent(fields, "", "  "); err != nil {
		return fmt.Errorf("writing the registration: %w", err)
	}
	return atomicfile.Write(file, append(data, '\n'), 0o600)
}

// names returns the labels' names, without the images that follow them.
func (r Registration) names() []string {
	names := []string{}
	for _, label := range r.Labels {
		name, _, _ := strings.Cut(label, ":")
		names = append(names, name)
	}
	return names
}
