package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// shim notes a call as words with zeros in between, the folder first and then
// what of the environment decides, and makes it.
const shim = `#!/bin/bash
printf '%%s\0' "$PWD" "CGO_ENABLED=$CGO_ENABLED" "GOFLAGS=$GOFLAGS" %[1]s "$@" > %[2]s/"$EPOCHREALTIME-$$"
exec %[3]s "$@"
`

// makeShims makes programs that note how the launcher calls them, so that the
// floor does the same and not what someone wrote down once.
func (p *partsBuild) makeShims() error {
	p.shims, p.notes = filepath.Join(p.s.dir+"-shims", "bin"), filepath.Join(p.s.dir+"-shims", "notes")
	if err := os.MkdirAll(p.shims, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"go", "mmdebstrap"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue // the launcher installs it, or says that it is missing
		}
		text := fmt.Sprintf(shim, name, p.notes, path)
		if err := os.WriteFile(filepath.Join(p.shims, name), []byte(text), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// call is one noted call.
type call struct {
	dir  string
	env  []string
	args []string
}

// calls are the noted builds, in their order.
func (p *partsBuild) calls() ([]call, error) {
	files, err := os.ReadDir(p.notes) // by name, which begins with the time
	if err != nil {
		return nil, err
	}
	var calls []call
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(p.notes, f.Name()))
		if err != nil {
			return nil, err
		}
		c, err := parseCall(string(text))
		if err != nil {
			return nil, err
		}
		if c.args[0] == "mmdebstrap" || len(c.args) > 1 && c.args[1] == "build" {
			calls = append(calls, c)
		}
	}
	return calls, nil
}

func parseCall(text string) (call, error) {
	words := strings.Split(strings.TrimSuffix(text, "\x00"), "\x00")
	if len(words) < 4 {
		return call{}, fmt.Errorf("a noted call has %d words, want a folder, two variables and a program", len(words))
	}
	return call{dir: words[0], env: words[1:3], args: words[3:]}, nil
}

// redirected is the call with its result in another place: behind -o, or the
// last word.
func (c call) redirected(to string) []string {
	args := slices.Clone(c.args)
	at := slices.Index(args, "-o") + 1
	if at == 0 {
		at = len(args) - 1
	}
	args[at] = to
	return args
}
