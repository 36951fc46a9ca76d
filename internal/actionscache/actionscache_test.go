package actionscache

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gitops-pipeline/gitops-pipeline/internal/stackhttp"
)

const (
	branch   = "refs/heads/topic"
	main     = "refs/heads/main"
	secret   = "the runners' secret"
	version  = "v"
	capacity = 100
)

// service is a server with a store in dir.
type service struct {
	t       *testing.T
	store   *Store
	jobs    *httptest.Server
	runners *httptest.Server
}

func start(t *testing.T, dir string) *service { return startWithLimit(t, dir, capacity) }

func startWithLimit(t *testing.T, dir string, limit int64) *service {
	t.Helper()
	store, err := Open(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Store: store, Log: slog.New(slog.DiscardHandler)}
	v := &service{t: t, store: store, jobs: httptest.NewServer(s.Jobs()), runners: httptest.NewServer(stackhttp.RequireBearer(secret, s.Runners()))}
	t.Cleanup(v.jobs.Close)
	t.Cleanup(v.runners.Close)
	return v
}

// job gives a lease of a repository to a job that runs for a ref, and returns its token.
func (s *service) job(repository, write string, read ...string) string {
	s.t.Helper()
	token := fmt.Sprintf("token of %s %s %v", repository, write, read)
	l := Lease{Repository: repository, Write: write, Read: append([]string{write}, read...)}
	if err := NewClient(s.runners.URL, secret).Put(s.t.Context(), token, l); err != nil {
		s.t.Fatal(err)
	}
	return token
}

// ask sends a job's request and returns the answer's status and body.
func (s *service) ask(token, method, path, content string, header ...string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.jobs.URL+jobsPrefix+path, strings.NewReader(content))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// reserve starts an upload and returns the status and the upload's path.
func (s *service) reserve(token, key string, size int) (int, string) {
	s.t.Helper()
	status, body := s.ask(token, "POST", "/caches", fmt.Sprintf(`{"key": %q, "version": %q, "cacheSize": %d}`, key, version, size))
	var out struct{ CacheID int64 }
	_ = json.Unmarshal([]byte(body), &out)
	return status, fmt.Sprint("/caches/", out.CacheID)
}

// keep keeps content under a key, in two parts, the second first.
func (s *service) keep(token, key, content string) {
	s.t.Helper()
	status, path := s.reserve(token, key, len(content))
	if status != http.StatusCreated {
		s.t.Fatalf("reserving %s: got %d", key, status)
	}
	half := len(content) / 2
	for _, part := range [][2]int{{half, len(content)}, {0, half}} {
		if part[0] == part[1] {
			continue
		}
		if status, body := s.ask(token, "PATCH", path, content[part[0]:part[1]], "Content-Range", fmt.Sprintf("bytes %d-%d/*", part[0], part[1]-1)); status != http.StatusNoContent {
			s.t.Fatalf("uploading %s: got %d %s", key, status, body)
		}
	}
	if status, body := s.ask(token, "POST", path, fmt.Sprintf(`{"size": %d}`, len(content))); status != http.StatusNoContent {
		s.t.Fatalf("completing %s: got %d %s", key, status, body)
	}
}

// restored is what the job finds for keys, "" for nothing.
func (s *service) restored(token string, keys ...string) string {
	s.t.Helper()
	status, body := s.ask(token, "GET", "/cache?version="+version+"&keys="+url.QueryEscape(strings.Join(keys, ",")), "")
	if status == http.StatusNoContent {
		return ""
	}
	var found struct{ ArchiveLocation string }
	if err := json.Unmarshal([]byte(body), &found); err != nil || status != http.StatusOK {
		s.t.Fatalf("got %d %s, %v", status, body, err)
	}
	path, ok := strings.CutPrefix(found.ArchiveLocation, s.jobs.URL+jobsPrefix)
	if !ok {
		s.t.Fatalf("got the address %s, want one of %s", found.ArchiveLocation, s.jobs.URL)
	}
	// The toolkit sends no token here.
	if status, body = s.ask("", "GET", path, ""); status != http.StatusOK {
		s.t.Fatalf("downloading: got %d %s", status, body)
	}
	return body
}

