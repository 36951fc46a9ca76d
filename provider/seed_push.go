package provider

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/storage/memory"
)

// push pushes what the specs name. The history of a checkout is pushed by the git program,
// where there is one: it sends packs as they are. go-git makes new ones, which took 6.3 s
// in place of 0.9 s for 338 commits (2026-11-30).
func (s seed) push(ctx context.Context, repo *git.Repository, specs []config.RefSpec) error {
	ctx, cancel := context.WithTimeout(ctx, transferTimeout)
	defer cancel()
	program, err := exec.LookPath("git")
	if _, plain := repo.Storer.(*memory.Storage); plain || err != nil {
		remote := git.NewRemote(repo.Storer, &config.RemoteConfig{Name: "seed", URLs: []string{s.url}})
		return remote.PushContext(ctx, &git.PushOptions{RemoteName: "seed", RefSpecs: specs, Auth: s.auth()})
	}
	args := []string{"push", "--quiet", "--no-verify", "--no-follow-tags", "--no-signed", s.url}
	for _, spec := range specs {
		args = append(args, spec.String())
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = s.source, s.gitEnvironment()
	cmd.WaitDelay = 10 * time.Second // for the processes of git, if it is killed
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git push: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// gitEnvironment has git use the seed's credential, no proxy, and nothing of its user's.
func (s seed) gitEnvironment() []string {
	environment := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GIT_") })
	environment = append(environment, "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	credential := base64.StdEncoding.EncodeToString([]byte(s.username + ":" + s.password))
	settings := [][2]string{
		{"safe.directory", "*"}, {"http.proxy", ""}, {"credential.helper", ""}, {"http.extraHeader", "Authorization: Basic " + credential},
	}
	environment = append(environment, "GIT_CONFIG_COUNT="+strconv.Itoa(len(settings)))
	for i, setting := range settings {
		environment = append(environment, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, setting[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, setting[1]))
	}
	return environment
}
