//go:build e2e

package e2e

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/docker/docker/api/types/registry"
)

// doors returns, for each name in project.secrets, a function that tells whether a value of
// that secret is accepted. current are the stack's present secrets.
func (p *project) doors(current map[string]string) map[string]func(value string) bool {
	admin := basic("forge-admin", current["adminPassword"])
	return map[string]func(string) bool{
		"adminPassword": func(v string) bool { return p.opens(http.MethodGet, "/api/v1/user", "", basic("forge-admin", v)) },
		"ownerPassword": func(v string) bool { return p.opens(http.MethodGet, "/api/v1/user", "", basic("gitops", v)) },
		"REGISTRY_PASS": func(v string) bool {
			docker := dockerClient(p.t)
			defer docker.Close()
			_, err := docker.RegistryLogin(p.t.Context(), registry.AuthConfig{
				Username: "gitops", Password: v, ServerAddress: fmt.Sprintf("localhost:%d", p.http),
			})
			return err == nil
		},
		"registration token": func(v string) bool { return p.registers(v, admin) },
		"runner credential": func(v string) bool {
			code, text := p.ask(http.MethodPost, "/api/actions/runner.v1.RunnerService/Declare", `{"labels":["self-hosted"]}`,
				func(r *http.Request) { r.Header.Set("x-runner-uuid", p.uuids[v]); r.Header.Set("x-runner-token", v) })
			if code != http.StatusOK && !strings.Contains(text, "unregistered runner") {
				p.t.Errorf("declaring a runner: %d: %s", code, text)
			}
			return code == http.StatusOK
		},
		"INTERNAL_TOKEN": func(v string) bool {
			return p.opens(http.MethodGet, "/api/internal/manager/processes?json=true", "",
				func(r *http.Request) { r.Header.Set("X-Gitea-Internal-Auth", "Bearer "+v) })
		},
		"JWT_SECRET": func(v string) bool {
			return p.opens(http.MethodGet, "/v2/", "", bearer(sign(p, v, map[string]any{"UserID": 1, "Scope": "all"})))
		},
		"LFS_JWT_SECRET": func(v string) bool {
			claims := map[string]any{"UserID": p.id("/api/v1/users/gitops", admin), "Op": "upload", "RepoID": p.id("/api/v1/repos/gitops/gitops-pipeline", admin)}
			return p.opens(http.MethodPost, "/gitops/gitops-pipeline.git/info/lfs/objects/batch",
				`{"operation":"upload","objects":[{"oid":"`+strings.Repeat("a", 64)+`","size":1}]}`, bearer(sign(p, v, claims)), lfs)
		},
		"SECRET_KEY": func(v string) bool { return decrypts(v, p.storedSecret()) },
		"passphrase": p.opensState,
	}
}

// opens tells whether the response is 200. 401 and 403 are refusals; the test fails with
// anything else.
func (p *project) opens(method, path, body string, dresses ...dress) bool {
	p.t.Helper()
	code, text := p.ask(method, path, body, dresses...)
	switch code {
	case http.StatusOK, http.StatusUnauthorized, http.StatusForbidden:
	default:
		p.t.Errorf("%s %s answers %d: %s", method, path, code, text)
	}
	return code == http.StatusOK
}

// call returns the response's body, and fails the test unless it has the status.
func (p *project) call(method, path, body string, want int, dresses ...dress) string {
	p.t.Helper()
	code, text := p.ask(method, path, body, dresses...)
	if code != want {
		p.t.Fatalf("%s %s answers %d, want %d: %s", method, path, code, want, text)
	}
	return text
}

func (p *project) id(path string, admin dress) int64 {
	p.t.Helper()
	var thing struct{ ID int64 }
	if err := json.Unmarshal([]byte(p.call(http.MethodGet, path, "", http.StatusOK, admin)), &thing); err != nil {
		p.t.Fatal(err)
	}
	return thing.ID
}

// registers tells whether a runner can register with the token. If it can, it is removed
// again.
func (p *project) registers(token string, admin dress) bool {
	p.t.Helper()
	code, text := p.ask(http.MethodPost, "/api/actions/runner.v1.RunnerService/Register",
		`{"name":"of-the-test","token":"`+token+`","labels":["of-the-test"]}`)
	if code != http.StatusOK {
		if !strings.Contains(text, "token") {
			p.t.Errorf("registering a runner: %d: %s", code, text)
		}
		return false
	}
	var answer struct{ Runner struct{ ID string } }
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		p.t.Fatalf("%v: %s", err, text)
	}
	p.call(http.MethodDelete, "/api/v1/admin/actions/runners/"+answer.Runner.ID, "", http.StatusNoContent, admin)
	return true
}

// sign creates a token as Gitea does, with a secret from Gitea's configuration.
func sign(p *project, secret string, claims map[string]any) string {
	p.t.Helper()
	key, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil {
		p.t.Fatal(err)
	}
	claims["exp"], claims["nbf"] = time.Now().Add(time.Hour).Unix(), time.Now().Add(-time.Minute).Unix()
	body, err := json.Marshal(claims)
	if err != nil {
		p.t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(body)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// storedSecret returns the user's Actions secret as it is in the forge's database.
func (p *project) storedSecret() string {
	p.t.Helper()
	var data string
	if err := p.forgeDatabase().QueryRow("SELECT data FROM secret WHERE name = 'OF_A_USER'").Scan(&data); err != nil {
		p.t.Fatal(err)
	}
	return data
}

// decrypts tells whether a text was encrypted with this SECRET_KEY. Gitea encrypts base64,
// and with a wrong key the result is not base64.
func decrypts(key, text string) bool {
	data, err := hex.DecodeString(text)
	if err != nil || len(data) < aes.BlockSize {
		return false
	}
	sum := sha256.Sum256([]byte(key))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return false
	}
	plain := make([]byte, len(data)-aes.BlockSize)
	cipher.NewCFBDecrypter(block, data[:aes.BlockSize]).XORKeyStream(plain, data[aes.BlockSize:]) //nolint:staticcheck // it is what Gitea uses
	_, err = base64.StdEncoding.DecodeString(string(plain))
	return err == nil
}
