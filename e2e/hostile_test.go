//go:build e2e

package e2e

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/images"
)

// exceptions are the probes that reach their target in spite of the runner's own
// job engine. docs/security.md says why, for each.
var exceptions = []string{}

// bites are the probes that reach their target on the Docker host, whatever
// its kernel and cgroups: those prove that a probe can.
var bites = []string{
	"see-the-forge", "stop-the-forge", "host-socket", "privileged-on-host", "bind-mount", "host-disk",
	"forge-database", "forge-app-ini", "runner-credential", "host-loopback", "host-addresses",
}

// TestHostileWorkflow pushes, as a user with a repository of their own, a
// workflow that tries to break out of its job, and looks from another
// repository's job for what it left behind. Then it does the same on the Docker
// host, where the probes must succeed: it proves that they can.
func TestHostileWorkflow(t *testing.T) {
	p := newProject(t, nil)
	p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
	target := newTarget(t, p)
	mallory, victim := p.newOwner("mallory", "attack"), p.owner().newRepository("victim")
	victim.setSecret(victim.name, "OTHER_SECRET", rand.Text())
	victim.commit(map[string]string{"README.md": "Nothing to see.\n"})

	own := mallory.run("attack", target.script(true))
	maps.Copy(own, victim.run("remains", target.script(true)))
	for name, result := range own {
		if want := slices.Contains(exceptions, name); (result == "reached") != want {
			t.Errorf("probe %s: %s", name, result)
		}
	}

	p.awaitNoRemains()

	p.run(t.Context(), append(p.upArgs(), "-c", "runner.engine=host")...).must(t, 0, "is up")
	host := mallory.run("attack", target.script(false))
	for _, name := range bites {
		if host[name] != "reached" {
			t.Errorf("probe %s is %q on the Docker host, where it has to succeed", name, host[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		t.Logf("%-22s own: %-8s host: %s", name, own[name], host[name])
	}
}

// awaitNoRemains waits until the runner's job engine has ended everything that the jobs
// started, and runs one inner half.
func (p *project) awaitNoRemains() {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		engines, planted := 0, 0
		all := docker(p.t, "top", p.container("runner-0-engine"), "-eo", "pid,args")
		for _, process := range strings.Split(all, "\n") {
			switch {
			case strings.Contains(process, " dockerd "):
				engines++
			case strings.Contains(process, "sleep 100"), strings.Contains(process, "planted"):
				planted++
			}
		}
		if engines == 1 && planted == 0 {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("got %d engines and %d planted processes %s after the jobs, want 1 and 0:\n%s", engines, planted, patience, all)
		}
	}
}

// TestExhaustion has a job take all it can get of memory, processes and disk,
// and watches the forge meanwhile.
func TestExhaustion(t *testing.T) {
	p := newProject(t, nil)
	p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
	// The guard trips after 4 GB, so that the test does not fill the disk.
	before := freeDisk(t)
	p.run(t.Context(), append(p.upArgs(), "-c", fmt.Sprintf("runner.diskReserve=%dm", before>>20-4096))...).must(t, 0, "is up")
	mallory := p.newOwner("mallory", "exhaust")

	health := watchHealth(p)
	result, log, conclusion := mallory.runLog("exhaust", newTarget(t, p).script(false))
	slowest, failed, asked := health()
	t.Logf("the forge answered %d of %d questions, the slowest after %s", asked-failed, asked, slowest.Round(time.Millisecond))
	if failed > 0 {
		t.Errorf("the forge failed %d of %d health checks", failed, asked)
	}
	for _, name := range []string{"memory-10-gb", "fork-bomb"} {
		if result[name] != "refused" {
			t.Errorf("probe %s: got %q, want refused; log:\n%s", name, result[name], log)
		}
	}
	if !strings.Contains(log, "PROBE-START full-disk") || result["full-disk"] == "reached" || conclusion != "failure" {
		t.Errorf("got a job that ended in %s, want the disk's guard to end it; log:\n%s", conclusion, log)
	}
	if restarts := docker(t, "inspect", "--format", "{{.RestartCount}}", p.container("runner-0-engine")); restarts != "0" {
		t.Errorf("the job ended the outer half of its job engine: %s restarts", restarts)
	}
	// The space is back, and so is the runner.
	if got := mallory.run("remains", newTarget(t, p).script(false)); len(got) == 0 {
		t.Error("the next job did nothing")
	}
	for deadline := time.Now().Add(patience); freeDisk(t) < before-2<<30; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("got %d bytes free %s after the job took 4 GB, want about the %d before it", freeDisk(t), patience, before)
		}
	}
}

