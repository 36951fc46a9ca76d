package forgestart

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"code.gitea.io/sdk/gitea"
)

// admin and password are the administrator's.
const admin, password = "boss", "p\"a's\\s"

// fake is a Gitea: its API, and its commands.
type fake struct {
	t   *testing.T
	dir string

	mu          sync.Mutex
	password    string            // of the administrator; "" when there is none
	tokens      map[string]string // by name
	environment []string          // of the container
	ran         []string          // commands
	failing     map[string]int    // how often a command, or a request, fails before it succeeds
	failed      func(what string) // is called when something fails; may be nil
	log         strings.Builder
	hooks       []*gitea.Hook // of administrators
}

// newFake returns a Gitea, and a Starter for it.
func newFake(t *testing.T, change func(f *fake)) (*fake, *Starter) {
	t.Helper()
	f := &fake{t: t, dir: t.TempDir(), tokens: map[string]string{}, failing: map[string]int{}}
	if change != nil {
		change(f)
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.write("password", password+"\n")
	f.write("runners", "registration\n")
	f.write("etc/app.ini", "[security]\nINTERNAL_TOKEN = a=b\nINSTALL_LOCK = true\n[oauth2]\nJWT_SECRET=c\n[server]\nLFS_JWT_SECRET = d\n")
	f.write("data/data/jwt/private.pem", "key")
	if f.password != "" {
		f.write("data/data/gitea.db", "rows")
	}
	return f, &Starter{
		Config: Config{
			AdminUser: admin, PasswordFile: f.path("password"), ReadyFile: f.path("ready"), AppINI: f.path("etc/app.ini"),
			API: server.URL, EtcDir: f.path("etc"), DataDir: f.path("data"),
			Cache: Cache{SecretFile: f.path("runners"), Events: "http://forge:31009/tasks"},
		},
		Log: slog.New(slog.NewTextHandler(&f.log, nil)), Output: f.output,
		Environ: func() []string { return f.environment },
	}
}

func (f *fake) path(name string) string { return filepath.Join(f.dir, name) }

func (f *fake) write(name, text string) {
	f.t.Helper()
	if err := os.MkdirAll(filepath.Dir(f.path(name)), 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(f.path(name), []byte(text), 0o700); err != nil {
		f.t.Fatal(err)
	}
}

// read is the text of a file, or "none".
func (f *fake) read(name string) string {
	f.t.Helper()
	text, err := os.ReadFile(f.path(name))
	if errors.Is(err, os.ErrNotExist) {
		return "none"
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return string(text)
}

// fails tells whether this is one of the times that something fails.
func (f *fake) fails(what string) bool {
	f.failing[what]--
	fails := f.failing[what] >= 0
	if fails && f.failed != nil {
		f.failed(what)
	}
	return fails
}

// output is one of the container's programs. One that the test has made is run.
func (f *fake) output(ctx context.Context, program string, args ...string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if strings.HasPrefix(program, f.dir) {
		return Output(ctx, program, args...)
	}
	if program == setupProgram {
		f.ran = append(f.ran, "setup")
		return "", nil
	}
	if len(args) == 3 && args[0] == "generate" {
		f.ran = append(f.ran, "generate")
		return "generated\n", nil
	}
	if slices.ContainsFunc(args, func(a string) bool { return strings.Contains(a, password) }) {
		f.t.Errorf("the password is in the arguments %q", args)
	}
	what := args[4]
	f.ran = append(f.ran, what)
	if f.fails(what) {
		return "", errors.New("exit status 1: database is locked")
	}
	name := args[slices.IndexFunc(args, func(a string) bool { return strings.HasSuffix(a, "token-name") })+1]
	switch {
	case what == "create" && f.password == "":
		f.password, f.tokens[name] = "random", "secret-"+name
		return "generated random password is 'random'\nNew user 'boss' has been successfully created!\n" +
			"Access token was successfully created... secret-" + name + "\n", nil
	case what == "generate-access-token" && f.password != "":
		f.tokens[name] = "secret-" + name
		return "secret-" + name + "\n", nil
	}
	return "", fmt.Errorf("exit status 1: %s refused", what)
}

// ServeHTTP is the API.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, given, _ := r.BasicAuth()
	signedIn := f.password != "" && given == f.password
	what := r.Method + " " + r.URL.Path
	switch {
	case f.fails(what):
		http.Error(w, `{"message":"database is locked"}`, http.StatusInternalServerError)
	case what == "GET /api/healthz":
	case what == "PATCH /api/v1/admin/users/"+admin:
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "token ")
		var edit struct{ Password string }
		if err := json.NewDecoder(r.Body).Decode(&edit); err != nil || edit.Password == "" {
			http.Error(w, `{}`, http.StatusUnprocessableEntity)
			return
		}
		for _, t := range f.tokens {
			if t == token {
				f.password = edit.Password
				return
			}
		}
		http.Error(w, `{"message":"token is required"}`, http.StatusUnauthorized)
	case !signedIn:
		http.Error(w, `{"message":"invalid username or password"}`, http.StatusUnauthorized)
	case what == "GET /api/v1/user":
		fmt.Fprintf(w, `{"login":%q}`, admin)
	case what == "GET /api/v1/users/"+admin+"/tokens":
		list := []map[string]any{}
		for name := range f.tokens {
			list = append(list, map[string]any{"id": len(name), "name": name})
		}
		_ = json.NewEncoder(w).Encode(list)
	case strings.HasPrefix(r.URL.Path, "/api/v1/admin/hooks"):
		f.serveHooks(w, r)
	case r.Method == http.MethodDelete:
		for name := range f.tokens {
			if strings.HasSuffix(r.URL.Path, fmt.Sprint("/", len(name))) {
				delete(f.tokens, name)
			}
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		f.t.Errorf("unexpected request %s", what)
	}
}
