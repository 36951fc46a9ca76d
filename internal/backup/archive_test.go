package backup

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

const content = "ref: refs/heads/main\n"

// sample writes an archive with one volume of one file.
func sample(t *testing.T, lock Lock) string {
	t.Helper()
	var volumes bytes.Buffer
	w := tar.NewWriter(&volumes)
	for _, h := range []*tar.Header{
		{Typeflag: tar.TypeDir, Name: "volumes/", Mode: 0o755},
		{Typeflag: tar.TypeDir, Name: "volumes/forge-data/", Mode: 0o750, Uid: 1000, Gid: 1000},
		{Typeflag: tar.TypeReg, Name: "volumes/forge-data/HEAD", Mode: 0o640, Uid: 1000, Gid: 1000, Size: int64(len(content))},
	} {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.Write([]byte(content))
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "backup")
	m := Manifest{Format: Format, Stack: "dev", Created: time.Now(), Volumes: []Volume{{Name: "forge-data", Files: 1, Bytes: int64(len(content))}}}
	if _, err := Write(file, lock, m, StateFiles{State: []byte("{}"), Passphrase: []byte("secret")}, &volumes); err != nil {
		t.Fatal(err)
	}
	return file
}

func given(k Key) func(Header) (Key, error) { return func(Header) (Key, error) { return k, nil } }

func TestWriteAndOpen(t *testing.T) {
	t.Parallel()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	identities := filepath.Join(t.TempDir(), "identity")
	if err := os.WriteFile(identities, []byte(identity.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		lock Lock
		key  Key
	}{
		"plain":      {},
		"passphrase": {Lock{Passphrase: "correct horse"}, Key{Passphrase: "correct horse"}},
		"recipient":  {Lock{Recipients: []string{identity.Recipient().String()}}, Key{IdentityFile: identities}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := sample(t, test.lock)
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("got mode %v and %v, want 0600", info.Mode(), err)
			}
			if raw, _ := os.ReadFile(file); name != "plain" && bytes.Contains(raw, []byte(content)) {
				t.Error("an encrypted archive shows what it holds")
			}
			a, err := Open(file, given(test.key))
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			if a.Manifest.Stack != "dev" || string(a.StateFiles.Passphrase) != "secret" {
				t.Errorf("got manifest %+v and passphrase %q, want what was written", a.Manifest, a.StateFiles.Passphrase)
			}
			var out bytes.Buffer
			if err := a.Volumes(&out); err != nil {
				t.Fatal(err)
			}
			files := tar.NewReader(&out)
			h, err := files.Next()
			if err == nil && h.Typeflag == tar.TypeDir {
				h, err = files.Next()
			}
			if err != nil || h.Name != "volumes/forge-data/HEAD" || h.Uid != 1000 || h.Mode != 0o640 {
				t.Fatalf("got %+v and %v, want the file with its owner", h, err)
			}
			if text, _ := io.ReadAll(files); string(text) != content {
				t.Errorf("got %q, want %q", text, content)
			}
		})
	}
}

func TestWrongKeyIsRefused(t *testing.T) {
	t.Parallel()
	file := sample(t, Lock{Passphrase: "correct horse"})
	for _, key := range []Key{{}, {Passphrase: "wrong horse"}} {
		if _, err := Open(file, given(key)); !errors.Is(err, ErrKey) {
			t.Errorf("got %v with key %+v, want ErrKey", err, key)
		}
	}
}

// TestEveryBitCounts flips one bit of each byte, one after the other, and truncates the file
// before each byte.
func TestEveryBitCounts(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(sample(t, Lock{}))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "damaged")
	refused := func(what string, at int, text []byte) {
		t.Helper()
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(file, given(Key{}))
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNoBackup) && !errors.Is(err, ErrNewer) {
			t.Errorf("%s %d: got %v, want it refused", what, at, err)
		}
	}
	for at := range whole {
		changed := bytes.Clone(whole)
		changed[at] ^= 1 << (at % 8)
		refused("flipped a bit of byte", at, changed)
		refused("truncated at byte", at, whole[:at])
	}
	refused("longer by", 1, append(bytes.Clone(whole), 0))
}

func TestNewerFormatIsRefused(t *testing.T) {
	t.Parallel()
	file := sample(t, Lock{})
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// Whatever a newer header says below its second line.
	newer := strings.Replace(string(text), "format 1\nencrypted no", "format 2\nanother line", 1)
	if err := os.WriteFile(file, []byte(newer), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, given(Key{})); !errors.Is(err, ErrNewer) {
		t.Errorf("got %v, want ErrNewer", err)
	}
}

func TestVolumeOfRefusesOtherPlaces(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"volumes/../etc/passwd", "/etc/passwd", "etc", "volumes/../volumesx/a", ".."} {
		if volume, err := volumeOf(&tar.Header{Name: name}); err == nil {
			t.Errorf("got volume %q of %q, want it refused", volume, name)
		}
	}
}

func TestKept(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		role   naming.Role
		runner string
		want   string // empty: left out
	}{
		{"gitops-pipeline-dev-forge-data", naming.ForgeData, "", "forge-data"},
		{"gitops-pipeline-dev-runner-0-data", naming.RunnerData, "runner-0", "runner-0-data"},
		{"gitops-pipeline-dev-runner-0-engine-data", naming.JobEngineData, "runner-0", ""},
		{"gitops-pipeline-dev-runner-0-engine-run", naming.JobEngineControl, "runner-0", ""},
		{"gitops-pipeline-dev-other", "", "", "other"}, // of an earlier version, without a role: rather too much than too little
		{"elsewhere", naming.ForgeData, "", ""},
	} {
		got, ok := kept("dev", test.name, naming.Labels("dev", test.role, test.runner))
		if ok != (test.want != "") || ok && (got.Name != test.want || got.Role != test.role || got.Runner != test.runner) {
			t.Errorf("%s: got %+v, %v, want %q", test.name, got, ok, test.want)
		}
	}
}
