package config

import (
	"maps"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/project/projecttest"
)

func TestRead(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text, err string
		want      map[string]string
	}{
		"none":        {"", "", map[string]string{}},
		"other space": {"config:\n  docker:host: tcp://x\n  gitops-pipeline:seed: \"false\"\n", "", map[string]string{"seed": "false"}},
		"dotted":      {"config:\n  gitops-pipeline:runner.count: \"2\"\n", "", map[string]string{"runner.count": "2"}},
		"number":      {"config:\n  gitops-pipeline:httpPort: 3100\n", "", map[string]string{"httpPort": "3100"}},
		"secret":      {"config:\n  gitops-pipeline:host:\n    secure: v1:x\n", "encrypted", nil},
		"no yaml":     {"config: [", "Pulumi.dev.yaml", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Read(projecttest.New(t, test.text), "dev")
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want an error with %q", err, test.err)
				}
				return
			}
			if err != nil || !maps.Equal(got, test.want) {
				t.Errorf("got %v, %v, want %v", got, err, test.want)
			}
		})
	}
}

func TestSave(t *testing.T) {
	t.Parallel()
	p := projecttest.New(t, "config:\n  gitops-pipeline:httpPort: \"3100\"\n")
	if err := Save(p, "dev", []string{"gitops-pipeline:sshPort=2300", "runner.count=2", "httpPort=3200"}, ""); err != nil {
		t.Fatal(err)
	}
	got, err := Read(p, "dev")
	want := map[string]string{"httpPort": "3200", "sshPort": "2300", "runner.count": "2"}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, bad := range []string{"httpPort", "=1", "other:key=1", "a b=1"} {
		if err := Save(p, "dev", []string{bad}, ""); err == nil {
			t.Errorf("%q: got no error", bad)
		}
	}
}