// freeDisk returns how many bytes are free where the Docker host keeps its data.
func freeDisk(t *testing.T) int64 {
	t.Helper()
	var stat syscall.Statfs_t
	if err := syscall.Statfs("/var/lib/docker", &stat); err != nil {
		t.Fatal(err)
	}
	return int64(stat.Bavail) * stat.Bsize
}

// watchHealth asks the forge five times a second until the returned function
// is called.
func watchHealth(p *project) func() (slowest time.Duration, failed, asked int) {
	var worst time.Duration
	var bad, all int
	stop, done := make(chan struct{}), make(chan struct{})
	url := fmt.Sprintf("http://localhost:%d/api/healthz", p.http)
	go func() {
		defer close(done)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				start := time.Now()
				if _, err := get(url); err != nil {
					bad++
				}
				all++
				worst = max(worst, time.Since(start))
			}
		}
	}()
	return func() (time.Duration, int, int) {
		close(stop)
		<-done
		return worst, bad, all
	}
}

// target is what the probes aim at.
type target struct {
	values map[string]string
}

// newTarget puts a canary on the host: in a file, and behind two ports.
func newTarget(t *testing.T, p *project) target {
	t.Helper()
	canary := rand.Text()
	file := filepath.Join(t.TempDir(), "canary")
	if err := os.WriteFile(file, []byte(canary+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	images, err := images.Resolve(t.Context(), "..", config.Config{Images: config.ImagesFromSource, Frontend: true}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	registry := fmt.Sprintf("localhost:%d", p.http)
	device, kind := disk(t, file)
	return target{map[string]string{
		"CANARY": canary, "CANARY_FILE": file, "DISK": device, "DISK_TYPE": kind,
		"LOOPBACK_PORT": serveCanary(t, "127.0.0.1", canary), "OPEN_PORT": serveCanary(t, "0.0.0.0", canary),
		"HOST_ADDRESSES":  addresses(t),
		"FORGE_CONTAINER": p.container("forge-container"), "VOLUMES": "gitops-pipeline-" + p.stack,
		"FORGE_URL": "http://" + registry, "REGISTRY": registry,
		"JOB_IMAGE": images.Job,
	}}
}

// script is the shell's way to read the target.
func (tg target) script(plant bool) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(tg.values)) {
		fmt.Fprintf(&text, "export %s='%s'\n", name, tg.values[name])
	}
	if plant {
		text.WriteString("export PLANT=yes\n")
	}
	return text.String()
}

// serveCanary answers with the canary on a free port of an address.
func serveCanary(t *testing.T, address, canary string) string {
	t.Helper()
	l, err := net.Listen("tcp", address+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, canary) }))
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// addresses are the host's IPv4 addresses.
func addresses(t *testing.T) string {
	t.Helper()
	list, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			found = append(found, n.IP.String())
		}
	}
	return strings.Join(found, " ")
}

// disk is the number and the file system of the device that holds a file.
func disk(t *testing.T, file string) (device, kind string) {
	t.Helper()
	var stat syscall.Stat_t
	if err := syscall.Stat(file, &stat); err != nil {
		t.Fatal(err)
	}
	major, minor := stat.Dev>>8&0xfff, stat.Dev&0xff|stat.Dev>>12&0xfff00
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(fmt.Sprintf(`(?m)^\d+ \d+ %d:%d .* - (\S+)`, major, minor)).FindSubmatch(mounts)
	if m == nil {
		return fmt.Sprintf("%d %d", major, minor), "ext4"
	}
	return fmt.Sprintf("%d %d", major, minor), string(m[1])
}
