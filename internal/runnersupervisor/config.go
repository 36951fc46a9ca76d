// Package runnersupervisor runs gitea-runner in its container: it registers the runner
// with the forge, waits until the forge and the job engine are there, starts the runner's
// daemon, watches it, and gives each job a fresh job engine.
//
// A daemon that must end is killed with SIGKILL. Asked to end by SIGTERM, gitea-runner
// 1.0.8 reports the job that it interrupts as successful (docs/adr/0009-kill-a-runner.md).
package runnersupervisor

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Config is what the supervisor reads from its environment.
type Config struct {
	// Instance is the forge's canonical address, without a slash at its end.
	Instance string
	// Name is the runner's name at the forge.
	Name string
	// ConfigFile is gitea-runner's own configuration.
	ConfigFile string
	// TokenFile holds the registration token.
	TokenFile string
	// Listen and Target forward an address of this container to the forge. Both are empty
	// when the forge's canonical name is not a loopback one.
	Listen, Target string
	// JobEngine is the address of the runner's own job engine. It is empty when jobs run on
	// the Docker host's.
	JobEngine string
	// EnginePerJob gives each job a fresh job engine.
	EnginePerJob bool
	// Ephemeral gives each job a registration of its own, which the forge then removes.
	Ephemeral bool
	// Metrics is the address where gitea-runner serves its metrics.
	Metrics string
}

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
	boolean := func(name string) bool {
		value := getenv(name)
		if value == "" {
			return false
		}
		on, err := strconv.ParseBool(value)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s is %q, want true or false", name, value))
		}
		return on
	}
	c := Config{
		Instance:     strings.TrimRight(required("GITEA_INSTANCE_URL"), "/"),
		Name:         required("GITEA_RUNNER_NAME"),
		ConfigFile:   required("CONFIG_FILE"),
		TokenFile:    required("GITEA_RUNNER_REGISTRATION_TOKEN_FILE"),
		JobEngine:    getenv("JOB_ENGINE"),
		EnginePerJob: boolean("ENGINE_PER_JOB"),
		Ephemeral:    boolean("EPHEMERAL"),
		Metrics:      "127.0.0.1:" + required("METRICS_PORT"),
	}
	if u, err := url.Parse(c.Instance); c.Instance != "" && (err != nil || u.Host == "") {
		problems = append(problems, fmt.Errorf("GITEA_INSTANCE_URL is %q, want an address such as http://localhost:3000", c.Instance))
	}
	if forward := getenv("FORWARD"); forward != "" {
		var found bool
		if c.Listen, c.Target, found = strings.Cut(forward, "="); !found {
			problems = append(problems, fmt.Errorf("FORWARD is %q, want LISTEN=TARGET, such as 127.0.0.1:3000=forge:3000", forward))
		}
	}
	if c.EnginePerJob && c.JobEngine == "" {
		problems = append(problems, errors.New("ENGINE_PER_JOB is true, but JOB_ENGINE is not set"))
	}
	if c.Ephemeral && !c.EnginePerJob {
		problems = append(problems, errors.New("EPHEMERAL is true, but ENGINE_PER_JOB is not"))
	}
	return c, errors.Join(problems...)
}
