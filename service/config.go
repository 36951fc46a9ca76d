package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// config is the configuration, read from environment variables.
type config struct {
	port       string        // PORT: TCP port, default 8080; 0 means any free one
	readyAfter time.Duration // READY_AFTER: delays readiness, default 0s
	drain      time.Duration // DRAIN: pause between not ready and shutdown, default 2s
	shutdown   time.Duration // SHUTDOWN_TIMEOUT: limit for the shutdown, default 10s
}

// loadConfig reads the environment and reports all errors at once.
func loadConfig(getenv func(string) string) (config, error) {
	c := config{port: "8080", drain: 2 * time.Second, shutdown: 10 * time.Second}
	var errs []error
	if v := getenv("PORT"); v != "" {
		if n, err := strconv.Atoi(v); err != nil || n < 0 || n > 65535 {
			errs = append(errs, fmt.Errorf("PORT is %q; set it to a number from 0 to 65535", v))
		}
		c.port = v
	}
	for name, d := range map[string]*time.Duration{
		"READY_AFTER": &c.readyAfter, "DRAIN": &c.drain, "SHUTDOWN_TIMEOUT": &c.shutdown,
	} {
		v := getenv(name)
		if v == "" {
			continue
		}
		parsed, err := time.ParseDuration(v)
		if err != nil || parsed < 0 {
			errs = append(errs, fmt.Errorf("%s is %q; set it to a duration such as 2s or 500ms", name, v))
		}
		*d = parsed
	}
	return c, errors.Join(errs...)
}
