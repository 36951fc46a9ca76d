// Package runnersupervisor runs gitea-runner in its container. It registers the runner with
// the forge, waits for the forge and the job engine, starts the runner's daemon, watches
// it, and gives each job a fresh job engine.
//
// It ends the daemon with SIGKILL. After a SIGTERM, gitea-runner 1.0.8 reports the job that
// it interrupts as successful (docs/adr/0009-kill-a-runner.md).
package runnersupervisor

import (
	"net/url"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/environment"
)

// Config is the supervisor's configuration, which its environment contains.
type Config struct {
	// Instance is the forge's canonical address, without a slash at its end.
	Instance string
	// Name is the runner's name at the forge.
	Name string
	// ConfigFile is gitea-runner's own configuration.
	ConfigFile string
	// TokenFile holds the registration token.
	TokenFile string
	// Listen is an address of this container where a proxy of the forge listens, and Target
	// is the forge. Both are empty when the host in the forge's address is an address of a network.
	Listen, Target string
	// ForgeService is where the forge's container serves runners, such as http://forge:31009. It is
	// empty when jobs have no cache.
	ForgeService string
	// JobEngine is the address of the runner's job engine. It is empty when jobs run on the
	// Docker host.
	JobEngine string
	// Proxy is a Unix socket of this container, where a proxy of the job engine listens for
	// gitea-runner. It is empty when gitea-runner asks the engine itself.
	Proxy string
	// EnginePerJob gives each job a fresh job engine.
	EnginePerJob bool
	// Ephemeral registers the runner for each job; the forge removes a used registration.
	Ephemeral bool
	// Metrics is the address where gitea-runner serves its metrics.
	Metrics string
}

// FromEnvironment reads the configuration; all that is wrong with it is in the error.
func FromEnvironment(getenv func(string) string) (Config, error) {
	env := environment.Reader{Getenv: getenv}
	c := Config{
		Instance:     strings.TrimRight(env.Required("GITEA_INSTANCE_URL"), "/"),
		Name:         env.Required("GITEA_RUNNER_NAME"),
		ConfigFile:   env.Required("CONFIG_FILE"),
		TokenFile:    env.Required("GITEA_RUNNER_REGISTRATION_TOKEN_FILE"),
		JobEngine:    getenv("JOB_ENGINE"),
		Proxy:        getenv("ENGINE_SOCKET"),
		ForgeService: getenv("FORGE_SERVICE"),
		EnginePerJob: env.Boolean("ENGINE_PER_JOB"),
		Ephemeral:    env.Boolean("EPHEMERAL"),
		Metrics:      "127.0.0.1:" + env.Required("METRICS_PORT"),
	}
	if u, err := url.Parse(c.Instance); c.Instance != "" && (err != nil || u.Host == "") {
		env.Wrong("GITEA_INSTANCE_URL", "an address such as http://localhost:3000")
	}
	if forward := getenv("FORWARD"); forward != "" {
		var found bool
		if c.Listen, c.Target, found = strings.Cut(forward, "="); !found {
			env.Wrong("FORWARD", "LISTEN=TARGET, such as 127.0.0.1:3000=forge:3000")
		}
	}
	if c.ForgeService != "" && c.Listen == "" {
		env.Wrong("FORGE_SERVICE", "empty, as FORWARD is")
	}
	if c.EnginePerJob && c.JobEngine == "" {
		env.Required("JOB_ENGINE")
	}
	if c.Proxy != "" && c.JobEngineSocket() == "" {
		env.Wrong("JOB_ENGINE", "a Unix socket such as unix:///run/engine/docker/docker.sock, as ENGINE_SOCKET is set")
	}
	if c.Ephemeral && !c.EnginePerJob {
		env.Wrong("EPHEMERAL", "false, as ENGINE_PER_JOB is not true")
	}
	return c, env.Err()
}

// JobEngineSocket is the path of the job engine's Unix socket; "" if it has none.
func (c Config) JobEngineSocket() string {
	path, ok := strings.CutPrefix(c.JobEngine, "unix://")
	if !ok {
		return ""
	}
	return path
}
