package artifacts

import (
	"context"
	"encoding/json"
	"fmt"
	"go/build"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/mod/modfile"
)

// Binary is a program built from a Go module of this project.
type Binary struct {
	name    string // of the artifact and of the program
	Module  string // directory of the module, below the project; empty for the project's own module
	pkg     string // package to build
	Pin     string // module path whose version is the program's; empty for the project's own programs
	tags    string
	cgo     bool
	ldflags string // %s is the pinned version with its v
}

var (
	Gitea = Binary{
		name: "gitea", Module: "images/gitea", pkg: "code.gitea.io/gitea", Pin: "code.gitea.io/gitea",
		tags: "sqlite,sqlite_unlock_notify,netgo,osusergo,timetzdata", cgo: true,
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
	// Encrypts what Gitea's SECRET_KEY encrypts with a new key, with Gitea's own code.
	rekeyBinary = Binary{
		name: "gitea-rekey", Module: "images/gitea", pkg: "./rekey", Pin: "code.gitea.io/gitea",
		tags: Gitea.tags, cgo: true, ldflags: `-linkmode external -extldflags "-static"`,
	}
	dockerPluginBinary = Binary{
		name: "pulumi-resource-docker", Module: "tools/docker-plugin", pkg: ".", Pin: "github.com/pulumi/pulumi-docker/sdk/v4",
		tags: "no_compose",
	}
	// JobEngine is the program of the job engine's image.
	JobEngine = projectBinary("jobengine")
	// OCIWrapper is the OCI runtime of the job engine's containers.
	OCIWrapper = projectBinary("oci-wrapper")
	// ForgeStart is the first program of Gitea's container.
	ForgeStart = projectBinary("forge-start")
	// RunnerSupervisor is the first program of a runner's container.
	RunnerSupervisor = projectBinary("runner-supervisor")
)

// projectBinary is a program of the project's own module: the package cmd/NAME.
func projectBinary(name string) Binary { return Binary{name: name, pkg: "./cmd/" + name} }

// Name is the program's file name.
func (b Binary) Name() string { return b.name }

// Version is the version that the module's go.mod pins.
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

// Hash covers all that the program is built from, so that it names the build.
func (b Binary) Hash(root string) (string, error) {
	dir := filepath.Join(root, b.Module)
	files := []string{filepath.Join(dir, "go.mod"), filepath.Join(dir, "go.sum")}
	sources, err := b.sources(dir)
	if err != nil {
		return "", fmt.Errorf("finding the sources of %s: %w", b.name, err)
	}
	return Hash([]string{b.name, b.pkg, b.tags, b.ldflags, runtime.GOARCH}, append(files, sources...)...)
}

// sources are the files of the packages in the module at dir that the program consists
// of. What it takes from other modules is covered by go.mod and go.sum.
func (b Binary) sources(dir string) ([]string, error) {
	if b.pkg != "." && !strings.HasPrefix(b.pkg, "./") {
		return nil, nil // a program of another module
	}
	module := modulePath(filepath.Join(dir, "go.mod"))
	if module == "" {
		return nil, fmt.Errorf("%s names no module", filepath.Join(dir, "go.mod"))
	}
	// The same files as go build takes in Build.
	with := build.Default
	with.CgoEnabled = b.cgo
	with.BuildTags = strings.Split(b.tags, ",")
	var files []string
	seen := map[string]bool{}
	var add func(pkg string) error
	add = func(pkg string) error {
		if seen[pkg] {
			return nil
		}
		seen[pkg] = true
		found, err := with.ImportDir(filepath.Join(dir, pkg), 0)
		if err != nil {
			return err
		}
		for _, names := range [][]string{found.GoFiles, found.CgoFiles, found.CFiles, found.HFiles, found.SFiles} {
			for _, name := range names {
				files = append(files, filepath.Join(found.Dir, name))
			}
		}
		for _, pattern := range found.EmbedPatterns {
			embedded, err := embeddedFiles(found.Dir, pattern)
			if err != nil {
				return err
			}
			files = append(files, embedded...)
		}
		for _, imported := range found.Imports {
			if below, ok := strings.CutPrefix(imported, module+"/"); ok {
				if err := add(below); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return files, add(b.pkg)
}

// embeddedFiles are the files that a pattern of go:embed takes, and more where it
// names a directory: Go leaves out hidden files there.
func embeddedFiles(dir, pattern string) ([]string, error) {
	matches, err := filepath.Glob(filepath.Join(dir, strings.TrimPrefix(pattern, "all:")))
	if err != nil {
		return nil, err
	}
	if len(matches) == 0 {
		return nil, fmt.Errorf("nothing matches the go:embed pattern %s in %s", pattern, dir)
	}
	var files []string
	for _, match := range matches {
		below, err := filesBelow(match)
		if err != nil {
			return nil, err
		}
		files = append(files, below...)
	}
	return files, nil
}

// filesBelow are the regular files below a directory, in the order of their names.
func filesBelow(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	return files, err
}

// modulePath is the path of the module that a go.mod describes.
func modulePath(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return modfile.ModulePath(data)
}

// Build returns the path of the program, building it if it is not in the cache.
func (b Binary) Build(ctx context.Context, root string, out *Progress) (string, error) {
	h, err := b.Hash(root)
	if err != nil {
		return "", err
	}
	var version string
	if b.Pin != "" {
		if version, err = b.Version(root); err != nil {
			return "", err
		}
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

// ModuleDir downloads a module, verified by Go's checksum database, and returns its
// directory in the module cache. A path without a version means the version in dir's go.mod.
func ModuleDir(ctx context.Context, dir, path string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", path)
	cmd.Dir = dir
	cmd.Env = environment(ctx, append(os.Environ(), "GOFLAGS=-mod=mod"))
	data, err := cmd.Output()
	var m struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(data, &m); jsonErr == nil && m.Dir != "" {
		return m.Dir, nil
	}
	return "", fmt.Errorf("downloading the module %s: %w %s", path, err, m.Error)
}
