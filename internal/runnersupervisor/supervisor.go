package runnersupervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Intervals between two attempts.
const (
	forgeInterval    = 200 * time.Millisecond
	registerInterval = time.Second
	engineInterval   = 200 * time.Millisecond
	logInterval      = 30 * time.Second // between two log lines about the same failure
)

// Program starts gitea-runner.
type Program interface {
	// Start starts it with arguments, and with text on its standard input.
	Start(text string, args ...string) (Process, error)
}

// Process is a gitea-runner process.
type Process interface {
	// Kill ends it with SIGKILL.
	Kill() error
	// Wait returns when it has ended; an exit code other than 0 is an error.
	Wait() error
}

// Forge is what the supervisor needs of the forge.
type Forge interface {
	// Healthy returns an error unless the forge is ready.
	Healthy(ctx context.Context) error
	// Knows returns whether the forge accepts a registration.
	Knows(ctx context.Context, r Registration, version string) (bool, error)
}

// JobEngine is the runner's job engine, reached as a Docker engine.
type JobEngine interface {
	// RemoveJobs removes the containers of jobs.
	RemoveJobs(ctx context.Context) error
	// Ended returns when the engine has ended or cannot be reached.
	Ended(ctx context.Context) error
}

// Control replaces job engines.
type Control interface {
	// Acquire waits for a job engine that no job has used.
	Acquire(ctx context.Context) error
	// Release reports that the job has ended.
	Release(ctx context.Context) error
}

// Metrics reads gitea-runner's metrics.
type Metrics func(ctx context.Context) (string, error)

// Supervisor runs gitea-runner. All fields are required, except Engine and Control where
// jobs run on the Docker host.
type Supervisor struct {
	Config  Config
	Program Program
	Forge   Forge
	Engine  JobEngine
	Control Control
	Metrics Metrics
	Dir     string // of the registration
	Log     *slog.Logger
}

// Run supervises the runner until ctx ends or the daemon fails; Docker's restart policy
// then starts the container again.
func (s *Supervisor) Run(ctx context.Context) error {
	if s.Config.EnginePerJob {
		return s.runEnginePerJob(ctx)
	}
	if err := s.register(ctx); err != nil {
		return err
	}
	// No runner needs the jobs of a killed runner any more: their tasks have failed. The
	// Docker host is left alone, because it may run other runners' jobs.
	if s.Engine != nil {
		if err := s.retry(ctx, engineInterval, "removing the jobs that were left", s.Engine.RemoveJobs); err != nil {
			return err
		}
	}
	return s.daemon(ctx)
}

// runEnginePerJob gives each job a fresh job engine. The first Acquire also discards the
// engine that a killed runner used.
func (s *Supervisor) runEnginePerJob(ctx context.Context) error {
	args := []string{"--once"}
	if s.Config.Ephemeral {
		args = nil // the registration says so
	}
	for {
		if err := s.Control.Acquire(ctx); err != nil {
			return err
		}
		if err := s.register(ctx); err != nil {
			return err
		}
		err := s.daemon(ctx, args...)
		var killed *killedError
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case s.Config.Ephemeral && (err == nil || errors.As(err, &killed)):
			// The registration was used, or may have been.
			if err := os.Remove(s.registration()); err != nil {
				return fmt.Errorf("removing a used registration: %w", err)
			}
		case err != nil:
			return err
		}
		if err := s.Control.Release(ctx); err != nil {
			return err
		}
	}
}

func (s *Supervisor) registration() string { return filepath.Join(s.Dir, registrationFile) }

// register returns when the runner has a registration that the forge accepts: the existing
// one, with the forge's current address, or a new one.
func (s *Supervisor) register(ctx context.Context) error {
	if err := s.awaitForge(ctx); err != nil {
		return err
	}
	usable, err := s.usable(ctx)
	if err != nil || usable {
		return err
	}
	return s.retry(ctx, registerInterval, "registering the runner", func(context.Context) error {
		// gitea-runner would ask whether to replace an existing registration.
		if err := os.RemoveAll(s.registration()); err != nil {
			return err
		}
		token, err := os.ReadFile(s.Config.TokenFile)
		if err != nil {
			return err
		}
		args := []string{"register", "--config", s.Config.ConfigFile, "--instance", s.Config.Instance, "--name", s.Config.Name}
		if s.Config.Ephemeral {
			args = append(args, "--ephemeral")
		}
		// gitea-runner reads the token from its standard input. Everyone on the host could read
		// an argument.
		register, err := s.Program.Start(strings.TrimSpace(string(token))+"\n", args...)
		if err != nil {
			return err
		}
		if err := s.wait(ctx, register); err != nil {
			return err
		}
		_, err = readRegistration(s.registration())
		return err
	})
}

// usable returns whether the registration on the volume can be used. It first updates the
// forge's address in the registration.
func (s *Supervisor) usable(ctx context.Context) (bool, error) {
	r, err := readRegistration(s.registration())
	if errors.Is(err, errNoRegistration) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if r.Ephemeral != s.Config.Ephemeral {
		return false, nil
	}
	if strings.TrimRight(r.Address, "/") != s.Config.Instance {
		s.Log.Info("the forge has another address", "was", r.Address, "is", s.Config.Instance)
		if err := moveRegistration(s.registration(), s.Config.Instance); err != nil {
			return false, err
		}
	}
	var known bool
	err = s.retry(ctx, forgeInterval, "asking the forge for the runner", func(ctx context.Context) (err error) {
		known, err = s.Forge.Knows(ctx, r, "")
		return err
	})
	if err == nil && !known {
		s.Log.Warn("the forge does not know this runner; registering it again")
	}
	return known, err
}

// awaitForge waits for the forge. Without the forge, the daemon would end, and Docker would
// wait longer before each restart.
func (s *Supervisor) awaitForge(ctx context.Context) error {
	return s.retry(ctx, forgeInterval, "waiting for the forge", s.Forge.Healthy)
}

// daemon runs gitea-runner's daemon, and watches it until it ends.
func (s *Supervisor) daemon(ctx context.Context, args ...string) error {
	if err := s.awaitForge(ctx); err != nil {
		return err
	}
	process, err := s.Program.Start("", append([]string{"daemon", "--config", s.Config.ConfigFile}, args...)...)
	if err != nil {
		return fmt.Errorf("starting the runner's daemon: %w", err)
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	watched := make(chan error, 1)
	go func() {
		reason := s.watch(watching)
		if reason != nil {
			s.Log.Error("killing the runner's daemon", "why", reason)
			_ = process.Kill()
		}
		watched <- reason
	}()
	err = s.wait(ctx, process)
	stop()
	if reason := <-watched; reason != nil {
		return &killedError{reason}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("the runner's daemon ended: %w", err)
	}
	return nil
}

// wait waits for a process, and kills it when ctx ends.
func (s *Supervisor) wait(ctx context.Context, p Process) error {
	stop := context.AfterFunc(ctx, func() { _ = p.Kill() })
	defer stop()
	return p.Wait()
}

// retry calls do at an interval until it succeeds or ctx ends. It logs the first error, and
// then at most one error per logInterval.
func (s *Supervisor) retry(ctx context.Context, interval time.Duration, what string, do func(ctx context.Context) error) error {
	var logged time.Time
	for {
		err := do(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil {
			return nil
		}
		if time.Since(logged) >= logInterval {
			logged = time.Now()
			s.Log.Warn(what+" failed; trying again", "why", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(interval):
		}
	}
}
