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

// exceptions are the probes that reach their target although the runner has its own job
// engine. docs/security.md gives the reason for each.
var exceptions = []string{}

// bites are the probes that reach their target on every Docker host, whatever its kernel and
// cgroups. They prove that a probe can succeed.
var bites = []string{
	"see-the-forge", "stop-the-forge", "host-socket", "privileged-on-host", "bind-mount", "host-disk",
	"forge-database", "forge-app-ini", "runner-credential", "host-loopback", "host-addresses", "cache-leases",
}

// TestHostileWorkflow pushes, as a user with their own repository, a workflow that tries to
// break out of its job. A job of another repository then looks for what it left behind. Then
// the same probes run on the Docker host, where they must succeed, which proves that they
// work.
func TestHostileWorkflow(t *testing.T) {
	t.Parallel()
	p := newProject(t, nil)
	p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
	target := newTarget(t, p)
	mallory, victim := p.newOwner("mallory", "attack"), p.owner().newRepository("victim")
	victim.setSecret(victim.name, "OTHER_SECRET", rand.Text())
	victim.commit(map[string]string{"README.md": "Nothing to see.\n"})

	own := mallory.run("attack", target.script(true))
	maps.Copy(own, victim.run("remains", target.script(true)))
	for name, result := range own {
		want := "refused"
		if slices.Contains(exceptions, name) {
			want = "reached"
		}
		if result != want {
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

// awaitNoRemains waits until everything that the jobs started has ended, and the container of
// the job engine runs only one inner half.
func (p *project) awaitNoRemains() {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		jobEngines, planted := 0, 0
		all := docker(p.t, "top", p.container("runner-0-engine"), "-eo", "pid,args")
		for _, process := range strings.Split(all, "\n") {
			switch {
			case strings.Contains(process, " dockerd "):
				jobEngines++
			case strings.Contains(process, "sleep 100"), strings.Contains(process, "planted"):
				planted++
			}
		}
		if jobEngines == 1 && planted == 0 {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("got %d job engines and %d planted processes %s after the jobs, want 1 and 0:\n%s", jobEngines, planted, patience, all)
		}
	}
}

// TestExhaustion runs a job that takes as much memory, processes and disk as it can get, and
// checks the forge meanwhile.
func TestExhaustion(t *testing.T) {
	p := newProject(t, nil)
	p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
	// The guard ends the job after 4 GB, so that the test does not fill the disk.
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
	// The space is free again, and the runner takes jobs again.
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

// watchHealth requests the forge's health five times a second until the returned function is
// called.
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

// target is what the probes try to reach.
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
		"JOB_IMAGE":     images.Job,
		"FORGE_ADDRESS": docker(t, "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", p.container("forge-container")),
	}}
}

// script returns the target as a shell script.
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

// addresses returns the host's IPv4 addresses.
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

// disk returns the device number and the file system type of the disk that contains a file.
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
