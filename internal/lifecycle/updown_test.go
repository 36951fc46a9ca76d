package lifecycle

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/doctor"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
)

// TestUpKeepsItsConfiguration saves what was assigned, once the machine has passed.
func TestUpKeepsItsConfiguration(t *testing.T) {
	for name, test := range map[string]struct {
		checks []doctor.Result
		want   bool
	}{
		"passed": {[]doctor.Result{{Name: "disk", State: doctor.Warning}}, true},
		"failed": {[]doctor.Result{{Name: "disk", State: doctor.Failed, Detail: "full", Next: "free some"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := &fakeHost{checks: test.checks}
			env, out := environment(t, h)
			err := Up(t.Context(), env, UpOptions{Config: []string{"httpPort=3999"}})
			if (err == nil) != test.want || !strings.Contains(out.String(), "disk") {
				t.Errorf("got %v and\n%s\nwant success %t", err, out, test.want)
			}
			text, readErr := os.ReadFile(env.Project.ConfigFile("dev"))
			if readErr != nil || strings.Contains(string(text), "3999") != test.want {
				t.Errorf("got configuration %q, %v", text, readErr)
			}
			if (h.did() == "up") != test.want {
				t.Errorf("got done: %s", h.did())
			}
		})
	}
}

// TestUpKeepsSecrets hands a secret to the program and keeps it encrypted; the next up finds
// it there.
func TestUpKeepsSecrets(t *testing.T) {
	env, out := environment(t, &fakeHost{})
	var got config.Config
	env.Program = func(c config.Config, _ string, _ Artifacts, _ io.Writer) sdk.RunFunc {
		got = c
		return nil
	}
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []UpOptions{{Secrets: []string{"mailer.PASSWD=" + file}, Config: []string{"httpPort=3999"}}, {}} {
		if err := Up(t.Context(), env, o); err != nil {
			t.Fatal(err)
		}
		if !got.SecretSettings || got.ForgeSettings["mailer.PASSWD"] != "s3cret" || got.HTTPPort != 3999 {
			t.Errorf("the program got %+v, want the secret", got)
		}
	}
	text, err := os.ReadFile(env.Project.ConfigFile("dev"))
	if err != nil || strings.Contains(string(text)+out.String(), "s3cret") || !strings.Contains(string(text), "secure: v1:") {
		t.Errorf("got %v and the configuration\n%s\nwant the secret encrypted", err, text)
	}
}

// TestUpRefusesSecrets changes nothing where a secret cannot be taken or decrypted.
func TestUpRefusesSecrets(t *testing.T) {
	h := &fakeHost{}
	env, _ := environment(t, h)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("a\nb"), 0o600); err != nil {
		t.Fatal(err)
	}
	for secret, want := range map[string]string{
		"mailer.PASSWD": "section.KEY=FILE", "mailer.PASSWD=" + file: "line break", "server.HTTP_PORT=" + file: "the key httpPort",
	} {
		if err := Up(t.Context(), env, UpOptions{Secrets: []string{secret}}); err == nil || !strings.Contains(err.Error(), want) || problem.Next(err) == "" {
			t.Errorf("%s: got %v, next %q, want an error with %q", secret, err, problem.Next(err), want)
		}
	}
	const lost = "encryptionsalt: v1:AAAAAAAAAAA=:v1:x:y\nconfig:\n  gitops-pipeline:forge.settings:\n    mailer.PASSWD:\n      secure: v1:x:y\n"
	if err := os.WriteFile(env.Project.ConfigFile("dev"), []byte(lost), 0o600); err != nil {
		t.Fatal(err)
	}
	err := Up(t.Context(), env, UpOptions{Config: []string{"httpPort=3999"}})
	if err == nil || !strings.Contains(err.Error(), "mailer.PASSWD") || !strings.Contains(problem.Next(err), "--secret") {
		t.Errorf("got %v, next %q, want the secret that is lost", err, problem.Next(err))
	}
	if text, _ := os.ReadFile(env.Project.ConfigFile("dev")); string(text) != lost || h.did() != "" {
		t.Errorf("got done: %s, and the configuration\n%s", h.did(), text)
	}
}

func TestUpIsLocked(t *testing.T) {
	h := &fakeHost{}
	env, _ := environment(t, h)
	release, err := pulumi.Lock(env.Project.LockFile("dev"))
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if err := Up(t.Context(), env, UpOptions{}); !errors.Is(err, pulumi.ErrBusy) || h.did() != "" {
		t.Errorf("got %v, done: %s; want ErrBusy and nothing", err, h.did())
	}
}

// TestDown takes down what is there: a stack, with and without its data, or nothing.
func TestDown(t *testing.T) {
	managed := pulumi.Managed{"forge": true, "runner": true, "net": true}
	const everything = "remove container forge, remove container runner, remove network net, remove volume data"
	for name, test := range map[string]struct {
		noObjects bool
		managed   pulumi.Managed
		options   DownOptions
		want      string
		says      string
		fails     bool
	}{
		"a stack":          {managed: managed, want: "destroy", says: "kept  volume    data"},
		"nothing":          {noObjects: true, says: "nothing to take down"},
		"with data":        {managed: managed, options: DownOptions{Purge: true, Yes: true}, want: "destroy, " + everything + ", forget", says: "is gone"},
		"unconfirmed":      {managed: managed, options: DownOptions{Purge: true}, says: "volume    data", fails: true},
		"remains":          {options: DownOptions{Purge: true, Yes: true}, want: everything, says: "is gone"},
		"of another clone": {options: DownOptions{Purge: true, Yes: true}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := &fakeHost{managed: test.managed}
			env, out := environment(t, h)
			if !test.noObjects {
				h.withStack(env.Project.Identity())
			}
			if name == "of another clone" {
				h.withStack("elsewhere:/clone")
			}
			writeState(t, env, test.managed)
			err := Down(t.Context(), env, test.options)
			if (err != nil) != test.fails {
				t.Errorf("got %v, want failure %t", err, test.fails)
			}
			if got := h.did(); got != test.want {
				t.Errorf("got done: %s; want: %s", got, test.want)
			}
			if !strings.Contains(out.String(), test.says) {
				t.Errorf("got output without %q:\n%s", test.says, out)
			}
		})
	}
}

func TestBackupTarget(t *testing.T) {
	env, _ := environment(t, &fakeHost{})
	dir := t.TempDir()
	file := filepath.Join(dir, "there")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := &State{Environment: env}
	for name, test := range map[string]struct {
		file  string
		force bool
		ok    bool
		usage bool
	}{
		"new":       {filepath.Join(dir, "new"), false, true, false},
		"there":     {file, false, false, false},
		"forced":    {file, true, true, false},
		"directory": {dir, true, false, true},
	} {
		err := checkTarget(test.file, test.force).Run(t.Context(), s)
		if (err == nil) != test.ok || problem.IsUsage(err) != test.usage {
			t.Errorf("%s: got %v, want accepted %t", name, err, test.ok)
		}
	}
}
