package pulumi

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project/projecttest"
)

// TestCheckState loses or damages one file of .pipeline at a time.
func TestCheckState(t *testing.T) {
	t.Setenv("HOME", t.TempDir()) // no `pulumi login` of the user's
	for name, test := range map[string]struct {
		lose func(t *testing.T, p project.Project)
		want string // part of the reason; empty when it can be opened
	}{
		"nothing": {func(*testing.T, project.Project) {}, ""},
		"the passphrase": {func(t *testing.T, p project.Project) {
			remove(t, p.PassphraseFile())
		}, "is missing"},
		"the passphrase, and another was made": {func(t *testing.T, p project.Project) {
			remove(t, p.PassphraseFile())
			if _, err := Passphrase(p.PassphraseFile()); err != nil {
				t.Fatal(err)
			}
		}, "does not open it"},
		"the state": {func(t *testing.T, p project.Project) {
			remove(t, filepath.Join(stateFiles(p), "dev.json"))
		}, ""},
		"the end of the state": {func(t *testing.T, p project.Project) {
			if err := os.Truncate(filepath.Join(stateFiles(p), "dev.json"), 30); err != nil {
				t.Fatal(err)
			}
		}, "is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			p := projecttest.New(t, "")
			phrase, err := Passphrase(p.PassphraseFile())
			if err != nil {
				t.Fatal(err)
			}
			earlier := time.Now().Add(-time.Hour)
			if err := os.Chtimes(p.PassphraseFile(), earlier, earlier); err != nil {
				t.Fatal(err)
			}
			writeState(t, p, "dev", salted(t, phrase))
			test.lose(t, p)
			err = CheckState(t.Context(), p, "dev")
			if test.want == "" && err != nil {
				t.Fatalf("got %v, want a state that can be opened", err)
			}
			if test.want != "" && (!errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), test.want) || !strings.Contains(problem.Next(err), "--take-over")) {
				t.Errorf("got %v, next %q, want ErrUnreadable with %q and the way out", err, problem.Next(err), test.want)
			}
			if err != nil && strings.Contains(test.want, "missing") {
				if _, err := os.Stat(p.PassphraseFile()); err == nil {
					t.Error("a new passphrase was made, which hides that the old one is lost")
				}
			}
		})
	}
}

func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}

func TestSetStateAside(t *testing.T) {
	t.Parallel()
	p := projecttest.New(t, "")
	writeState(t, p, "dev", "v1:x")
	writeState(t, p, "other", "v1:y")
	dir, err := SetStateAside(p, "dev")
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, filepath.Join(dir, "dev.json")); !strings.Contains(got, "v1:x") {
		t.Errorf("got %q, want the state kept", got)
	}
	if state, err := localState(p, "dev"); state != nil || err != nil {
		t.Errorf("got state %v and %v, want none", state, err)
	}
	if state, err := localState(p, "other"); state == nil || err != nil {
		t.Errorf("got no state of another stack, %v", err)
	}
}

// TestFitSalt loses the workspace's configuration, or the state, but not both.
func TestFitSalt(t *testing.T) {
	t.Parallel()
	const phrase, other = "the right passphrase", "another passphrase"
	right, stale := salted(t, phrase), salted(t, other)
	for name, test := range map[string]struct{ state, workspace, want string }{
		"both agree":                       {right, right, right},
		"the configuration is lost":        {right, "", right},
		"the state is lost":                {"", right, right},
		"state and passphrase are lost":    {"", stale, ""},
		"the configuration is of an older": {right, stale, right},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := projecttest.New(t, "")
			if err := generate(p, "dev"); err != nil {
				t.Fatal(err)
			}
			if test.state != "" {
				writeState(t, p, "dev", test.state)
			}
			file := workspaceConfigFile(p, "dev")
			if test.workspace != "" {
				if err := os.WriteFile(file, []byte("encryptionsalt: "+test.workspace+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := fitSalt(t.Context(), p, "dev", phrase); err != nil {
				t.Fatal(err)
			}
			if got := read(t, file); test.want != "" && !strings.Contains(got, test.want) || test.want == "" && strings.Contains(got, "encryptionsalt") {
				t.Errorf("got %q, want the salt %q", got, test.want)
			}
		})
	}
}

func TestUnmanaged(t *testing.T) {
	t.Parallel()
	objects := []dockerhost.Object{
		{Kind: "container", ID: "known", Role: naming.Forge}, {Kind: "container", ID: "unknown", Role: naming.Runner},
		{Kind: "network", ID: "net"}, {Kind: "container", ID: "someone's, from the service's image"},
		{Kind: "volume", ID: "data"}, {Kind: "image", ID: "service"},
	}
	got := Managed{"known": true}.Unmanaged(objects)
	if len(got) != 2 || got[0].ID != "unknown" || got[1].ID != "net" {
		t.Errorf("got %v, want the unknown container and the network, and nothing with data", got)
	}
}
