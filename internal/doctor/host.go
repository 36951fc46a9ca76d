package doctor

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
	"github.com/gitops-pipeline/gitops-pipeline/internal/pulumi"
	"github.com/gitops-pipeline/gitops-pipeline/internal/ui"
)

const reachLimit = 4 * time.Second

// firstBuild is what everything that is built from source takes together: Go's caches 9.8 GB, the
// artifacts 1.7 GB, the images 3.3 GB (2026-11-30), and air.
const firstBuild = 16 << 30

// artifactsDisk is the name of the check of the disk with the artifacts.
const artifactsDisk = "disk (artifacts)"

const (
	leastMemory = 1500 << 20 // the forge, a job engine and one Go build
	goodMemory  = 3 << 30
)

func dockerHostResults(facts dockerhost.Facts, err error) []Result {
	if err != nil {
		return []Result{{"Docker host", Failed, err.Error(), problem.Next(err)}}
	}
	memory := Result{"memory", OK, ui.Bytes(facts.Info.MemTotal), ""}
	switch {
	case facts.Info.MemTotal < leastMemory:
		memory.State, memory.Next = Failed, "give the Docker host at least "+ui.Bytes(leastMemory)
	case facts.Info.MemTotal < goodMemory:
		memory.State, memory.Next = Warning, "builds are slow with less than "+ui.Bytes(goodMemory)
	}
	return []Result{
		{"Docker host", OK, fmt.Sprintf("%s, API %s, at %s", facts.Version, facts.APIVersion, facts.Host), ""},
		{"cgroups", Info, "version " + facts.Info.CgroupVersion + ", driver " + facts.Info.CgroupDriver, ""},
		memory,
	}
}

// Disks checks the free space of the project, the artifacts and the Docker host.
func Disks(s Settings, facts dockerhost.Facts) []Result {
	directories := map[string]string{"disk (project)": s.Project.Root}
	names := []string{"disk (project)"}
	if cache, err := artifacts.CacheDir(); err == nil {
		directories[artifactsDisk] = cache
		names = append(names, artifactsDisk)
	}
	// Only if Docker runs on this machine is its directory here.
	if root := facts.Info.DockerRootDir; root != "" && facts.Local() {
		directories["disk (Docker host)"] = root
		names = append(names, "disk (Docker host)")
	}
	var results []Result
	for _, name := range names {
		results = append(results, disk(name, directories[name], s.MinDisk))
	}
	return results
}

func disk(name, directory string, least int64) Result {
	free, at, err := freeSpace(directory)
	if err != nil {
		return Result{name, Warning, err.Error(), "look with df -h"}
	}
	entries, err := os.ReadDir(directory)
	return judge(name, at, free, least, name == artifactsDisk && err == nil && len(entries) == 0)
}

// judge tells whether free bytes are enough, of which least are needed in any case. unbuilt
// says that nothing has been built yet.
func judge(name, at string, free, least int64, unbuilt bool) Result {
	switch {
	case free < least:
		return Result{
			name, Failed, fmt.Sprintf("only %s free at %s, %s are needed", ui.Bytes(free), at, ui.Bytes(least)),
			"free some space there, or lower the limit with --min-disk",
		}
	case unbuilt && free < firstBuild:
		return Result{
			name, Warning, fmt.Sprintf("%s free at %s; the first build from source takes up to %s, with the caches of Go and the images", ui.Bytes(free), at, ui.Bytes(firstBuild)),
			"free some space there, or let the Docker host reach an image registry: official images need no build of Gitea, its runner and Debian systems",
		}
	}
	return Result{name, OK, fmt.Sprintf("%s free at %s", ui.Bytes(free), at), ""}
}

// freeSpace asks the nearest existing directory.
func freeSpace(directory string) (int64, string, error) {
	for at := directory; ; at = filepath.Dir(at) {
		var stat syscall.Statfs_t
		err := syscall.Statfs(at, &stat)
		if err == nil {
			return int64(stat.Bavail) * stat.Bsize, at, nil
		}
		if !os.IsNotExist(err) || at == filepath.Dir(at) {
			return 0, at, fmt.Errorf("asking for the free space at %q: %w", at, err)
		}
	}
}

func tools() []Result {
	results := []Result{tool("go", Failed, "install Go as go.mod says; artifacts are built with it")}
	return append(results, tool("git", Warning, "install git: you will want it to push to the forge"))
}

func tool(name string, missing State, next string) Result {
	path, err := exec.LookPath(name)
	if err != nil {
		return Result{name, missing, "not found on PATH", next}
	}
	return Result{name, OK, path, ""}
}

func locks(s Settings) Result {
	found, err := pulumi.PulumiLocks(s.Project, s.Stack)
	if err != nil {
		return Result{"locks", Warning, err.Error(), "look into " + s.Project.StateDir()}
	}
	stale := 0
	for _, lock := range found {
		if lock.Stale {
			stale++
		}
	}
	switch {
	case stale > 0:
		return Result{"locks", Warning, fmt.Sprintf("%d lock(s) left behind by a process that is dead", stale),
			"`pipeline up` removes them; so does `pipeline doctor --fix`"}
	case len(found) > 0:
		return Result{"locks", Info, fmt.Sprintf("held by pid %d on %s", found[0].Pid, found[0].Hostname), ""}
	default:
		return Result{"locks", OK, "none", ""}
	}
}
