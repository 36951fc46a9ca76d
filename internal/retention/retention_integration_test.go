//go:build integration

package retention

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/paging"
	"github.com/gitops-pipeline/gitops-pipeline/provider/forgetest"
)

const (
	pushes = 30
	size   = 1 << 20 // bytes of each image
)

// TestImages pushes the images of 30 commits to a real forge, and other tags. Of the commits' the
// newest 5 stay, and the space of the others comes back.
func TestImages(t *testing.T) {
	forge, err := forgetest.Start(t.Context(), "../..", "GITEA__cron_0X2E_cleanup_packages__OLDER_THAN=1s", "GITEA__queue__TYPE=channel")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := forge.Stop(); err != nil {
			t.Error(err)
		}
	})
	admin, err := gitea.NewClient(forge.URL, gitea.SetBasicAuth(forge.Username, forge.Password), gitea.SetGiteaVersion(""))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := admin.AdminCreateOrg(forge.Username, gitea.CreateOrgOption{Name: "shop"}); err != nil {
		t.Fatal(err)
	}
	registry := strings.TrimPrefix(forge.URL, "http://")
	docker := dockerCLI(t)
	docker(forge.Password, "login", "--username", forge.Username, "--password-stdin", registry)

	var commits []string
	others := []string{"latest", "v1", strings.Repeat("a", 39), "main"}
	before := space(t, forge)
	push := func(image, tag string) {
		t.Helper()
		content := make([]byte, size)
		_, _ = rand.Read(content)
		name := fmt.Sprintf("%s/%s:%s", registry, image, tag)
		docker(string(tarOf(t, content)), "import", "-", name)
		t.Cleanup(func() { docker("", "image", "rm", name) })
		docker("", "push", "--quiet", name)
	}
	for range pushes {
		hash := make([]byte, 20)
		_, _ = rand.Read(hash)
		commits = append(commits, hex.EncodeToString(hash))
		push("shop/service", commits[len(commits)-1])
	}
	for _, tag := range others {
		push("shop/service", tag)
	}
	push("shop/small", commits[0])
	push(forge.Username+"/own", commits[0])
	full := space(t, forge) - before
	if full < pushes*size {
		t.Fatalf("got %d bytes of packages after %d pushes of %d", full, pushes, size)
	}

	const keep = 5
	cache := "buildcache-" + commits[0][:16]
	push("shop/service", cache)
	rule := Rule{Commits: keep, CachesSince: time.Now().Add(-CacheAge)}
	removed, err := Images(admin, rule)
	if err != nil || removed != pushes-keep {
		t.Errorf("got %d images removed, %v, want %d", removed, err, pushes-keep)
	}
	want := slices.Sorted(slices.Values(slices.Concat(commits[pushes-keep:], others, []string{cache})))
	if got := tags(t, admin, "shop", "service"); !slices.Equal(got, want) {
		t.Errorf("got the tags %q, want %q", got, want)
	}
	if got := append(tags(t, admin, "shop", "small"), tags(t, admin, forge.Username, "own")...); len(got) != 2 {
		t.Errorf("got the tags %q of images with one commit each, want both", got)
	}

	kept := int64(keep+len(others)+3) * size
	left := full
	for deadline := time.Now().Add(time.Minute); left > kept+size && time.Now().Before(deadline); time.Sleep(500 * time.Millisecond) {
		if _, err := admin.RunCronTasks(Cleanup); err != nil {
			t.Fatal(err)
		}
		left = space(t, forge) - before
	}
	t.Logf("%d pushes of %d KiB took %d KiB, and %d KiB with the newest %d kept", pushes, size>>10, full>>10, left>>10, keep)
	if left > kept+size {
		t.Errorf("got %d bytes of packages, want about the %d that are kept", left, kept)
	}
	docker("", "pull", "--quiet", registry+"/shop/service:latest")
	if removed, err := Images(admin, rule); removed != 0 || err != nil {
		t.Errorf("got %d images removed the second time, %v, want none", removed, err)
	}
	rule = Rule{CachesSince: time.Now().Add(time.Hour)}
	if removed, err := Images(admin, rule); removed != 1 || err != nil || slices.Contains(tags(t, admin, "shop", "service"), cache) {
		t.Errorf("got %d images removed an hour later, %v, want the cache alone", removed, err)
	}
}

// tags are the tags of an image, sorted.
func tags(t *testing.T, admin *gitea.Client, owner, image string) []string {
	t.Helper()
	var found []string
	for p, err := range paging.Pages(func(o gitea.ListOptions) ([]*gitea.Package, int64, error) {
		list, response, err := admin.ListPackages(owner, gitea.ListPackagesOptions{ListOptions: o})
		return list, paging.Total(response), err
	}) {
		if err != nil {
			t.Fatal(err)
		}
		if p.Name == image && !strings.HasPrefix(p.Version, "sha256:") {
			found = append(found, p.Version)
		}
	}
	slices.Sort(found)
	return found
}

// space is how many bytes the forge's packages take.
func space(t *testing.T, forge *forgetest.Forge) int64 {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "docker", "exec", forge.Container(), "sh", "-c", "mkdir -p /var/lib/gitea/packages && du -sb /var/lib/gitea/packages | cut -f1").Output()
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// dockerCLI returns a function that runs docker with a configuration of its own.
func dockerCLI(t *testing.T) func(input string, args ...string) {
	dir := t.TempDir()
	return func(input string, args ...string) {
		t.Helper()
		cmd := exec.Command("docker", append([]string{"--config", dir}, args...)...)
		cmd.Stdin = strings.NewReader(input)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("docker %s: %v\n%s", args[0], err, out)
		}
	}
}

// tarOf is an archive with one file.
func tarOf(t *testing.T, content []byte) []byte {
	t.Helper()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "data", Mode: 0o644, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}
