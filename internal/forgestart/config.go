// Package forgestart starts Gitea in the forge's container. First it prepares what Gitea
// reads at its start: the key that encrypts secrets, the secrets that `pipeline rotate` has
// asked to replace, and app.ini. Then it starts Gitea and sets the administrator's
// password.
package forgestart

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/environment"
	"github.com/gitops-pipeline/gitops-pipeline/internal/modulemirror"
)

// Config is the program's configuration, and the paths of Gitea's files.
type Config struct {
	AdminUser    string
	PasswordFile string // of the administrator
	ReadyFile    string // exists when the administrator's password is set
	AppINI       string // Gitea's configuration
	API          string // Gitea's address in the container
	EtcDir       string // the volume with Gitea's configuration
	DataDir      string // the volume with Gitea's data
	Cache        Cache
	RetainImages int // images of commits that each image keeps; 0 for all
}

// Cache is what jobs keep and get here.
type Cache struct {
	Dir        string              // its volume
	Size       int64               // bytes of all that is kept
	Jobs       string              // address to listen on for jobs
	Runners    string              // address to listen on for runners
	Events     string              // address of the server for runners, for Gitea's webhook
	SecretFile string              // holds what runners authenticate with
	Modules    modulemirror.Config // the mirror of Go modules, for jobs; none if its Limit is 0
}

// Programs of the image.
const (
	giteaProgram = "/usr/local/bin/gitea"
	setupProgram = "/usr/local/bin/docker-setup.sh" // writes app.ini from the environment
)

// FromEnvironment reads the configuration; all that is wrong with it is in the error.
func FromEnvironment(getenv func(string) string) (Config, error) {
	env := environment.Reader{Getenv: getenv}
	c := Config{
		AdminUser:    env.Required("ADMIN_USER"),
		PasswordFile: env.Required("ADMIN_PASSWORD_FILE"),
		ReadyFile:    env.Required("READY_FILE"),
		AppINI:       env.Required("GITEA_APP_INI"),
		API:          "http://127.0.0.1:" + env.Required("GITEA__server__HTTP_PORT"),
		EtcDir:       "/etc/gitea",
		DataDir:      "/var/lib/gitea",
		Cache: Cache{
			Dir:        "/var/cache/actions",
			Jobs:       ":" + env.Required("CACHE_PORT"),
			Runners:    ":" + env.Required("RUNNERS_PORT"),
			Events:     env.Required("TASK_EVENTS_URL"),
			SecretFile: env.Required("GITEA_RUNNER_REGISTRATION_TOKEN_FILE"),
		},
	}
	var err error
	c.Cache.Modules = modulemirror.Config{
		Dir: filepath.Join(c.Cache.Dir, "modules"), Proxies: getenv("MODULES_PROXIES"), SumDB: getenv("MODULES_SUMDB"), NoSumDB: getenv("MODULES_NO_SUMDB"),
	}
	if c.RetainImages, err = strconv.Atoi(env.Required("RETAIN_IMAGES")); err != nil {
		env.Wrong("RETAIN_IMAGES", "a number of images")
	}
	if c.Cache.Modules.Limit, err = strconv.ParseInt(env.Required("MODULES_SIZE"), 10, 64); err != nil {
		env.Wrong("MODULES_SIZE", "a number of bytes")
	}
	if c.Cache.Size, err = strconv.ParseInt(env.Required("CACHE_SIZE"), 10, 64); err != nil {
		env.Wrong("CACHE_SIZE", "a number of bytes")
	}
	return c, env.Err()
}

func (c Config) database() string { return filepath.Join(c.DataDir, "data", "gitea.db") }

// Starter starts Gitea.
type Starter struct {
	Config Config
	Log    *slog.Logger
	// Environ returns the environment, from which Gitea's settings are written.
	Environ func() []string
	// Output runs a program to its end and returns its standard output. The error includes
	// its standard error.
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
