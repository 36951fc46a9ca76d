//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// standInLabel is the label of images that replace official ones.
const standInLabel = "gitops-pipeline.stand-in"

// TestOfficialImages goes from up to a green run on official images, with a umask that denies
// others access to what is built. It uses the official images that the Docker host has. No
// public registry can be reached where the tests run, so each of the others is replaced by a
// stand-in with the same layout, built from the same sources.
func TestOfficialImages(t *testing.T) {
	onlyLong(t) // it compiles Gitea against musl and builds every image
	t.Parallel()
	removeStandIns(t)
	t.Cleanup(func() { removeStandIns(t) }) // runs after the stack's own cleanup
	p := newProject(t, nil)
	for ref, lay := range standIns(t) {
		if exec.Command("docker", "image", "inspect", ref).Run() == nil {
			t.Logf("%s is on the Docker host and is used as it is", ref)
			continue
		}
		importDir(t, lay(t), ref)
	}
	p.umask = "027"
	p.up("-c", "images=official", "-c", "timezone="+testZone).must(t, 0, "images: official")
	p.umask = ""
	head := strings.TrimSpace(git(t, p.dir, "rev-parse", "HEAD"))
	if got := p.awaitRun(head); got != "success" {
		t.Errorf("got a first run that ended in %s, want success", got)
	}
	for _, role := range []naming.Role{naming.Forge, naming.Runner, naming.JobEngine} {
		image := lines(t, "docker", "ps", "--filter", "label="+label+"="+p.stack,
			"--filter", "label="+naming.RoleLabel+"="+string(role), "--format", "{{.Image}}")
		if len(image) != 1 || !strings.Contains(image[0], ":official-") {
			t.Errorf("got containers of the role %s with images %q, want one that is built on official images", role, image)
		}
	}
	p.checkTimezone(testZone)
	p.checkSchedules()
	r := p.owner().newRepository("job-image")
	conclusion, logs := r.concluded(r.commit(fixture(t, filepath.Join("testdata", "workflows", "job-image"), strings.NewReplacer())))
	if conclusion != "success" {
		t.Errorf("got a run in the job image that ended in %s, want success; its logs:\n%s", conclusion, logs)
	}
	p.up("-c", "images=official").must(t, 0, "nothing to change")
}

// standIns returns, for each official image of the current pins, a function that lays out the
// image's files as the official image has them.
func standIns(t *testing.T) map[string]func(*testing.T) string {
	version := func(b artifacts.Binary) string {
		t.Helper()
		v, err := b.Version("..")
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimPrefix(v, "v")
	}
	pins := readPins(t)
	node, err := artifacts.NodeVersion("..")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]func(*testing.T) string{
		"gitea/gitea:" + version(artifacts.Gitea) + "-rootless": layGitea,
		"gitea/runner:" + version(artifacts.Runner):             layRunner,
		"golang:" + strings.TrimPrefix(pins.Go, "go") + "-" + pins.Debian.Suite: func(t *testing.T) string {
			return layGo(t, pins.Go)
		},
		"node:" + node + "-" + pins.Debian.Suite + "-slim": layNode,
		pins.Official.Debian: func(t *testing.T) string { return layDebian(t, pins.Debian.Suite) },
	}
}

// imagePins is what the test reads of images/images.json.
type imagePins struct {
	Debian   struct{ Suite string }
	Go       string
	Official struct{ Debian string }
}

func readPins(t *testing.T) (pins imagePins) {
	t.Helper()
	data, err := os.ReadFile("../images/images.json")
	if err == nil {
		err = json.Unmarshal(data, &pins)
	}
	if err != nil {
		t.Fatal(err)
	}
	return pins
}

