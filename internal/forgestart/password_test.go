package forgestart

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// TestPassword sets the password from each state in which a start can find the forge,
// with each request and each command failing for a while.
func TestPassword(t *testing.T) {
	t.Parallel()
	const change, user, tokens = "PATCH /api/v1/admin/users/" + admin, "GET /api/v1/user", "GET /api/v1/users/" + admin + "/tokens"
	for name, tt := range map[string]struct {
		before  string // the administrator's password; "" when there is none
		failing map[string]int
		want    string // commands
		logged  string
	}{
		"first start":                  {"", nil, "create", ""},
		"restart":                      {password, nil, "", ""},
		"the stack has a new one":      {"old", nil, "generate-access-token", ""},
		"creating the user fails":      {"", map[string]int{"create": 2}, "create, generate-access-token, create, generate-access-token, create", "locked"},
		"the first change fails":       {"", map[string]int{change: 1}, "create, generate-access-token", "changing the password"},
		"a later change fails":         {"old", map[string]int{change: 2}, "generate-access-token, generate-access-token, generate-access-token", "changing the password"},
		"a token fails":                {"old", map[string]int{"generate-access-token": 1}, "generate-access-token, create, generate-access-token", "generate-access-token"},
		"signing in fails":             {password, map[string]int{user: 2}, "", "signing in"},
		"Gitea is not healthy at once": {password, map[string]int{"GET /api/healthz": 3}, "", ""},
		"tokens stay":                  {password, map[string]int{tokens: 1}, "", "removing the access tokens"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s := newFake(t, func(f *fake) {
				f.password = tt.before
				for what, n := range tt.failing {
					f.failing[what] = n
				}
				f.tokens["start-1"], f.tokens["of-the-user"] = "x", "y"
			})
			if err := s.passwordStep().set(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.Healthy(t.Context()); err != nil || f.password != password {
				t.Errorf("got %v and the password %q, want a healthy forge with %q", err, f.password, password)
			}
			if got := strings.Join(f.ran, ", "); got != tt.want {
				t.Errorf("got the commands %s, want %s", got, tt.want)
			}
			if log := f.log.String(); !strings.Contains(log, tt.logged) || (tt.logged == "") != (log == "") || strings.Contains(log, password) {
				t.Errorf("got the log %s, want %q", log, tt.logged)
			}
			if _, kept := f.tokens["of-the-user"]; !kept || len(f.tokens) != 1 && tt.failing[tokens] == 0 {
				t.Errorf("got the tokens %v, want the user's alone", f.tokens)
			}
		})
	}
}

// TestPasswordNeverWorks: the forge does not become ready, and the log says why.
func TestPasswordNeverWorks(t *testing.T) {
	t.Parallel()
	const change = "PATCH /api/v1/admin/users/" + admin
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f, s := newFake(t, func(f *fake) {
		f.password, f.failing[change] = "old", 1<<30
		f.failed = func(string) {
			if f.failing[change] == 1<<30-3 {
				cancel()
			}
		}
	})
	if err := s.passwordStep().set(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it tried until the end", err)
	}
	if err := s.Healthy(t.Context()); err == nil {
		t.Error("got a healthy forge without a password")
	}
	for _, want := range []string{"setting the administrator's password failed", "changing the password", "database is locked", "again in"} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("got the log %s without %q", f.log.String(), want)
		}
	}
}

// TestPasswordFile: a password that is missing or empty is an error, which passes.
func TestPasswordFile(t *testing.T) {
	t.Parallel()
	f, s := newFake(t, func(f *fake) { f.password = "old" })
	f.write("password", "\n")
	p := s.passwordStep()
	if err := p.run(t.Context()); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("got %v, want that the file is empty", err)
	}
	f.write("password", password)
	if err := p.run(t.Context()); err != nil || f.password != password {
		t.Errorf("got %v and the password %q, want %q", err, f.password, password)
	}
}
