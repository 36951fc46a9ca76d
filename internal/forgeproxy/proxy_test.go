package forgeproxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	runnerv1 "code.gitea.io/actions-proto-go/runner/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/gitops-pipeline/gitops-pipeline/internal/actionscache"
)

// leases records what the proxy asks.
type leases struct {
	mu    sync.Mutex
	asked []string
	fail  error
}

func (l *leases) Put(_ context.Context, token string, lease actionscache.Lease) error {
	l.note("put " + token + " " + lease.Repository + " " + strings.Join(lease.Read, " "))
	return l.fail
}

func (l *leases) Delete(_ context.Context, token string) error {
	l.note("delete " + token)
	return l.fail
}

func (l *leases) note(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, text)
}

// taskOf is a task whose context is given.
func taskOf(t *testing.T, id int64, context map[string]any) *runnerv1.Task {
	t.Helper()
	fields, err := structpb.NewStruct(context)
	if err != nil {
		t.Fatal(err)
	}
	return &runnerv1.Task{Id: id, Context: fields}
}

// push is the context of a push's task.
func push(ref string) map[string]any {
	return map[string]any{
		"repository": "ann/shop", "ref": ref, "gitea_runtime_token": "secret-7", "base_ref": "",
		"event": map[string]any{"repository": map[string]any{"id": 12, "default_branch": "main"}},
	}
}

func TestLeaseOf(t *testing.T) {
	t.Parallel()
	pull := push("refs/pull/3/head")
	pull["base_ref"] = "release"
	bare := push("refs/heads/main")
	bare["event"] = map[string]any{}
	none := push("")
	for name, tt := range map[string]struct {
		context map[string]any
		token   string
		want    actionscache.Lease
	}{
		"the default branch": {push("refs/heads/main"), "secret-7", actionscache.Lease{Repository: "ann/shop#12", Write: "refs/heads/main", Read: []string{"refs/heads/main", "refs/heads/main"}}},
		"another branch":     {push("refs/heads/x"), "secret-7", actionscache.Lease{Repository: "ann/shop#12", Write: "refs/heads/x", Read: []string{"refs/heads/x", "refs/heads/main"}}},
		"a tag":              {push("refs/tags/v1"), "secret-7", actionscache.Lease{Repository: "ann/shop#12", Write: "refs/tags/v1", Read: []string{"refs/tags/v1", "refs/heads/main"}}},
		"a pull request":     {pull, "secret-7", actionscache.Lease{Repository: "ann/shop#12", Write: "refs/pull/3/head", Read: []string{"refs/pull/3/head", "refs/heads/release", "refs/heads/main"}}},
		"a bare event":       {bare, "secret-7", actionscache.Lease{Repository: "ann/shop", Write: "refs/heads/main", Read: []string{"refs/heads/main"}}},
		"no ref":             {none, "", actionscache.Lease{}},
		"nothing":            {nil, "", actionscache.Lease{}},
	} {
		token, got := leaseOf(taskOf(t, 1, tt.context))
		if token != tt.token || got.Repository != tt.want.Repository || got.Write != tt.want.Write || !slices.Equal(got.Read, tt.want.Read) {
			t.Errorf("%s: got %q and %+v, want %q and %+v", name, token, got, tt.token, tt.want)
		}
	}
}

// TestLife has a runner that fetches a task, reports on it and ends it, through the proxy.
func TestLife(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]error{"with a cache": nil, "with a cache that is down": errors.New("down")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handed := taskOf(t, 7, push("refs/heads/main"))
			forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				switch {
				case r.Host != "localhost:3000":
					t.Errorf("the forge got the host %s, want its canonical address", r.Host)
				case strings.HasSuffix(r.URL.Path, "/FetchTask"):
					if r.Header.Get("Accept-Encoding") != "" {
						t.Error("the forge may compress a task")
					}
					answer, _ := proto.Marshal(&runnerv1.FetchTaskResponse{Task: handed})
					_, _ = w.Write(answer)
					handed = nil
				default:
					_, _ = w.Write(append([]byte(r.URL.Path+" "), body...))
				}
			}))
			t.Cleanup(forge.Close)
			l := &leases{fail: fail}
			proxy := httptest.NewServer((&Proxy{Target: strings.TrimPrefix(forge.URL, "http://"), Leases: l, Log: slog.New(slog.DiscardHandler)}).Handler())
			t.Cleanup(proxy.Close)
			ask := func(path string, message proto.Message) []byte {
				t.Helper()
				body, err := proto.Marshal(message)
				if err != nil {
					t.Fatal(err)
				}
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, proxy.URL+path, bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				req.Host = "localhost:3000"
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				answer, err := io.ReadAll(resp.Body)
				if err != nil || resp.StatusCode != http.StatusOK {
					t.Fatalf("%s: got %s, %v", path, resp.Status, err)
				}
				return answer
			}
			var fetched runnerv1.FetchTaskResponse
			if err := proto.Unmarshal(ask(service+"FetchTask", &runnerv1.FetchTaskRequest{}), &fetched); err != nil || fetched.Task.GetId() != 7 {
				t.Fatalf("got the task %v, %v, want the forge's", &fetched, err)
			}
			ask(service+"FetchTask", &runnerv1.FetchTaskRequest{})
			report := &runnerv1.UpdateTaskRequest{State: &runnerv1.TaskState{Id: 7}}
			if got := ask(service+"UpdateTask", report); !strings.HasPrefix(string(got), service+"UpdateTask ") || len(got) < len(service)+13 {
				t.Errorf("the forge answered %q, want the whole report", got)
			}
			ask(service+"UpdateTask", &runnerv1.UpdateTaskRequest{State: &runnerv1.TaskState{Id: 8}})
			report.State.Result = runnerv1.Result_RESULT_SUCCESS
			ask(service+"UpdateTask", report)
			ask(service+"UpdateTask", report) // as a runner that got no answer
			if got := string(ask("/ann/shop.git/info/refs", &runnerv1.FetchTaskRequest{})); got != "/ann/shop.git/info/refs " {
				t.Errorf("got %q for another path, want it passed on", got)
			}
			const put = "put secret-7 ann/shop#12 refs/heads/main refs/heads/main"
			if want := []string{put, put, "delete secret-7"}; !slices.Equal(l.asked, want) {
				t.Errorf("the cache was asked %q, want %q", l.asked, want)
			}
		})
	}
}
