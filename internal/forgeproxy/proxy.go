// Package forgeproxy stands between gitea-runner and the forge. It passes on everything as
// it is. A runner's question for a task waits here until there may be one
// (docs/adr/0030-runners-wait-for-events.md). From the tasks that the forge hands out it learns which repository and which ref each job
// runs for, which no job can forge, and has the forge's cache serve the job accordingly
// (docs/adr/0028-caches-of-workflows.md).
package forgeproxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	runnerv1 "code.gitea.io/actions-proto-go/runner/v1"
	"google.golang.org/protobuf/proto"

	"github.com/gitops-pipeline/gitops-pipeline/internal/actionscache"
	"github.com/gitops-pipeline/gitops-pipeline/internal/stackhttp"
)

// The paths of the runner protocol's calls.
const (
	service    = "/api/actions/runner.v1.RunnerService/"
	fetchTask  = service + "FetchTask"
	updateTask = service + "UpdateTask"
)

// Limits of the proxy.
const (
	leaseTimeout = 3 * time.Second
	maxUpdate    = 64 << 20 // bytes of a report on a task, which includes the job's outputs
	maxQuestion  = 64 << 10 // bytes of a question for a task
	distrust     = 10 * time.Minute
	refused      = time.Minute // after an answer that is none, no question waits: the supervisor counts them
)

// Leases is what gives jobs their access to the cache.
type Leases interface {
	Put(ctx context.Context, token string, l actionscache.Lease) error
	Delete(ctx context.Context, token string) error
}

// Tasks tells when the forge may have a task.
type Tasks interface {
	// Wait returns the number of events when it is another than after, or after itself when
	// there was none for some time.
	Wait(ctx context.Context, after uint64) (uint64, error)
}

// Proxy is a proxy of the forge.
type Proxy struct {
	Target string // host and port of the forge on the stack's network
	Leases Leases // nil for none
	Tasks  Tasks  // nil to pass on every question for a task at once
	Log    *slog.Logger

	mu         sync.Mutex
	tasks      map[int64]task
	seen       uint64    // events, before the last question was passed on
	distrusted time.Time // until then, no question waits
}

// task is a job that runs.
type task struct {
	token string
	lease actionscache.Lease
}

// Serve serves until ctx ends.
func (p *Proxy) Serve(ctx context.Context, listener net.Listener) {
	stackhttp.Serve(ctx, listener, p.Handler(), "the forge's proxy", p.Log)
}

// Handler passes on requests, and looks at those of the runner protocol.
func (p *Proxy) Handler() http.Handler {
	transport := stackhttp.Transport()
	transport.DisableCompression = true
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: p.Target})
			r.Out.Host = r.In.Host // the forge's canonical address, of which it makes links
			if r.In.URL.Path == fetchTask {
				r.Out.Header.Del("Accept-Encoding") // fetched reads the answer
			}
		},
		Transport:     transport,
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(p.Log.Handler(), slog.LevelDebug),
		ModifyResponse: func(resp *http.Response) error {
			if resp.Request.URL.Path != fetchTask {
				return nil
			}
			if resp.StatusCode != http.StatusOK {
				p.askAllTheTime(refused)
				return nil
			}
			return p.fetched(resp)
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "reaching the forge: "+err.Error(), http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most, looked := map[string]int64{fetchTask: maxQuestion, updateTask: maxUpdate}[r.URL.Path]
		if !looked {
			forward.ServeHTTP(w, r)
			return
		}
		body, err := peek(w, r, most)
		if err != nil {
			http.Error(w, "reading what the runner sends: "+err.Error(), http.StatusBadRequest)
			return
		}
		encoding := r.Header.Get("Content-Encoding")
		if r.URL.Path == fetchTask && p.hold(r.Context(), encoding, body) {
			r = r.WithContext(context.WithValue(r.Context(), withoutEvent{}, true))
		}
		forward.ServeHTTP(w, r)
		if r.URL.Path == updateTask {
			p.updated(r.Context(), encoding, body)
		}
	})
}