// layGitea builds Gitea as in its official image: linked against musl. That image contains
// musl, and this project's Debian has it as a package.
func layGitea(t *testing.T) string {
	out := artifacts.NewProgress(t.Output())
	if err := artifacts.Need(t.Context(), out, "musl-gcc", "musl-tools"); err != nil {
		t.Fatal(err)
	}
	hash, err := artifacts.Gitea.Hash("..")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := artifacts.Cached(t.Context(), "stand-in-gitea", hash, out, func(dir string) error {
		return artifacts.Run(t.Context(), filepath.Join("..", artifacts.Gitea.Module), []string{"CC=musl-gcc", "CGO_ENABLED=1", "GOFLAGS=-mod=readonly"},
			"go", "build", "-trimpath", "-buildvcs=false", "-tags", "sqlite,sqlite_unlock_notify,netgo,osusergo,timetzdata",
			"-ldflags", "-s -w -linkmode external", "-o", filepath.Join(dir, "gitea"), "code.gitea.io/gitea")
	})
	if err != nil {
		t.Fatal(err)
	}
	module, err := artifacts.ModuleDir(t.Context(), filepath.Join("..", artifacts.Gitea.Module), artifacts.Gitea.Pin)
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	shell(t, `cp -r --no-preserve=mode "$1/docker/rootless/." "$2" && chmod 755 "$2"/usr/local/bin/* && mkdir -p "$2/app/gitea/static" &&
		cp "$3/gitea" "$2/app/gitea/gitea" && cp -r --no-preserve=mode "$1/templates" "$1/options" "$1/public" "$2/app/gitea/static"`, module, to, dir)
	return to
}

func layRunner(t *testing.T) string {
	program, err := artifacts.Runner.Build(t.Context(), "..", artifacts.NewProgress(t.Output()))
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	shell(t, `mkdir -p "$2/usr/local/bin" && cp "$1" "$2/usr/local/bin/gitea-runner"`, program, to)
	return to
}

// layGo lays out a whole Go distribution. Files in a module have no mode, so it sets the
// executables' modes.
func layGo(t *testing.T, version string) string {
	module, err := artifacts.ModuleDir(t.Context(), "..", "golang.org/toolchain@v0.0.1-"+version+".linux-"+runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	shell(t, `mkdir -p "$2/usr/local" && cp -r --no-preserve=mode "$1" "$2/usr/local/go" && chmod -R a+x "$2/usr/local/go/bin" "$2/usr/local/go/pkg/tool"`, module, to)
	return to
}

// layNode lays out Node.js and npm as the official image has them.
func layNode(t *testing.T) string {
	dir, err := artifacts.Node(t.Context(), "..", artifacts.NewProgress(t.Output()))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// layDebian builds the root file system of debian:*-slim, the smallest Debian with apt.
func layDebian(t *testing.T, suite string) string {
	out := artifacts.NewProgress(t.Output())
	if err := artifacts.Need(t.Context(), out, "mmdebstrap", "mmdebstrap"); err != nil {
		t.Fatal(err)
	}
	dir, err := artifacts.Cached(t.Context(), "stand-in-debian", suite, out, func(dir string) error {
		return artifacts.Run(t.Context(), "", nil, "mmdebstrap", "--variant=minbase", "--quiet",
			"--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
			"--dpkgopt=path-exclude=/usr/share/doc/*", suite, filepath.Join(dir, "rootfs.tar"))
	})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "rootfs.tar")
}

// importDir creates an image from a directory, or from an archive of a root file system.
func importDir(t *testing.T, from, ref string) {
	t.Helper()
	if filepath.Ext(from) == ".tar" {
		shell(t, `docker import --change "LABEL $3=1" "$1" "$2"`, from, ref, standInLabel)
		return
	}
	shell(t, `tar -C "$1" --owner=0 --group=0 -c . | docker import --change "LABEL $3=1" - "$2"`, from, ref, standInLabel)
}

// removeStandIns removes the stand-ins and the images that were built on them.
func removeStandIns(t *testing.T) {
	t.Helper()
	if os.Getenv("E2E_KEEP") != "" {
		return
	}
	// Images that are built on a stand-in inherit its label. After an interrupted build, an
	// image has no name.
	named := []string{"--filter", "label=" + standInLabel, "--filter", "dangling=false", "--format", "{{.Repository}}:{{.Tag}}"}
	nameless := []string{"--filter", "label=" + standInLabel, "--filter", "dangling=true", "--quiet"}
	for _, which := range [][]string{named, nameless} {
		for _, image := range lines(t, "docker", append([]string{"image", "ls"}, which...)...) {
			if out, err := exec.Command("docker", "image", "rm", "--force", image).CombinedOutput(); err != nil {
				t.Errorf("removing image %s: %v\n%s", image, err, out)
			}
		}
	}
}

func shell(t *testing.T, script string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", append([]string{"-euo", "pipefail", "-c", script, "bash"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// lines returns the words that a command prints, each of them once.
func lines(t *testing.T, name string, args ...string) []string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	found := strings.Fields(string(out))
	slices.Sort(found)
	return slices.Compact(found)
}
