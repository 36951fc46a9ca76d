package ociwrapper

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// object is a JSON object. What the wrapper does not edit stays as it was written.
type object = map[string]json.RawMessage

// Edit edits the file that a runtime's command line names: the description of the
// container to create, or of the process to start in one.
func (c Config) Edit(args []string) error {
	cmd := parse(args)
	switch cmd.name {
	case "create", "run":
		return editFile(cmd.spec(), c.container)
	case "exec":
		file := cmd.options["process"]
		if file == "" {
			return nil
		}
		vars := c.Environment
		if c.Mount != nil && mounted(cmd, c.Mount.Destination) {
			vars = merged(vars, c.Mount.Environment)
		}
		return editFile(file, func(process object) error { return addEnvironment(process, vars) })
	}
	return nil
}

// editFile edits the JSON object in a file.
func editFile(path string, edit func(object) error) error {
	content, err := readObject(path)
	if err != nil {
		return err
	}
	if err := edit(content); err != nil {
		return fmt.Errorf("editing %s: %w", path, err)
	}
	data, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("editing %s: %w", path, err)
	}
	return os.WriteFile(path, data, 0o600) // the mode of a file that is there stays
}

func readObject(path string) (object, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var content object
	if err := json.Unmarshal(data, &content); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return content, nil
}

// container edits the description of a container.
func (c Config) container(spec object) error {
	var process object
	if err := get(spec, "process", &process); err != nil || process == nil {
		return err
	}
	if err := c.addHook(spec, process); err != nil {
		return err
	}
	vars := c.Environment
	if c.Mount != nil {
		added, err := c.Mount.add(spec)
		if err != nil {
			return err
		}
		if added {
			vars = merged(vars, c.Mount.Environment)
		}
	}
	if err := addEnvironment(process, vars); err != nil {
		return err
	}
	return set(spec, "process", process)
}

// addEnvironment adds the variables that a process does not set.
func addEnvironment(process object, vars map[string]string) error {
	var env []json.RawMessage
	if err := get(process, "env", &env); err != nil {
		return err
	}
	present := map[string]bool{}
	for _, raw := range env {
		var variable string
		if err := json.Unmarshal(raw, &variable); err != nil {
			return fmt.Errorf("reading env: %w", err)
		}
		name, _, _ := strings.Cut(variable, "=")
		present[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if present[name] {
			continue
		}
		raw, err := json.Marshal(name + "=" + vars[name])
		if err != nil {
			return err
		}
		env = append(env, raw)
	}
	return set(process, "env", env)
}

// add adds the mount, unless the container has something else there, or a /dev that is
// not its own.
func (m Mount) add(spec object) (added bool, err error) {
	var mounts []json.RawMessage
	if err := get(spec, "mounts", &mounts); err != nil {
		return false, err
	}
	for _, raw := range mounts {
		var present struct{ Destination, Type string }
		if err := json.Unmarshal(raw, &present); err != nil {
			return false, fmt.Errorf("reading mounts: %w", err)
		}
		switch filepath.Clean(present.Destination) {
		case "/dev":
			added = present.Type == "tmpfs"
		case m.Destination:
			return false, nil
		}
	}
	if !added {
		return false, nil
	}
	raw, err := json.Marshal(map[string]any{
		"destination": m.Destination, "type": "bind", "source": m.Source,
		"options": []string{"bind", "ro", "nosuid", "nodev", "noexec"},
	})
	if err != nil {
		return false, err
	}
	return true, set(spec, "mounts", append(mounts, raw))
}

// addHook adds the hook to a container with a network of its own.
func (c Config) addHook(spec, process object) error {
	if c.Hook == nil {
		return nil
	}
	var env []string
	var linux struct {
		Namespaces []struct{ Type, Path string }
	}
	var hooks object
	var before []json.RawMessage
	if err := get(process, "env", &env); err != nil {
		return err
	}
	if err := get(spec, "linux", &linux); err != nil {
		return err
	}
	if err := get(spec, "hooks", &hooks); err != nil {
		return err
	}
	if err := get(hooks, "createRuntime", &before); err != nil {
		return err
	}
	own := false
	for _, n := range linux.Namespaces {
		own = own || n.Type == "network" && n.Path == ""
	}
	if !own || slices.Contains(env, c.Hook.Unless) {
		return nil
	}
	raw, err := json.Marshal(map[string]any{
		"path": c.Hook.Command[0], "args": c.Hook.Command, "env": []string{"PATH=" + os.Getenv("PATH")},
	})
	if err != nil {
		return err
	}
	if hooks == nil {
		hooks = object{}
	}
	if err := set(hooks, "createRuntime", append(before, raw)); err != nil {
		return err
	}
	return set(spec, "hooks", hooks)
}

// mounted is whether a running container has a mount: crun's file of its state names the
// directory with its description.
func mounted(c command, destination string) bool {
	var state struct{ Bundle string }
	data, err := os.ReadFile(filepath.Join(c.options["root"], c.id, "status"))
	if err != nil || json.Unmarshal(data, &state) != nil {
		return false
	}
	var mounts []struct{ Destination string }
	spec, err := readObject(filepath.Join(state.Bundle, "config.json"))
	if err != nil || get(spec, "mounts", &mounts) != nil {
		return false
	}
	return slices.ContainsFunc(mounts, func(m struct{ Destination string }) bool { return m.Destination == destination })
}

// merged are the variables of both; the first map's values count.
func merged(one, other map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, other)
	maps.Copy(all, one)
	return all
}

// get reads a field, if it is there.
func get(from object, field string, to any) error {
	raw, ok := from[field]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return fmt.Errorf("reading %s: %w", field, err)
	}
	return nil
}

func set(in object, field string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("writing %s: %w", field, err)
	}
	in[field] = raw
	return nil
}