// peek reads a request's body, which stays there to be read.
func peek(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, err
}

// parse reads a message of the runner protocol, and tells whether it could.
func parse(encoding string, body []byte, into proto.Message) bool {
	return (encoding == "" || encoding == "identity") && proto.Unmarshal(body, into) == nil
}

// fetched looks at the answer to a runner that asks for a task, and gives the task's job its
// lease before the runner has it.
func (p *Proxy) fetched(resp *http.Response) error {
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return fmt.Errorf("reading a task: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	var answer runnerv1.FetchTaskResponse
	if err := proto.Unmarshal(body, &answer); err != nil {
		p.Log.Warn("a task cannot be read: its job has no cache", "error", err)
		return nil
	}
	if answer.Task == nil {
		return nil
	}
	if resp.Request.Context().Value(withoutEvent{}) != nil {
		p.Log.Warn("the forge had a task and told nobody, as when its webhook for runners cannot call: this runner asks all the time", "for", distrust)
		p.askAllTheTime(distrust)
	}
	if p.Leases == nil {
		return nil
	}
	token, lease := leaseOf(answer.Task)
	if token == "" {
		p.Log.Warn("the forge does not say what a task runs for: its job has no cache", "task", answer.Task.Id)
		return nil
	}
	p.mu.Lock()
	if p.tasks == nil {
		p.tasks = map[int64]task{}
	}
	p.tasks[answer.Task.Id] = task{token, lease}
	p.mu.Unlock()
	p.report(p.put(resp.Request.Context(), task{token, lease}))
	return nil
}

// updated looks at a report on a task: it renews the lease, or ends it with the job.
func (p *Proxy) updated(ctx context.Context, encoding string, body []byte) {
	var report runnerv1.UpdateTaskRequest
	if p.Leases == nil || !parse(encoding, body, &report) || report.State == nil {
		return // the lease ends by itself
	}
	p.mu.Lock()
	t, known := p.tasks[report.State.Id]
	ended := report.State.Result != runnerv1.Result_RESULT_UNSPECIFIED
	if ended {
		delete(p.tasks, report.State.Id)
	}
	p.mu.Unlock()
	switch {
	case !known:
	case ended:
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTimeout)
		defer cancel()
		p.report(p.Leases.Delete(ctx, t.token))
	default:
		p.report(p.put(ctx, t))
	}
}

func (p *Proxy) put(ctx context.Context, t task) error {
	ctx, cancel := context.WithTimeout(ctx, leaseTimeout)
	defer cancel()
	return p.Leases.Put(ctx, t.token, t.lease)
}

func (p *Proxy) report(err error) {
	if err != nil {
		p.Log.Warn("telling the cache about a job", "error", err)
	}
}

// leaseOf returns the token with which a task's job asks the cache, and what it may do there:
// it keeps for its own ref, and reads that, then the branch that a pull request goes to, then the
// default branch. The token is empty if the task does not say enough.
func leaseOf(t *runnerv1.Task) (token string, l actionscache.Lease) {
	context := t.GetContext().GetFields()
	text := func(name string) string { return context[name].GetStringValue() }
	repository := context["event"].GetStructValue().GetFields()["repository"].GetStructValue().GetFields()
	l.Repository, l.Write = text("repository"), text("ref")
	if l.Repository == "" || !strings.HasPrefix(l.Write, "refs/") {
		return "", actionscache.Lease{}
	}
	// A repository that takes the name of one that is gone must not get its caches.
	if id := repository["id"].GetNumberValue(); id > 0 {
		l.Repository += "#" + strconv.FormatFloat(id, 'f', 0, 64)
	}
	l.Read = []string{l.Write}
	for _, branch := range []string{text("base_ref"), repository["default_branch"].GetStringValue()} {
		if branch != "" {
			l.Read = append(l.Read, "refs/heads/"+strings.TrimPrefix(branch, "refs/heads/"))
		}
	}
	return text("gitea_runtime_token"), l
}
