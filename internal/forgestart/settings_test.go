package forgestart

import (
	"strings"
	"testing"
)

// TestForgetSettings starts the forge with one environment after the other. Gitea's
// environment-to-ini does not run here: what it would write is in app.ini already.
func TestForgetSettings(t *testing.T) {
	t.Parallel()
	const (
		written = "APP_NAME = Ours\nRUN_MODE = prod\n[mailer]\nENABLED = true\nFROM = a=b\n[cron.git-gc]\nENABLED=true\n[other]\nENABLED = true\nPASSWD = by hand\n"
		list    = "etc/environment-settings"
	)
	const secret = "GITEA__mailer__FROM__FILE=/x"
	all := []string{"PATH=/bin", "GITEA____APP_NAME=Ours", "GITEA__mailer__ENABLED=true", "GITEA__mailer__FROM=a=b", "GITEA__cron_0X2E_git_0X2D_gc__ENABLED=true"}
	for name, tt := range map[string]struct {
		now     []string
		removed []string // lines of app.ini
	}{
		"nothing changes":            {all, nil},
		"another value":              {append([]string{"GITEA____APP_NAME=Yours"}, all[2:]...), nil},
		"one setting is gone":        {append([]string{all[1], all[2]}, all[4]), []string{"FROM = a=b\n"}},
		"a setting is a secret now":  {append([]string{all[1], all[2], secret}, all[4]), nil},
		"of a section with a dot":    {all[:4], []string{"ENABLED=true\n"}},
		"without a section":          {all[2:], []string{"APP_NAME = Ours\n"}},
		"all, and none by hand":      {nil, []string{"APP_NAME = Ours\n", "ENABLED = true\n", "FROM = a=b\n", "ENABLED=true\n"}},
		"the environment has others": {append([]string{"GITEA__ui__ENABLED=1"}, all...), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := newFake(t, nil)
			f.write("etc/app.ini", written)
			f.environment = all
			start := func(want string) {
				t.Helper()
				if err := s.Prepare(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := f.read("etc/app.ini"); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			start(written) // the first start has no list: nothing is known to be gone
			f.environment = tt.now
			want := written
			for _, line := range tt.removed {
				want = strings.Replace(want, line, "", 1)
			}
			start(want)
			start(want)
			if strings.Contains(f.read(list), "Ours") {
				t.Errorf("the list holds values: %q", f.read(list))
			}
		})
	}
}

// TestDefaultSection holds that a section's two names are one.
func TestDefaultSection(t *testing.T) {
	t.Parallel()
	f, s := newFake(t, nil)
	f.write("etc/app.ini", "[DEFAULT]\nAPP_NAME = Ours\n")
	f.write("etc/environment-settings", "GITEA____APP_NAME\n")
	if err := s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.read("etc/app.ini"); got != "[DEFAULT]\n" {
		t.Errorf("got %q, want the setting removed", got)
	}
}

// TestForgetSecret removes a setting whose value was in a file.
func TestForgetSecret(t *testing.T) {
	t.Parallel()
	f, s := newFake(t, nil)
	f.write("etc/app.ini", "[mailer]\nPASSWD = s3cret\nFROM = x\n")
	f.write("etc/environment-settings", "GITEA__mailer__PASSWD__FILE\nGITEA__mailer__FROM__FILE\n")
	f.environment = []string{"GITEA__mailer__FROM=x"}
	if err := s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.read("etc/app.ini"); got != "[mailer]\nFROM = x\n" {
		t.Errorf("got %q, want only the secret removed", got)
	}
}
