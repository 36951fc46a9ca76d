package gitea

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"code.gitea.io/sdk/gitea"
)

// fakeForge serves lists page by page, to whoever has a valid token.
type fakeForge struct {
	runs     []*gitea.ActionWorkflowRun
	runners  []*gitea.ActionRunner
	jobs     []*gitea.ActionWorkflowJob // of all repositories; without a run, of run 7
	packages []*gitea.Package
	most     int // items of a page; 50 if it is 0

	mu        sync.Mutex
	tokens    []*gitea.AccessToken
	passwords int // requests with the password
	signIns   int
	deleted   []string // runners
}

const fakePassword = "the password"

func (f *fakeForge) start(t *testing.T) *Client {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/users/admin/tokens", f.byPassword(f.serveTokens))
	mux.HandleFunc("DELETE /api/v1/users/admin/tokens/{id}", f.byPassword(func(w http.ResponseWriter, r *http.Request) {
		f.tokens = slices.DeleteFunc(f.tokens, func(t *gitea.AccessToken) bool { return fmt.Sprint(t.ID) == r.PathValue("id") })
		w.WriteHeader(http.StatusNoContent)
	}))
	mux.HandleFunc("GET /api/v1/repos/a/b/actions/runs", f.byToken(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(gitea.ActionWorkflowRunsResponse{TotalCount: int64(len(f.runs)), WorkflowRuns: page(f, r, f.runs)})
	}))
	serveJobs := func(w http.ResponseWriter, r *http.Request, keep func(*gitea.ActionWorkflowJob) bool) {
		kept := slices.DeleteFunc(slices.Clone(f.jobs), func(j *gitea.ActionWorkflowJob) bool { return !keep(j) })
		_ = json.NewEncoder(w).Encode(gitea.ActionWorkflowJobsResponse{TotalCount: int64(len(kept)), Jobs: page(f, r, kept)})
	}
	mux.HandleFunc("GET /api/v1/repos/a/b/actions/runs/7/jobs", f.byToken(func(w http.ResponseWriter, r *http.Request) {
		serveJobs(w, r, func(j *gitea.ActionWorkflowJob) bool { return j.RunID == 0 || j.RunID == 7 })
	}))
	mux.HandleFunc("GET /api/v1/admin/actions/jobs", f.byToken(func(w http.ResponseWriter, r *http.Request) {
		serveJobs(w, r, func(j *gitea.ActionWorkflowJob) bool { return j.Status == r.URL.Query().Get("status") })
	}))
	mux.HandleFunc("GET /api/v1/admin/actions/runners", f.byToken(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"total_count": len(f.runners), "runners": page(f, r, f.runners)})
	}))
	mux.HandleFunc("DELETE /api/v1/admin/actions/runners/{id}", f.byToken(func(w http.ResponseWriter, r *http.Request) {
		f.deleted = append(f.deleted, r.PathValue("id"))
		w.WriteHeader(http.StatusNoContent)
	}))
	mux.HandleFunc("GET /api/v1/packages/a", f.byToken(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Total-Count", strconv.Itoa(len(f.packages)))
		_ = json.NewEncoder(w).Encode(page(f, r, f.packages))
	}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return New(server.URL, "admin", fakePassword, "a", "b")
}

