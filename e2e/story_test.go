//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/go-connections/nat"
)

// TestStory goes through a pipeline's whole life, in the order of a user's commands.
func TestStory(t *testing.T) {
	t.Parallel()
	p := newProject(t, nil)
	p.bundled = true // as a user has it
	step := func(name string, f func(t *testing.T)) {
		t.Helper()
		start := time.Now()
		if !t.Run(name, func(t *testing.T) { p.t = t; f(t) }) {
			p.t = t
			t.FailNow()
		}
		p.t = t
		t.Logf("%-28s %s", name, time.Since(start).Round(100*time.Millisecond))
	}

	step("doctor", func(t *testing.T) {
		// Other ports: a user who follows the README has a stack on the default ones.
		ports := filepath.Join(p.dir, "Pulumi."+p.stack+".yaml")
		text := fmt.Sprintf("config:\n  gitops-pipeline:httpPort: %d\n  gitops-pipeline:sshPort: %d\n", p.http, p.ssh)
		if err := os.WriteFile(ports, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(ports)
		p.run(t.Context(), "doctor").must(t, 0, "Docker host", "disk", "cgroups")
	})
	step("up from nothing", func(t *testing.T) {
		p.up("-c", "timezone="+testZone).must(t, 0, "job test", "job build-and-push", "can be pulled", "is up")
		if out := git(t, p.dir, "status", "--porcelain"); out != "" {
			t.Errorf("got a changed checkout:\n%s", out)
		}
		if docker(t, "images", "--quiet", "--filter", "label="+label+"="+p.stack) == "" {
			t.Error("the service's image has no label: a purge without the state would leave it")
		}
	})
	first := p.status()
	head := strings.TrimSpace(git(t, p.dir, "rev-parse", "HEAD"))
	step("first run is green", func(t *testing.T) {
		if len(first.Runs) != 1 || first.Runs[0].Conclusion != "success" || first.Runs[0].Commit != head {
			t.Errorf("got runs %+v, want one, of %s, green", first.Runs, head)
		}
		for _, c := range first.Containers {
			if c.State != "running" || c.Health == "unhealthy" {
				t.Errorf("got container %+v, want it running", c)
			}
		}
	})
	step("trace of the first run", func(t *testing.T) {
		p.run(t.Context(), "trace", "99").must(t, 1, "has no run 99", "next:")
		picture := filepath.Join(t.TempDir(), "trace.svg")
		p.run(t.Context(), "trace", "--svg", picture).must(t, 0, "Run 1: success", "job test on", "job build-and-push on",
			"container start", "Run actions/checkout@v4", "Test", "Build the image", "Push the image", "push latest", "from queued to done")
		if svg, err := os.ReadFile(picture); err != nil || !strings.HasPrefix(string(svg), "<svg ") {
			t.Errorf("got %v, and a picture of %d bytes, want an SVG", err, len(svg))
		}
		checkTrace(t, p)
	})
	step("published image serves", func(t *testing.T) {
		digest := first.digest(head)
		if digest == "" || digest != first.digest("latest") {
			t.Fatalf("got digests %q and %q for the commit and latest, want one", digest, first.digest("latest"))
		}
		serve(t, p, first.URLs["registry"]+"/gitops/service@"+digest)
	})
	step("time zones", func(t *testing.T) {
		p.checkTimezone(testZone)
		p.checkSchedules()
	})
	step("second up changes nothing", func(t *testing.T) {
		// What a user's own Pulumi leaves behind if it is killed while it writes the state.
		state := filepath.Join(p.dir, ".pipeline", "state", ".pulumi", "stacks", "gitops-pipeline", p.stack+".json")
		if err := os.WriteFile(state+".attrs", nil, 0o600); err != nil {
			t.Fatal(err)
		}
		p.up().must(t, 0, "nothing to change")
	})
	step("push runs the pipeline", func(t *testing.T) {
		p.edit("service/handler.go", "It runs.", "It runs again.")
		commit := p.commitAndPush("Change the page")
		if got := p.awaitRun(commit); got != "success" {
			t.Fatalf("got a run that ended in %s, want success", got)
		}
		s := p.status()
		if d := s.digest(commit); d == "" || d == first.digest(head) || d != s.digest("latest") {
			t.Errorf("got digest %q, want a new one that latest has too", d)
		}
	})
	step("failing test publishes nothing", func(t *testing.T) {
		before := p.status().digest("latest")
		p.edit("service/handler_test.go", `"/ready", ready, 200`, `"/ready", ready, 204`)
		commit := p.commitAndPush("Break a test")
		if got := p.awaitRun(commit); got != "failure" {
			t.Fatalf("got a run that ended in %s, want failure", got)
		}
		s := p.status()
		if s.digest(commit) != "" || s.digest("latest") != before {
			t.Errorf("got images %+v, want none of %s", s.Images, commit)
		}
		p.edit("service/handler_test.go", `"/ready", ready, 204`, `"/ready", ready, 200`)
	})
	step("service that does not compile", func(t *testing.T) {
		p.edit("service/version.go", "return v\n", "return vv\n")
		p.up().must(t, 1, "undefined: vv")
		p.edit("service/version.go", "return vv\n", "return v\n")
		forgeAnswers(t, first.URLs["forgeUrl"])
		p.up().must(t, 0)
	})
	for _, what := range []string{"runner-0-container", "runner-0-engine", "forge-container"} {
		step("refresh puts back "+what, func(t *testing.T) {
			removeContainer(t, p, what)
			p.up("--refresh").must(t, 0)
			forgeAnswers(t, first.URLs["forgeUrl"])
			for _, c := range p.status().Containers {
				if strings.HasPrefix(c.Name, what) && c.State == "running" {
					return
				}
			}
			t.Errorf("no %s runs", what)
		})
	}
	step("second stack beside", func(t *testing.T) {
		other := &project{t: t, dir: p.dir, stack: p.stack + "-b", http: freePort(t), ssh: freePort(t)}
		defer other.cleanUp()
		other.up("-c", "seed=false").must(t, 0)
		if got := other.status().URLs["forgeUrl"]; got == first.URLs["forgeUrl"] {
			t.Errorf("both stacks have the forge %s", got)
		}
		clash := &project{t: t, dir: p.dir, stack: p.stack + "-c", http: p.http, ssh: freePort(t)}
		clash.up("-c", "seed=false").must(t, 1, p.stack)
		forgeAnswers(t, first.URLs["forgeUrl"])
	})
	step("down and up keep the data", func(t *testing.T) {
		before := p.status()
		removeContainer(t, p, "runner-0-container") // down works without it
		p.run(t.Context(), "down").must(t, 0, "kept")
		left := p.labelled()
		if len(left.containers)+len(left.networks) > 0 || len(left.volumes) == 0 {
			t.Errorf("got %+v after down, want volumes alone", left)
		}
		p.up().must(t, 0)
		after := p.status()
		if len(after.Runs) != len(before.Runs) || after.digest("latest") != before.digest("latest") {
			t.Errorf("got runs %v and images %v, want %v and %v", after.Runs, after.Images, before.Runs, before.Images)
		}
		p.edit("service/handler.go", "It runs again.", "It still runs.")
		if got := p.awaitRun(p.commitAndPush("Push after down and up")); got != "success" {
			t.Errorf("got a run that ended in %s, want success", got)
		}
	})
	step("purge leaves nothing", func(t *testing.T) {
		p.run(t.Context(), "down", "--purge").must(t, 2, "--yes")
		before := p.labelled()
		const question = "Type the stack's name"
		p.answer(question, "wrong", "down", "--purge").must(t, 1, before.volumes[0], "nothing was removed")
		if left := p.labelled(); left.count() != before.count() {
			t.Errorf("got %+v after a purge that was not confirmed, want %+v", left, before)
		}
		p.answer(question, p.stack, "down", "--purge").must(t, 0)
		if left := p.labelled(); left.count() > 0 {
			t.Errorf("got %+v after the purge, want nothing", left)
		}
		p.run(t.Context(), "down").must(t, 0)
	})
}

// serve pulls an image and runs it until both probes answer.
func serve(t *testing.T, p *project, ref string) {
	t.Helper()
	docker := dockerClient(t)
	t.Cleanup(func() { docker.Close() })
	pull, err := docker.ImagePull(t.Context(), ref, image.PullOptions{})
	if err != nil {
		t.Fatalf("pulling %s: %v", ref, err)
	}
	if _, err := io.Copy(io.Discard, pull); err != nil {
		t.Fatalf("pulling %s: %v", ref, err)
	}
	pull.Close()
	port := freePort(t)
	made, err := docker.ContainerCreate(t.Context(),
		&container.Config{Image: ref, Labels: map[string]string{label: p.stack}, ExposedPorts: nat.PortSet{"8080/tcp": {}}},
		&container.HostConfig{PortBindings: nat.PortMap{"8080/tcp": {{HostIP: "127.0.0.1", HostPort: fmt.Sprint(port)}}}},
		nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = docker.ContainerRemove(context.Background(), made.ID, container.RemoveOptions{Force: true})
	})
	if err := docker.ContainerStart(t.Context(), made.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/health": `"status":"healthy"`, "/ready": `"status":"ready"`} {
		await(t, fmt.Sprintf("http://127.0.0.1:%d%s", port, path), want)
	}
}

func forgeAnswers(t *testing.T, url string) {
	t.Helper()
	await(t, url+"/api/healthz", `"pass"`)
}

// await polls url until it answers 200 with want in the body.
func await(t *testing.T, url, want string) {
	t.Helper()
	last := "nothing"
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		body, err := get(url)
		if err == nil && strings.Contains(body, want) {
			return
		}
		if last = body; err != nil {
			last = err.Error()
		}
	}
	t.Fatalf("%s answers %s, want 200 with %s", url, last, want)
}

func removeContainer(t *testing.T, p *project, prefix string) {
	t.Helper()
	docker := dockerClient(t)
	defer docker.Close()
	for _, id := range p.labelled().containers {
		c, err := docker.ContainerInspect(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(strings.TrimPrefix(c.Name, "/"), prefix) {
			if err := docker.ContainerRemove(t.Context(), id, container.RemoveOptions{Force: true}); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("the stack has no container %s", prefix)
}
