//go:build e2e

package e2e

import (
	"os/exec"
	"testing"
)

// TestWithoutNpm has no npm registry, and a frontend that is not built yet: up is refused
// before anything is made, and goes on without the pages' styles and scripts if told so.
func TestWithoutNpm(t *testing.T) {
	t.Parallel()
	var image string
	t.Cleanup(func() { // after the stack, which uses it
		if image == "" {
			return
		}
		if out, err := exec.Command("docker", "image", "rm", image).CombinedOutput(); err != nil {
			t.Errorf("removing image %s: %v\n%s", image, err, out)
		}
	})
	p := newProject(t, nil)
	p.bundled = true
	p.edit("images/gitea/frontend/package.json", "Builds the frontend", "Builds another frontend")
	env := []string{"npm_config_registry=http://127.0.0.1:1", "npm_config_fetch_retries=0"}
	p.runEnv(t.Context(), env, p.upArgs()...).
		must(t, 1, "the styles and scripts of the forge's pages", "ECONNREFUSED", "-c forge.frontend=false")
	if left := p.labelled(); left.count() > 0 {
		t.Errorf("got %+v made, want nothing", left)
	}
	p.edit("tools/actions/package.json", "Bundles a JavaScript action", "Bundles an action")
	p.runEnv(t.Context(), env, append(p.upArgs(), "-c", "forge.frontend=false")...).
		must(t, 1, "the JavaScript actions", "ECONNREFUSED", "-c actions.bundled=false")
	if left := p.labelled(); left.count() > 0 {
		t.Errorf("got %+v made, want nothing", left)
	}
	p.runEnv(t.Context(), env, append(p.upArgs(), "-c", "forge.frontend=false", "-c", "actions.bundled=false")...).must(t, 0, "is up")
	image = docker(t, "inspect", "--format", "{{.Config.Image}}", p.container("forge-container"))
	p.call("GET", "/user/login", "", 200)
	p.call("GET", "/actions/cache", "", 404)
	p.call("GET", "/actions/checkout", "", 200)
	p.call("GET", "/assets/js/iife.js", "", 404) // what the page asks for without a frontend
	p.run(t.Context(), "up").must(t, 0, "nothing to change")
}
