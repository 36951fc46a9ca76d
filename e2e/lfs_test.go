//go:build e2e

package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// storeLFS uploads an object to the repository's LFS store.
func (a account) storeLFS(repository, data string) {
	a.p.t.Helper()
	a.transferLFS(repository, "upload", data, data)
}

// readLFS downloads the object with that content.
func (a account) readLFS(repository, data string) string {
	a.p.t.Helper()
	return a.transferLFS(repository, "download", data, "")
}

// transferLFS requests a transfer of the object with that content, as git-lfs does, sends the
// body, and returns the response.
func (a account) transferLFS(repository, operation, data, body string) string {
	a.p.t.Helper()
	path := fmt.Sprintf("/%s/%s.git/info/lfs/objects/batch", a.user, repository)
	ask := fmt.Sprintf(`{"operation":%q,"objects":[{"oid":"%x","size":%d}]}`, operation, sha256.Sum256([]byte(data)), len(data))
	code, text := a.p.ask(http.MethodPost, path, ask, basic(a.user, a.password), lfs)
	var answer struct {
		Objects []struct {
			Actions map[string]struct {
				Href   string
				Header map[string]string
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || len(answer.Objects) != 1 || answer.Objects[0].Actions[operation].Href == "" {
		a.p.t.Fatalf("asking for an LFS %s: %d, %v: %s", operation, code, err, text)
	}
	method := map[string]string{"upload": http.MethodPut, "download": http.MethodGet}[operation]
	action := answer.Objects[0].Actions[operation]
	req, err := http.NewRequestWithContext(a.p.t.Context(), method, action.Href, strings.NewReader(body))
	if err != nil {
		a.p.t.Fatal(err)
	}
	req.SetBasicAuth(a.user, a.password)
	for key, value := range action.Header {
		req.Header.Set(key, value)
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		a.p.t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		a.p.t.Fatalf("LFS %s: %s, %v: %s", operation, resp.Status, err, got)
	}
	return string(got)
}

// lfs sets the headers of the LFS API.
func lfs(r *http.Request) {
	r.Header.Set("Accept", "application/vnd.git-lfs+json")
	r.Header.Set("Content-Type", "application/vnd.git-lfs+json")
}
