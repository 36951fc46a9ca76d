//go:build e2e

package e2e

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// patience limits each wait for something that must happen. Even a slow machine does not need
// this long, so a longer wait means a fault. The benchmark measures how fast something is;
// tests only compare durations of the same run.
const patience = 10 * time.Minute

// httpClient keeps a connection for each worker of a test's load.
var httpClient = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}

// get sends one request and returns the body. Anything but a complete response with status 200
// is an error, which contains the response.
func get(url string) (string, error) {
	resp, err := httpClient.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", resp.Status, body)
	}
	return string(body), nil
}

// dress adds headers to a request.
type dress = func(*http.Request)

func basic(user, password string) dress {
	return func(r *http.Request) { r.SetBasicAuth(user, password) }
}

func bearer(token string) dress {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// address returns the forge's host and port.
func (p *project) address() string {
	return fmt.Sprintf("%s:%d", cmp.Or(p.host, "localhost"), p.http)
}

// try sends a request to the stack's forge, and returns the response's status and body.
func (p *project) try(method, path, body string, dresses ...dress) (int, string, error) {
	req, err := http.NewRequest(method, "http://"+p.address()+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	for _, d := range dresses {
		d(req)
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// ask is try, but fails the test if there is no response.
func (p *project) ask(method, path, body string, dresses ...dress) (int, string) {
	p.t.Helper()
	code, text, err := p.try(method, path, body, dresses...)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, path, err)
	}
	return code, text
}

// account is a user of a stack's forge.
type account struct {
	p              *project
	user, password string
}

// owner returns the owner of the stack's repository.
func (p *project) owner() account {
	p.t.Helper()
	name := p.ownerName
	if name == "" {
		name = "gitops"
	}
	return account{p, name, p.status().Secrets["ownerPassword"]}
}

// admin returns the forge's administrator.
func (p *project) admin() account {
	p.t.Helper()
	return account{p, "forge-admin", p.status().Secrets["adminPassword"]}
}

// tokens are the access tokens of accounts. To check a password costs the forge more than the rest
// of a request, and tests ask several times a second.
var tokens sync.Map

// try sends a request to the forge's API, with an access token of the account. A forge whose data
// is another one, or whose tokens are gone, refuses the token: the account then gets a new one.
func (a account) try(method, path, body string) (int, string, error) {
	key := [...]string{a.p.address(), a.user, a.password}
	if token, ok := tokens.Load(key); ok {
		code, text, err := a.p.try(method, "/api/v1"+path, body, bearer(token.(string)))
		if err != nil || code != http.StatusUnauthorized {
			return code, text, err
		}
	}
	settings := fmt.Sprintf(`{"name": %q, "scopes": ["all"]}`, "e2e-"+rand.Text())
	code, text, err := a.p.try(http.MethodPost, "/api/v1/users/"+a.user+"/tokens", settings, basic(a.user, a.password))
	if err != nil || code != http.StatusCreated {
		return code, text, err
	}
	var made struct{ SHA1 string }
	if err := json.Unmarshal([]byte(text), &made); err != nil {
		return 0, "", err
	}
	tokens.Store(key, made.SHA1)
	return a.p.try(method, "/api/v1"+path, body, bearer(made.SHA1))
}

// api sends a request to the forge's API, which must not refuse it. answer may be nil, or a
// *string for the text.
func (a account) api(method, path string, body, answer any) {
	a.p.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		a.p.t.Fatal(err)
	}
	code, text, err := a.try(method, path, string(data))
	if err != nil || code >= 300 {
		a.p.t.Fatalf("%s %s: %d, %v: %s", method, path, code, err, text)
	}
	switch answer := answer.(type) {
	case nil:
	case *string:
		*answer = text
	default:
		if err := json.Unmarshal([]byte(text), answer); err != nil {
			a.p.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
}

// setSecret stores a secret for the jobs of the account's repository.
func (a account) setSecret(repository, name, value string) {
	a.p.t.Helper()
	a.api(http.MethodPut, fmt.Sprintf("/repos/%s/%s/actions/secrets/%s", a.user, repository, name), map[string]string{"data": value}, nil)
}

// clone returns the URL of a repository of the account, with the password.
func (a account) clone(name string) string {
	return fmt.Sprintf("http://%s:%s@%s/%s/%s.git", a.user, a.password, a.p.address(), a.user, name)
}
