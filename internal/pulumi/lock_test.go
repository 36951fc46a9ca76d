package pulumi

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestLock(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "stacks", "dev", "lock")
	release, err := Lock(file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Lock(file)
	if !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "pid "+strconv.Itoa(os.Getpid())) {
		t.Errorf("second lock: got %v, want ErrBusy with this pid", err)
	}
	release()
	again, err := Lock(file)
	if err != nil {
		t.Fatalf("after release: %v", err)
	}
	again()
}

func TestPassphrase(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), ".pipeline", "passphrase")
	got := make([]string, 8)
	var wait sync.WaitGroup
	for i := range got {
		wait.Go(func() {
			phrase, err := Passphrase(file)
			if err != nil {
				t.Error(err)
			}
			got[i] = phrase
		})
	}
	wait.Wait()
	for _, phrase := range got {
		if phrase != got[0] || len(phrase) < 40 {
			t.Errorf("got %d characters, want one long phrase for all", len(phrase))
		}
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Passphrase(file); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, want 0600", info.Mode().Perm())
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".passphrase-*"))
	if len(left) > 0 {
		t.Errorf("got leftovers %v", left)
	}
}

func TestPassphraseEmpty(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Passphrase(file); err == nil {
		t.Error("got no error for an empty passphrase")
	}
}
