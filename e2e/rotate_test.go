//go:build e2e

package e2e

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRotate gives every secret of a stack a new value. Each old value must be accepted before
// and refused afterwards. What users store in the forge must still decrypt, and the next run
// must be green.
func TestRotate(t *testing.T) {
	t.Parallel()
	p := newProject(t, nil)
	p.run(t.Context(), "rotate").must(t, 0, "secret-key", "passphrase", "registry-token")
	p.run(t.Context(), "rotate", "nonsense").must(t, 2, "nonsense", "secret-key")
	p.run(t.Context(), "rotate", "--all").must(t, 1, "pipeline up")
	password, setting := secretSetting(t)
	p.up("--secret", setting).must(t, 0, "can be pulled")
	user := rand.Text()
	p.owner().setSecret("gitops-pipeline", "OF_A_USER", user)

	old := p.secrets()
	accepted := p.doors(old)
	for name, secret := range old {
		if !accepted[name](secret) {
			t.Fatalf("the secret %s is refused before it is rotated", name)
		}
	}
	arguments := watchArguments(t)
	if how, _ := p.kill(atText("forge-container"), true, "rotate", "--all"); how == tooLate {
		t.Error("the rotation ended before it touched the forge's container, where it was to be killed")
	}
	r := p.run(t.Context(), "rotate", "--all").must(t, 0, "10 secrets")
	seen := places{"output of rotate": r.out, "process arguments": arguments()}
	t.Logf("rotated %d secrets in %.1fs", len(old), r.took.Seconds())

	now := p.secrets()
	accepted = p.doors(now)
	for name, secret := range old {
		if now[name] == secret || now[name] == "" {
			t.Errorf("the secret %s is the same as before", name)
		}
		if accepted[name](secret) {
			t.Errorf("the old secret %s is still accepted", name)
		}
		if !accepted[name](now[name]) {
			t.Errorf("the new secret %s is refused", name)
		}
		for place, text := range seen {
			for _, s := range []string{secret, now[name], base64.StdEncoding.EncodeToString([]byte(now[name]))} {
				if strings.Contains(text, s) {
					t.Errorf("the secret %s is in the %s", name, place)
				}
			}
		}
	}

	p.run(t.Context(), "rotate", "registry-token").must(t, 0, "registry-token is a new one")
	if p.doors(now)["REGISTRY_PASS"](now["REGISTRY_PASS"]) {
		t.Error("the registry's token is still accepted after it was rotated alone")
	}
	if now = p.secrets(); !p.doors(now)["REGISTRY_PASS"](now["REGISTRY_PASS"]) {
		t.Error("the registry's token that was rotated alone is refused")
	}
	p.up().must(t, 0, "nothing to change")
	p.hasSettings([]string{"PASSWD = " + password})
	p.staysGreen(user)
}

// TestRotateKilled kills rotations at points spread over their steps. Repeating each must
// succeed.
func TestRotateKilled(t *testing.T) {
	n := long(0, 20)
	if n == 0 {
		t.Skip("its short form is in TestRotate")
	}
	p := newProject(t, nil)
	p.run(t.Context(), p.upArgs()...).must(t, 0, "is up")
	whole := p.labelled()
	p.owner().setSecret("gitops-pipeline", "OF_A_USER", "x")
	steps, clean := p.whole("rotate", "--all")
	for i := range n {
		how, _ := p.kill(atStep(spread(steps, i, n)), i%2 == 0, "rotate", "--all")
		p.repeat(how, clean, "rotate --all", "rotate", "--all").must(t, 0, "10 secrets")
		p.sameAs(whole)
		if !p.doors(nil)["SECRET_KEY"](docker(t, "exec", p.container("forge-container"), "cat", "/etc/gitea/secrets/secret-key")) {
			t.Error("the forge's key does not decrypt what is in its database")
		}
	}
	p.run(t.Context(), p.upArgs()...).must(t, 0)
}

// staysGreen pushes a workflow that also reads a user's secret, and wants a green run.
func (p *project) staysGreen(user string) {
	p.t.Helper()
	sum := sha256.Sum256([]byte(user))
	p.edit(".gitea/workflows/ci.yaml", "      - name: Vet\n", `      - name: A user's secret
        env:
          OF_A_USER: ${{ secrets.OF_A_USER }}
        run: test "$(printf %s "$OF_A_USER" | sha256sum | cut -d' ' -f1)" = `+hex.EncodeToString(sum[:])+`
      - name: Vet
`)
	p.edit("service/handler.go", "It runs.", "It runs with new secrets.")
	if got := p.awaitRun(p.commitAndPush("Push after the rotation")); got != "success" {
		p.t.Errorf("got a run that ended in %s after the rotation, want success", got)
		logs := places{}
		p.workflowLogs(logs)
		for name, text := range logs {
			p.t.Logf("%s:\n%s", name, text[max(0, len(text)-3000):])
		}
	}
	if runners := p.status().Runners; len(runners) != 1 || runners[0].Status != "online" {
		p.t.Errorf("got runners %+v, want one, online", runners)
	}
}

// opensState tells whether a passphrase decrypts the stack's state.
func (p *project) opensState(passphrase string) bool {
	p.t.Helper()
	cmd := exec.Command(p.pulumi(), "stack", "export", "--show-secrets", "--stack", p.stack)
	cmd.Dir = filepath.Join(p.dir, ".pipeline", "stacks", p.stack)
	cmd.Env = append(os.Environ(), "PULUMI_CONFIG_PASSPHRASE="+passphrase,
		"PULUMI_BACKEND_URL=file://"+filepath.Join(p.dir, ".pipeline", "state"))
	return cmd.Run() == nil
}
