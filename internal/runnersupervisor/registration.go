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

// registrationFile is where gitea-runner keeps its registration, in its working directory.
const registrationFile = ".runner"

// Registration is a runner's identity at the forge, as gitea-runner keeps it.
type Registration struct {
	UUID      string   `json:"uuid"`
	Token     string   `json:"token"`
	Address   string   `json:"address"`
	Labels    []string `json:"labels"`
	Ephemeral bool     `json:"ephemeral"`
}

// errNoRegistration says that the file holds no registration that could serve.
var errNoRegistration = errors.New("not registered")

// readRegistration reads the file. A file that is missing, or empty (as `pipeline rotate`
// leaves it), or that a crash left incomplete, is no registration.
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

// moveRegistration changes the forge's address in the file and nothing else: under its
// new address the forge is the same one, and so is the runner.
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

// names are the labels' names, without what jobs of that label run in.
func (r Registration) names() []string {
	names := []string{}
	for _, label := range r.Labels {
		name, _, _ := strings.Cut(label, ":")
		names = append(names, name)
	}
	return names
}
