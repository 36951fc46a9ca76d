package apt

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeApt is an apt-get that refuses to run beside another, as the real one does. It
// writes how it was called, and ends once the file go is there.
const fakeApt = `#!/bin/sh
mkdir "$APT_TEST/running" || { echo "could not get lock" >&2; exit 100; }
echo "$@" >> "$APT_TEST/calls"
until [ -e "$APT_TEST/go" ]; do sleep 0.01; done
rmdir "$APT_TEST/running"
`

// setUp puts the fake on PATH and returns the directory that it works in.
func setUp(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "apt-get"), []byte(fakeApt), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	t.Setenv("APT_TEST", dir)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	return dir
}

func run(ctx context.Context, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(err, errors.New(string(out)))
	}
	return nil
}

// TestHelper is not a test: it is a second process, which installs a package.
func TestHelper(t *testing.T) {
	if os.Getenv("APT_TEST_HELPER") == "" {
		return
	}
	if err := Install(t.Context(), os.Stdout, run, "from-process"); err != nil {
		t.Fatal(err)
	}
}

// TestOneAtATime starts a second and a third installation while one runs: one in the
// same process, as a plain pulumi up does for gcc and mmdebstrap, and one in another.
func TestOneAtATime(t *testing.T) {
	dir := setUp(t)
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- Install(t.Context(), io.Discard, run, "first") }()
	await(t, "the first apt-get", func() bool { return calls(dir) != "" })

	var waits output
	go func() { second <- Install(t.Context(), &waits, run, "second") }()
	var processWaits output
	process := exec.Command(os.Args[0], "-test.run=^TestHelper$")
	process.Env = append(os.Environ(), "APT_TEST_HELPER=1")
	process.Stdout, process.Stderr = &processWaits, &processWaits
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	for _, w := range []*output{&waits, &processWaits} {
		await(t, "one that waits", func() bool { return strings.Contains(w.String(), "waiting for another apt-get") })
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(<-first, <-second, process.Wait()); err != nil {
		t.Fatalf("%v\n%s", err, processWaits.String())
	}
	for _, name := range []string{"first", "second", "from-process"} {
		if got := strings.Count(calls(dir), " "+name+"\n"); got != 1 {
			t.Errorf("got %d installations of %s, want 1", got, name)
		}
	}
	if got := strings.Count(calls(dir), "DPkg::Lock::Timeout=300"); got != 6 {
		t.Errorf("got %d of 6 calls that wait for a foreign dpkg:\n%s", got, calls(dir))
	}
}

// TestInstallNeedsNoUpdate has package lists that cannot be updated.
func TestInstallNeedsNoUpdate(t *testing.T) {
	setUp(t)
	refused := errors.New("could not get lock /var/lib/apt/lists/lock")
	for name, installErr := range map[string]error{"installs": nil, "fails": errors.New("unable to locate package")} {
		err := Install(t.Context(), io.Discard, func(_ context.Context, _ []string, _ string, args ...string) error {
			if args[0] == "update" {
				return refused
			}
			return installErr
		}, "package")
		if installErr == nil && err != nil {
			t.Errorf("%s: got %v", name, err)
		}
		if installErr != nil && (!errors.Is(err, installErr) || !errors.Is(err, refused)) {
			t.Errorf("%s: got %v, want both reasons", name, err)
		}
	}
}

func calls(dir string) string {
	data, _ := os.ReadFile(filepath.Join(dir, "calls"))
	return string(data)
}

// output is written and read at once.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("%s did not appear in 20 s", what)
}

// TestInstallTakesProxies has a proxy under the name that apt does not read.
func TestInstallTakesProxies(t *testing.T) {
	setUp(t)
	for _, name := range []string{"http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY"} {
		t.Setenv(name, "")
	}
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:3128")
	err := Install(t.Context(), io.Discard, func(_ context.Context, env []string, _ string, args ...string) error {
		if !slices.Contains(env, "http_proxy=http://192.0.2.1:3128") {
			t.Errorf("got apt-get %s with %q, want the proxy", args[0], env)
		}
		return nil
	}, "package")
	if err != nil {
		t.Fatal(err)
	}
}
