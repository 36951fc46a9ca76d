package artifacts

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/mod/modfile"
)

// binary is a program built from a Go module that pins it.
type Binary struct {
	name    string // of the part and of the program
	Module  string // folder of the module, below the project
	pkg     string // package to build
	Pin     string // module path whose version is the part's
	tags    string
	cgo     bool
	ldflags string // %s is the pinned version with its v
}

var (
	Gitea = Binary{
		name: "gitea", Module: "images/gitea", pkg: "code.gitea.io/gitea", Pin: "code.gitea.io/gitea",
		tags: "sqlite,sqlite_unlock_notify,netgo,osusergo", cgo: true,
		ldflags: `-linkmode external -extldflags "-static" -X main.Version=%s`,
	}
	Runner = Binary{
		name: "gitea-runner", Module: "images/runner", pkg: "gitea.com/gitea/runner", Pin: "gitea.com/gitea/runner",
		ldflags: "-X gitea.com/gitea/runner/internal/pkg/ver.version=%s",
	}
	pulumiBinary = Binary{
		name: "pulumi", Module: "tools/pulumi", pkg: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", Pin: "github.com/pulumi/pulumi/pkg/v3",
		// Without a version the Automation API refuses refresh and destroy.
		ldflags: "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=%s",
	}
	// What encrypts anew what Gitea's SECRET_KEY encrypts, with Gitea's own code.
	rekeyBinary = Binary{
		name: "gitea-rekey", Module: "images/gitea", pkg: "./rekey", Pin: "code.gitea.io/gitea",
		tags: Gitea.tags, cgo: true, ldflags: `-linkmode external -extldflags "-static"`,
	}
	dockerPluginBinary = Binary{
		name: "pulumi-resource-docker", Module: "tools/docker-plugin", pkg: ".", Pin: "github.com/pulumi/pulumi-docker/sdk/v4",
		tags: "no_compose",
	}
)

// version is the version that the module's go.mod pins.
func (b Binary) Version(root string) (string, error) {
	return pinned(filepath.Join(root, b.Module, "go.mod"), b.Pin)
}

// pinned reads the version of a required module from a go.mod.
func pinned(path, module string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	f, err := modfile.Parse(path, data, nil)
	if err != nil {
		return "", err
	}
	for _, r := range f.Require {
		if r.Mod.Path == module {
			return r.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("reading the pin of %s: %s does not require it", module, path)
}

func (b Binary) Hash(root string) (string, error) {
	dir := filepath.Join(root, b.Module)
	files := []string{filepath.Join(dir, "go.mod"), filepath.Join(dir, "go.sum")}
	sourceDir := dir
	if strings.HasPrefix(b.pkg, "./") {
		sourceDir = filepath.Join(dir, b.pkg)
	}
	sources, err := filepath.Glob(filepath.Join(sourceDir, "*.go"))
	if err != nil {
		return "", err
	}
	return Hash([]string{b.name, b.pkg, b.tags, b.ldflags, runtime.GOARCH}, append(files, sources...)...)
}

// build returns the path of the built program.
func (b Binary) Build(ctx context.Context, root string, out *Progress) (string, error) {
	h, err := b.Hash(root)
	if err != nil {
		return "", err
	}
	version, err := b.Version(root)
	if err != nil {
		return "", err
	}
	defer LockGo()()
	dir, err := Cached(ctx, b.name, h, out, func(dir string) error {
		cgo := "CGO_ENABLED=0"
		if b.cgo {
			cgo = "CGO_ENABLED=1"
			if err := Need(ctx, out, "gcc", "build-essential"); err != nil {
				return err
			}
		}
		flags := "-s -w"
		if strings.Contains(b.ldflags, "%s") {
			flags += " " + fmt.Sprintf(b.ldflags, version)
		}
		return Run(ctx, filepath.Join(root, b.Module), []string{cgo, "GOFLAGS=-mod=readonly"},
			"go", "build", "-trimpath", "-buildvcs=false", "-tags", b.tags, "-ldflags", flags,
			"-o", filepath.Join(dir, b.name), b.pkg)
	})
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, b.name), nil
}

// ModuleDir downloads a module, verified by Go's checksum database, and
// returns its folder in the module cache. In dir's own go.sum it is looked up
// first, when version is empty.
func ModuleDir(ctx context.Context, dir, path string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", path)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
	data, err := cmd.Output()
	var m struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(data, &m); jsonErr == nil && m.Dir != "" {
		return m.Dir, nil
	}
	return "", fmt.Errorf("downloading the module %s: %w %s", path, err, m.Error)
}
