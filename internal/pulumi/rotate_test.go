package pulumi

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/project"
	"github.com/gitops-pipeline/gitops-pipeline/internal/project/projecttest"
)

// salted is what Pulumi writes to know a passphrase again.
func salted(t *testing.T, phrase string) string {
	t.Helper()
	salt, err := newSalt(t.Context(), phrase)
	if err != nil {
		t.Fatal(err)
	}
	return salt
}

func writeState(t *testing.T, p project.Project, stack, salt string) {
	t.Helper()
	if err := os.MkdirAll(stateFiles(p), 0o700); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`{"version":3,"checkpoint":{"latest":{"secrets_providers":{"type":"passphrase","state":{"salt":%q}}}}}`, salt)
	if err := os.WriteFile(filepath.Join(stateFiles(p), stack+".json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// unfinishedRotation creates the passphrase of a project, and the next one, as an unfinished
// rotation leaves them.
func unfinishedRotation(t *testing.T, p project.Project) (old, next string) {
	t.Helper()
	old, err := Passphrase(p.PassphraseFile())
	if err != nil {
		t.Fatal(err)
	}
	if next, err = Passphrase(nextPassphrase(p)); err != nil {
		t.Fatal(err)
	}
	return old, next
}

// TestPassphraseInTheMiddle interrupts a rotation between two stacks, and in the second
// between configuration and state. Each must open with what it has.
func TestPassphraseInTheMiddle(t *testing.T) {
	t.Parallel()
	p := projecttest.New(t, "")
	old, next := unfinishedRotation(t, p)
	oldSalt, nextSalt := salted(t, old), salted(t, next)
	writeState(t, p, "done", nextSalt)
	writeState(t, p, "interrupted", oldSalt)
	for stack, want := range map[string]struct{ phrase, salt string }{
		"done": {next, nextSalt}, "interrupted": {old, oldSalt}, "new": {next, ""},
	} {
		if err := generate(p, stack); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(p.StackDir(stack), "Pulumi."+stack+".yaml")
		if stack == "interrupted" {
			if err := os.WriteFile(file, []byte("encryptionsalt: "+nextSalt+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := stackPassphrase(t.Context(), p, stack)
		if err != nil || got != want.phrase {
			t.Errorf("%s: got another passphrase, or %v", stack, err)
		}
		if want.salt != "" && !strings.Contains(read(t, file), want.salt) {
			t.Errorf("%s: got %s, want the state's salt", stack, read(t, file))
		}
	}
}

// TestBackupInTheMiddle interrupts a rotation of the passphrase between two stacks: a
// backup of each holds the passphrase that opens its own state.
func TestBackupInTheMiddle(t *testing.T) {
	t.Setenv("PULUMI_HOME", t.TempDir()) // no login of the user
	p := projecttest.New(t, "")
	old, err := Passphrase(p.PassphraseFile())
	if err != nil {
		t.Fatal(err)
	}
	oldSalt := salted(t, old)
	if got, err := passphraseOf(t.Context(), p, oldSalt); err != nil || got != old {
		t.Errorf("before the rotation: got another passphrase, or %v", err)
	}
	next, err := Passphrase(nextPassphrase(p))
	if err != nil {
		t.Fatal(err)
	}
	for salt, want := range map[string]string{salted(t, next): next, oldSalt: old, "": old} {
		got, err := passphraseOf(t.Context(), p, salt)
		if err != nil || got != want {
			t.Errorf("got another passphrase, or %v, want the one that opens the state", err)
		}
	}
	if err := CheckPassphrase(p, Portable{Passphrase: []byte(old)}); err == nil || !strings.Contains(err.Error(), "being replaced") {
		t.Errorf("restoring in the middle of a rotation: got %v, want a refusal", err)
	}
}
