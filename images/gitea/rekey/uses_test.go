package main

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// uses are the files of the pinned Gitea that use SECRET_KEY, with the number of lines.
// Before a number changes here, columns must cover the new use.
var uses = map[string]int{
	"models/admin/task.go":                4, // task.payload_content
	"services/task/task.go":               4,
	"models/auth/twofactor.go":            3, // two_factor.secret, and the key that is derived for it
	"models/secret/secret.go":             3, // secret.data
	"models/webhook/webhook.go":           2, // webhook.header_authorization_encrypted
	"services/auth/source/ldap/source.go": 2, // login_source.cfg
	"models/migrations/v1_19/v233.go":     1, // the same column of webhook
	"modules/setting/security.go":         4, // where it is read
	"routers/install/install.go":          1, // the install page, which is never open
}

var encrypts = regexp.MustCompile(`\b(EncryptSecret|DecryptSecret|AesEncrypt|AesDecrypt)\(|\b(setting\.)?SecretKey\b`)

// TestUsesOfTheKey compares the list of encrypted columns with the source of the pinned
// Gitea: a new use of the key there is a column that rekey would leave behind.
func TestUsesOfTheKey(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "code.gitea.io/gitea").Output()
	root := strings.TrimSpace(string(out))
	if err != nil || root == "" {
		t.Fatalf("got %q and %v, want the directory of Gitea's source", root, err)
	}
	found := map[string]int{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || name == "modules/secret/secret.go" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			if code, _, _ := strings.Cut(line, "//"); encrypts.MatchString(code) {
				found[name]++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if found[name] != uses[name] {
			t.Errorf("%s uses the key on %d lines, want %d: does columns cover them?", name, found[name], uses[name])
		}
	}
	for name := range uses {
		if found[name] == 0 {
			t.Errorf("%s does not use the key any more", name)
		}
	}
}