// TestScopes has what each job sees of what others kept.
func TestScopes(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	ofMain := s.job("ann/shop", main)
	ofBranch := s.job("ann/shop", branch, main)
	ofOther := s.job("ann/shop", "refs/heads/other", main)
	ofPull := s.job("ann/shop", "refs/pull/7/head", main)
	ofAnother := s.job("bob/shop", main)
	s.keep(ofMain, "deps-1", "main 1")
	s.keep(ofBranch, "deps-2", "branch 2")
	s.keep(ofPull, "deps-1", "poison")
	for name, tt := range map[string]struct {
		token string
		keys  []string
		want  string
	}{
		"its own branch":               {ofMain, []string{"deps-1"}, "main 1"},
		"the default branch":           {ofBranch, []string{"deps-1"}, "main 1"},
		"its own before the default's": {ofBranch, []string{"deps-9", "deps-"}, "branch 2"},
		"not another branch's":         {ofOther, []string{"deps-2"}, ""},
		"not a branch's, for main":     {ofMain, []string{"deps-2"}, ""},
		"not a pull request's":         {ofMain, []string{"deps-1"}, "main 1"},
		"a pull request's own":         {ofPull, []string{"deps-1"}, "poison"},
		"not another repository's":     {ofAnother, []string{"deps-1", "deps-"}, ""},
		"nothing":                      {ofMain, []string{"none"}, ""},
	} {
		if got := s.restored(tt.token, tt.keys...); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// TestKeys has the order in which keys are tried, and that what is kept does not change.
func TestKeys(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	now := time.Now()
	s.store.now = func() time.Time { now = now.Add(time.Second); return now }
	job := s.job("ann/shop", main)
	s.keep(job, "go-1", "one")
	s.keep(job, "go-12", "twelve")
	if got := s.restored(job, "go-1"); got != "one" {
		t.Errorf("got %q for the key itself, want it before a newer one that starts with it", got)
	}
	if got := s.restored(job, "go-9", "go-"); got != "twelve" {
		t.Errorf("got %q for the beginning of keys, want the newest", got)
	}
	if status, _ := s.reserve(job, "go-1", 3); status != http.StatusConflict {
		t.Errorf("got %d for a key that is kept, want a conflict", status)
	}
	if status, path := s.reserve(job, "go-3", 3); status != http.StatusCreated {
		t.Errorf("got %d %s", status, path)
	}
	if status, _ := s.reserve(job, "go-3", 3); status != http.StatusConflict {
		t.Errorf("got %d for a key that is being uploaded, want a conflict", status)
	}
	if got := s.restored(job, "go-3"); got != "" {
		t.Errorf("got %q of an upload that is not complete, want nothing", got)
	}
	now = now.Add(uploadTime)
	job = s.job("ann/shop", main) // the lease has ended too
	if status, _ := s.reserve(job, "go-3", 3); status != http.StatusCreated {
		t.Errorf("got %d after an upload that was given up, want a new one", status)
	}
}

// TestRefused has what a job may not do.
func TestRefused(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	job, branchJob, another := s.job("ann/shop", main), s.job("ann/shop", branch, main), s.job("bob/shop", main)
	_, upload := s.reserve(job, "k", 4)
	_, cut := s.reserve(job, "cut", 4)
	whole := []string{"Content-Range", "bytes 0-3/*"}
	for name, tt := range map[string]struct {
		token, method, path, content string
		header                       []string
		want                         int
	}{
		"no token":                         {"", "GET", "/cache?keys=k&version=v", "", nil, http.StatusUnauthorized},
		"another token":                    {"x", "POST", "/caches", "{}", nil, http.StatusUnauthorized},
		"another branch's upload":          {branchJob, "PATCH", upload, "evil", whole, http.StatusBadRequest},
		"another repository's upload":      {another, "PATCH", upload, "evil", whole, http.StatusBadRequest},
		"completing another's":             {another, "POST", upload, `{"size": 4}`, nil, http.StatusBadRequest},
		"more than announced":              {job, "PATCH", upload, "evils", []string{"Content-Range", "bytes 0-4/*"}, http.StatusBadRequest},
		"before its start":                 {job, "PATCH", upload, "evil", []string{"Content-Range", "bytes -1-2/*"}, http.StatusBadRequest},
		"no range":                         {job, "PATCH", upload, "evil", nil, http.StatusBadRequest},
		"less than the range":              {job, "PATCH", upload, "ev", whole, http.StatusBadRequest},
		"an upload that is incomplete":     {job, "POST", cut, `{"size": 4}`, nil, http.StatusBadRequest},
		"no such upload":                   {job, "PATCH", "/caches/99", "evil", whole, http.StatusBadRequest},
		"no number":                        {job, "PATCH", "/caches/..%2f..%2fx", "evil", whole, http.StatusBadRequest},
		"larger than all may be":           {job, "POST", "/caches", `{"key": "large", "version": "v", "cacheSize": 101}`, nil, http.StatusBadRequest},
		"without a size":                   {job, "POST", "/caches", `{"key": "large", "version": "v"}`, nil, http.StatusBadRequest},
		"no JSON":                          {job, "POST", "/caches", `{`, nil, http.StatusBadRequest},
		"an address that nobody was given": {"", "GET", "/downloads/1", "", nil, http.StatusNotFound},
	} {
		if status, body := s.ask(tt.token, tt.method, tt.path, tt.content, tt.header...); status != tt.want || !strings.Contains(body, "message") {
			t.Errorf("%s: got %d %s, want %d and a message", name, status, body, tt.want)
		}
	}
	if status, _ := s.ask(job, "POST", cut, `{"size": 4}`); status != http.StatusBadRequest {
		t.Errorf("got %d for an upload that has failed, want that it is gone", status)
	}
	for _, wrong := range []string{"", "another"} {
		if err := NewClient(s.runners.URL, wrong).Put(t.Context(), "t", Lease{Repository: "ann/shop", Write: main}); err == nil {
			t.Errorf("a lease was given for the secret %q", wrong)
		}
	}
	if err := NewClient(s.runners.URL, secret).Put(t.Context(), "t", Lease{Repository: "ann/shop"}); err == nil {
		t.Error("a lease was given without a scope")
	}
}

// TestLeaseEnds has a lease that its runner ends, and one that its runner does not renew.
func TestLeaseEnds(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	now := time.Now()
	s.store.now = func() time.Time { return now }
	ended, left := s.job("ann/shop", main), s.job("ann/shop", branch)
	if err := NewClient(s.runners.URL, secret).Delete(t.Context(), ended); err != nil {
		t.Fatal(err)
	}
	look := func(token string) int {
		status, _ := s.ask(token, "GET", "/cache?keys=k&version=v", "")
		return status
	}
	if got := look(ended); got != http.StatusUnauthorized {
		t.Errorf("got %d after the end of the job, want %d", got, http.StatusUnauthorized)
	}
	now = now.Add(leaseTime - time.Second)
	if got := look(left); got != http.StatusNoContent {
		t.Errorf("got %d within the lease, want %d", got, http.StatusNoContent)
	}
	s.job("ann/shop", branch)
	now = now.Add(leaseTime - time.Second)
	if got := look(left); got != http.StatusNoContent {
		t.Errorf("got %d within a lease that was renewed, want %d", got, http.StatusNoContent)
	}
	now = now.Add(2 * time.Second)
	if got := look(left); got != http.StatusUnauthorized {
		t.Errorf("got %d for a lease that was not renewed, want %d", got, http.StatusUnauthorized)
	}
}

// TestRange downloads a part, as the toolkit does with several connections.
func TestRange(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	job := s.job("ann/shop", main)
	s.keep(job, "k", "0123456789")
	_, body := s.ask(job, "GET", "/cache?version=v&keys=k", "")
	var found struct{ ArchiveLocation string }
	if err := json.NewDecoder(bytes.NewReader([]byte(body))).Decode(&found); err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(found.ArchiveLocation, s.jobs.URL+jobsPrefix)
	if status, got := s.ask("", "GET", path, "", "Range", "bytes=3-5"); status != http.StatusPartialContent || got != "345" {
		t.Errorf("got %d %q, want a part", status, got)
	}
	if status, got := s.ask("", "HEAD", path, ""); status != http.StatusOK || got != "" {
		t.Errorf("got %d %q, want the size alone", status, got)
	}
}
