package actions

import (
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// step returns the script of a step of the project's workflow.
func step(t *testing.T, job, name string) string {
	t.Helper()
	data, err := os.ReadFile("../.gitea/workflows/ci.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct{ Name, Run string }
		}
	}
	if err := yaml.Unmarshal(data, &workflow); err != nil {
		t.Fatal(err)
	}
	for _, s := range workflow.Jobs[job].Steps {
		if s.Name == name {
			return s.Run
		}
	}
	t.Fatalf("the job %s has no step %q", job, name)
	return ""
}

// runStep runs a script as the runner does, in a checkout of a repository of the forge. Its
// docker command only records its arguments, and runs the program $HOOK if there is one.
func runStep(t *testing.T, script, url string, env ...string) (asked string, err error) {
	t.Helper()
	bin, checkout := t.TempDir(), t.TempDir()
	notes := filepath.Join(bin, "notes")
	stub := "#!/bin/sh\necho \"$*\" >> '" + notes + "'\ncase $1 in login) cat > /dev/null ;; esac\n[ -z \"$HOOK\" ] || exec \"$HOOK\" \"$@\"\n"
	if err := os.WriteFile(filepath.Join(bin, "docker"), []byte(stub), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"init", "--quiet"}, {"remote", "add", "origin", url},
		{"config", "http.extraheader", "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("x:"+token))}, // as checkout keeps it
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = checkout
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
	}
	cmd := exec.Command("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script)
	cmd.Dir = checkout
	cmd.Env = append(os.Environ(), append([]string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "GIT_TERMINAL_PROMPT=0", "IMAGE=localhost:3000/ann/service",
		"REGISTRY_HOST=localhost:3000", "REGISTRY_USER=ann", "REGISTRY_PASS=secret", "GITHUB_ENV=" + filepath.Join(bin, "env"),
	}, env...)...)
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), token) {
		t.Errorf("the step prints its token:\n%s", out)
	}
	text, readErr := os.ReadFile(notes)
	if readErr != nil {
		t.Fatalf("docker was not asked for anything: %v\n%s", readErr, out)
	}
	return string(text), err
}

// TestLatestFollowsMain checks that only the newest commit of main becomes latest, and not an
// older commit whose run was slow or was started again.
func TestLatestFollowsMain(t *testing.T) {
	t.Parallel()
	url, commits := forge(t)
	script := step(t, "build-and-push", "Push the image")
	for name, tt := range map[string]struct {
		revision string
		latest   bool
	}{
		"the newest commit": {commits[0], true},
		"an older commit":   {commits[1], false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked, err := runStep(t, script, url+"/ann/shop", "REVISION="+tt.revision)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(asked, "push localhost:3000/ann/service:"+tt.revision) {
				t.Errorf("docker was asked\n%s\nwant the commit's own tag pushed", asked)
			}
			if got := strings.Contains(asked, "push localhost:3000/ann/service:latest"); got != tt.latest {
				t.Errorf("got latest pushed: %t, want %t", got, tt.latest)
			}
		})
	}
	t.Run("a forge that does not answer", func(t *testing.T) {
		t.Parallel()
		asked, err := runStep(t, script, "http://127.0.0.1:1/ann/shop", "REVISION="+commits[0])
		if err == nil || strings.Contains(asked, ":latest") {
			t.Errorf("got %v and\n%s\nwant a failed step that leaves latest as it is", err, asked)
		}
	})
}

// TestLatestIsCorrected has main move after the question and before the push of latest: the
// push may have moved latest back from a newer commit.
func TestLatestIsCorrected(t *testing.T) {
	t.Parallel()
	script := step(t, "build-and-push", "Push the image")
	const latest = "push localhost:3000/ann/service:latest\n"
	for name, tt := range map[string]struct {
		revision, published int // commits, the newest is 0; -1 for none
	}{
		"the newest is published":                {1, 0},
		"the newest is not published yet":        {1, -1},
		"the newest is red, the one before, not": {2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, repo, commits := forgeWithRepository(t)
			move := func(commit string) string {
				return "git --git-dir='" + repo + "/.git' update-ref refs/heads/main " + commit
			}
			published, want := "none", latest
			if tt.published >= 0 {
				published = commits[tt.published]
				const image = "localhost:3000/ann/service:"
				want += "tag " + image + published + " " + image + "latest\n" + latest
			}
			hook := filepath.Join(t.TempDir(), "hook")
			if err := os.WriteFile(hook, []byte(`#!/bin/sh
case "$*" in
login*) git fetch --quiet --depth=1 origin `+commits[tt.revision]+` ;;
*:latest) [ "$1" = tag ] || `+move(commits[0])+` ;;
"pull --quiet localhost:3000/ann/service:`+published+`") ;;
pull*) exit 1 ;;
esac
`), 0o700); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("sh", "-c", move(commits[tt.revision])).CombinedOutput(); err != nil {
				t.Fatalf("moving main: %v\n%s", err, out)
			}
			asked, err := runStep(t, script, url+"/ann/shop", "REVISION="+commits[tt.revision], "HOOK="+hook)
			if err != nil {
				t.Fatal(err)
			}
			var did strings.Builder
			for line := range strings.Lines(asked) {
				if strings.Contains(line, ":latest") {
					did.WriteString(line)
				}
			}
			if did.String() != want {
				t.Errorf("docker was asked\n%s\nwant of latest\n%s", asked, want)
			}
		})
	}
}

// TestImageNameIsLowered checks that an owner with capital letters gets a valid image name.
func TestImageNameIsLowered(t *testing.T) {
	t.Parallel()
	url, commits := forge(t)
	script := strings.ReplaceAll(step(t, "build-and-push", "Build the image"), "git log -1 --format=%cI", "echo now")
	asked, err := runStep(t, script, url+"/ann/shop", "REVISION="+commits[0], "REPOSITORY=localhost:3000/DevTeam/service")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(asked, "--tag localhost:3000/devteam/service:"+commits[0]) {
		t.Errorf("docker was asked\n%s\nwant the name in lower case", asked)
	}
}
