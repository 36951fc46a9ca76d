//go:build e2e

package e2e

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secretSetting is a secret in a file, and the argument that makes it a setting of the forge.
func secretSetting(t *testing.T) (value, argument string) {
	t.Helper()
	value = rand.Text()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return value, "mailer.PASSWD=" + file
}

// hasSettings looks for lines in the forge's app.ini, which must not have those of without.
func (p *project) hasSettings(lines []string, without ...string) {
	p.t.Helper()
	ini := docker(p.t, "exec", p.container("forge-container"), "cat", "/etc/gitea/app.ini")
	squeezed := strings.Join(strings.Fields(ini), " ")
	for _, line := range lines {
		if !strings.Contains(squeezed, line) {
			p.t.Errorf("the forge's app.ini has no %q", line)
		}
	}
	for _, line := range without {
		if strings.Contains(squeezed, line) {
			p.t.Errorf("the forge's app.ini has %q", line)
		}
	}
}

// removeSetting removes a line of the stack's configuration file, as a user does.
func (p *project) removeSetting(name string) {
	p.t.Helper()
	file := filepath.Join(p.dir, "Pulumi."+p.stack+".yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatal(err)
	}
	var kept strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, name+":") {
			kept.WriteString(line)
		}
	}
	if kept.Len() == len(text) {
		p.t.Fatalf("the configuration has no %s:\n%s", name, text)
	}
	if err := os.WriteFile(file, []byte(kept.String()), 0o600); err != nil {
		p.t.Fatal(err)
	}
}