func page[T any](f *fakeForge, r *http.Request, items []T) []T {
	number, _ := strconv.Atoi(r.URL.Query().Get("page"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	if f.most == 0 {
		f.most = 50
	}
	if limit == 0 { // as Gitea does
		limit = 30
	}
	limit = min(limit, f.most)
	start := min(len(items), (max(number, 1)-1)*limit)
	return items[start:min(len(items), start+limit)]
}

func (f *fakeForge) byPassword(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		user, password, _ := r.BasicAuth()
		if f.passwords++; user != "admin" || password != fakePassword {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func (f *fakeForge) byToken(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if _, _, basic := r.BasicAuth(); basic {
			f.passwords++
		}
		sent := strings.TrimPrefix(r.Header.Get("Authorization"), "token ")
		if !slices.ContainsFunc(f.tokens, func(t *gitea.AccessToken) bool { return t.Token == sent }) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func (f *fakeForge) serveTokens(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("X-Total-Count", strconv.Itoa(len(f.tokens)))
		_ = json.NewEncoder(w).Encode(page(f, r, f.tokens))
		return
	}
	f.signIns++
	token := &gitea.AccessToken{ID: int64(100 + f.signIns), Token: fmt.Sprint("secret-", f.signIns), Created: time.Now()}
	_ = json.NewDecoder(r.Body).Decode(&struct{ Name *string }{&token.Name})
	f.tokens = append(f.tokens, token)
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(token)
}

func TestSignsInOnce(t *testing.T) {
	t.Parallel()
	f := &fakeForge{tokens: []*gitea.AccessToken{
		{ID: 1, Name: tokenPrefix + "killed", Created: time.Now().Add(-2 * forgotten)},
		{ID: 2, Name: tokenPrefix + "running", Created: time.Now().Add(-time.Minute)},
		{ID: 3, Name: "of the administrator", Created: time.Now().Add(-2 * forgotten)},
	}}
	c := f.start(t)
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			if _, err := c.Runs(t.Context(), "", 1); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if f.passwords != 1 || f.signIns != 1 {
		t.Errorf("got %d requests with the password and %d tokens, want 1 each", f.passwords, f.signIns)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	var left []int64
	for _, token := range f.tokens {
		left = append(left, token.ID)
	}
	if !slices.Equal(left, []int64{2, 3}) {
		t.Errorf("got the tokens %v left, want those of the administrator and of a running launcher", left)
	}
	passwords := f.passwords
	if err := c.Close(); err != nil || f.passwords != passwords {
		t.Errorf("closing again: got %v and %d requests, want nothing to happen", err, f.passwords-passwords)
	}
}

func TestCloseWithANewPassword(t *testing.T) {
	t.Parallel()
	f := &fakeForge{}
	c := f.start(t)
	if _, err := c.Runners(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.SetPassword("another")
	if err := c.Close(); err == nil || len(f.tokens) != 1 {
		t.Fatalf("got %v and %d tokens, want a refusal", err, len(f.tokens))
	}
	c.SetPassword(fakePassword)
	if err := c.Close(); err != nil || len(f.tokens) != 0 {
		t.Errorf("got %v and %d tokens, want none left", err, len(f.tokens))
	}
}

func TestNothingIsSentUnasked(t *testing.T) {
	t.Parallel()
	f := &fakeForge{}
	if err := f.start(t).Close(); err != nil || f.passwords != 0 {
		t.Errorf("got %v and %d requests, want none", err, f.passwords)
	}
}

// TestWholeLists reads lists that are longer than a page, of forges that send
// pages as long as was asked for, and shorter ones.
func TestWholeLists(t *testing.T) {
	t.Parallel()
	for _, most := range []int{50, 20} {
		f := &fakeForge{most: most}
		for i := range 75 {
			f.runners = append(f.runners, &gitea.ActionRunner{ID: int64(i), Name: fmt.Sprintf("dev-runner-%d", i)})
			f.jobs = append(f.jobs, &gitea.ActionWorkflowJob{ID: int64(i)})
			f.packages = append(f.packages, &gitea.Package{Type: "container", Name: "service", Version: strconv.Itoa(i)})
		}
		c := f.start(t)
		runners, err := c.Runners(t.Context())
		if err != nil || len(runners) != 75 {
			t.Errorf("got %d runners and %v, want 75", len(runners), err)
		}
		jobs, err := c.Jobs(t.Context(), 7)
		if err != nil || len(jobs) != 75 {
			t.Errorf("got %d jobs and %v, want 75", len(jobs), err)
		}
		images, err := c.Images(t.Context())
		if err != nil || len(images) != 75 {
			t.Errorf("got %d images and %v, want 75", len(images), err)
		}
		if err := c.DeleteRunners(t.Context(), "dev"); err != nil || len(f.deleted) != 75 {
			t.Errorf("got %d runners deleted and %v, want 75: one that survives keeps its credential", len(f.deleted), err)
		}
	}
}

func TestOwnerWithoutPackages(t *testing.T) {
	t.Parallel()
	f := &fakeForge{}
	c := f.start(t)
	c.Owner = "nobody"
	if images, err := c.Images(t.Context()); err != nil || images != nil {
		t.Errorf("got %v and %v, want no images", images, err)
	}
}
