package ociwrapper

import (
	"path/filepath"
	"slices"
	"strings"
)

// command is what the wrapper needs of a runtime's command line.
type command struct {
	name    string // such as create; empty if there is none
	options map[string]string
	id      string // of the container
}

// switches are the runtime's options without a value.
var switches = []string{
	"debug", "systemd-cgroup", "version", "help", "no-pivot", "no-subreaper", "no-new-keyring", "keep",
	"detach", "d", "tty", "t", "no-new-privs",
}

// long are the long names of options that have a short one.
var long = map[string]string{"b": "bundle", "p": "process", "f": "config"}

// parse reads a command line: options, a command, options, the container's ID.
func parse(args []string) command {
	c := command{options: map[string]string{}}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if !strings.HasPrefix(arg, "-") {
			if c.name != "" {
				c.id = arg
				return c
			}
			c.name = arg
			continue
		}
		name, value, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !given && len(args) > 0 && !slices.Contains(switches, name) {
			value, args = args[0], args[1:]
		}
		if l := long[name]; l != "" {
			name = l
		}
		c.options[name] = value
	}
	return c
}

// spec is the file with the container's description.
func (c command) spec() string {
	if file := c.options["config"]; file != "" {
		return file
	}
	return filepath.Join(c.options["bundle"], "config.json")
}
