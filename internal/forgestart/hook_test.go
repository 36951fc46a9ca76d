package forgestart

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"code.gitea.io/sdk/gitea"
)

// serveHooks is the API of the administrators' webhooks, ten on a page.
func (f *fake) serveHooks(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		first := 0
		if page := r.URL.Query().Get("page"); page != "" && page != "1" {
			first = len(f.hooks)
		}
		_ = json.NewEncoder(w).Encode(f.hooks[first:])
	case http.MethodPost:
		h := &gitea.Hook{ID: int64(len(f.hooks) + 1)}
		f.hooks = append(f.hooks, h)
		f.change(h, r)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(h)
	case http.MethodPatch:
		for _, h := range f.hooks {
			if strings.HasSuffix(r.URL.Path, fmt.Sprint("/", h.ID)) {
				f.change(h, r)
			}
		}
		_, _ = w.Write([]byte("{}"))
	}
}

func (f *fake) change(h *gitea.Hook, r *http.Request) {
	var option gitea.CreateHookOption
	if err := json.NewDecoder(r.Body).Decode(&option); err != nil {
		f.t.Error(err)
	}
	h.Config, h.Events, h.Active, h.AuthorizationHeader = option.Config, option.Events, option.Active, option.AuthorizationHeader
}

// TestHook holds that a start makes one webhook, that the next start gives it the runners'
// present secret, and that those of others stay as they are.
func TestHook(t *testing.T) {
	t.Parallel()
	f, s := newFake(t, func(f *fake) {
		f.password = password
		f.hooks = []*gitea.Hook{{ID: 1, Config: map[string]string{"url": "https://chat.example.org"}, Events: []string{"push"}, Active: true}}
	})
	start := func(secret string) {
		t.Helper()
		f.write("runners", secret+"\n")
		if err := s.passwordStep().set(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(f.hooks) != 2 {
			t.Fatalf("got %d webhooks, want the administrator's and one", len(f.hooks))
		}
		own, other := f.hooks[1], f.hooks[0]
		if own.AuthorizationHeader != "Bearer "+secret || !own.Active || !slices.Equal(own.Events, []string{"workflow_job"}) ||
			own.Config["url"] != s.Config.Cache.Events || own.Config["is_system_webhook"] != "true" {
			t.Errorf("got the webhook %+v", own)
		}
		if other.AuthorizationHeader != "" || !slices.Equal(other.Events, []string{"push"}) {
			t.Errorf("the administrator's webhook is now %+v", other)
		}
	}
	start("first")
	f.hooks[1].Active = false
	start("second")
	if log := f.log.String(); log != "" {
		t.Errorf("got the log %s", log)
	}
}

// TestWithoutHook holds that a forge whose webhook cannot be made is ready all the same.
func TestWithoutHook(t *testing.T) {
	t.Parallel()
	f, s := newFake(t, func(f *fake) {
		f.password, f.failing = password, map[string]int{"GET /api/v1/admin/hooks": 1}
	})
	if err := s.passwordStep().set(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Healthy(t.Context()); err != nil {
		t.Error(err)
	}
	if log := f.log.String(); !strings.Contains(log, "no webhook tells of tasks") {
		t.Errorf("got the log %s", log)
	}
}
