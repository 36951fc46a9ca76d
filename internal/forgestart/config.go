// Package forgestart starts Gitea in the forge's container. It prepares what Gitea reads
// when it starts (the key that encrypts secrets, and the rotation of secrets that
// `pipeline rotate` has requested), starts Gitea, and sets the administrator's password.
package forgestart

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
)

// Config is what the program reads from its environment, and where Gitea's files are.
type Config struct {
	AdminUser    string
	PasswordFile string // of the administrator
	ReadyFile    string // exists while the administrator's password is known to work
	AppINI       string // Gitea's configuration
	API          string // Gitea's address in the container
	EtcDir       string // the volume with Gitea's configuration
	DataDir      string // the volume with Gitea's data
}

// Programs that the image has.
const (
	giteaProgram = "/usr/local/bin/gitea"
	setupProgram = "/usr/local/bin/docker-setup.sh" // writes app.ini from the environment
)

// FromEnvironment reads the configuration; all that is wrong with it is in the error.
func FromEnvironment(getenv func(string) string) (Config, error) {
	var problems []error
	required := func(name string) string {
		value := getenv(name)
		if value == "" {
			problems = append(problems, fmt.Errorf("the environment variable %s is not set", name))
		}
		return value
	}
	c := Config{
		AdminUser:    required("ADMIN_USER"),
		PasswordFile: required("ADMIN_PASSWORD_FILE"),
		ReadyFile:    required("READY_FILE"),
		AppINI:       required("GITEA_APP_INI"),
		API:          "http://127.0.0.1:" + required("GITEA__server__HTTP_PORT"),
		EtcDir:       "/etc/gitea",
		DataDir:      "/var/lib/gitea",
	}
	return c, errors.Join(problems...)
}

func (c Config) database() string { return filepath.Join(c.DataDir, "data", "gitea.db") }

// Starter starts Gitea.
type Starter struct {
	Config Config
	Log    *slog.Logger
	// Environ returns the environment, from which Gitea's settings are written.
	Environ func() []string
	// Output runs a program to its end and returns what it prints. The error says what it
	// complained about.
	Output func(ctx context.Context, program string, args ...string) (string, error)
}

// Output runs a program of the container.
func Output(ctx context.Context, program string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, program, args...).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(failed.Stderr)))
	}
	return string(out), err
}
