// Package engineproxy stands between gitea-runner and a job engine that has one job. It
// passes on the Docker API as it is, and changes how containers are created where
// gitea-runner has no setting for it: a job finds its services, and the containers that it
// starts, as on GitHub's machines (docs/adr/0022-a-proxy-before-the-job-engine.md). What it has
// learned of the engine itself it says again without asking: see infos.
package engineproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"regexp"

	"github.com/gitops-pipeline/gitops-pipeline/internal/stackhttp"
)

// Network is the network of a job's services. It is gitea-runner's setting for all the
// containers of a job, which else creates and removes a network for each.
const Network = "job-services"

// workspace is the directory of the jobs' working directories: the one that gitea-runner
// has without a setting, and that a job engine has on its disk (package jobengine/inner).
const workspace = "/workspace"

// createPath is the path of a request that creates a container.
var createPath = regexp.MustCompile(`^(/v[0-9.]+)?/containers/create$`)

// Proxy is a proxy of one job engine.
type Proxy struct {
	// Socket is where it listens.
	Socket string
	// Engine is the job engine's socket, here as in the job engine's own file system.
	// Each connection opens it again: another job engine may have taken its place.
	Engine string
	Log    *slog.Logger
}

// Start listens and returns. It serves until ctx ends.
func (p Proxy) Start(ctx context.Context) error {
	if err := os.Remove(p.Socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // left by a container that was killed
	}
	listener, err := net.Listen("unix", p.Socket)
	if err != nil {
		return err
	}
	stackhttp.Serve(ctx, listener, p.handler(), "the job engine's proxy", p.Log)
	return nil
}

func (p Proxy) handler() http.Handler {
	var known infos
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "docker"
			r.Out.URL.RawQuery = r.In.URL.RawQuery
		},
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "unix", p.Engine)
			},
			DisableKeepAlives:  true,
			DisableCompression: true,
		},
		FlushInterval:  -1, // what a step prints is shown at once
		ModifyResponse: known.keep,
		ErrorLog:       slog.NewLogLogger(p.Log.Handler(), slog.LevelDebug),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			refuse(w, http.StatusBadGateway, fmt.Errorf("reaching the job engine: %w", err))
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if known.serve(w, r) {
			return
		}
		if r.Method == http.MethodPost && createPath.MatchString(r.URL.Path) {
			if err := p.change(r); err != nil {
				refuse(w, http.StatusInternalServerError, err)
				return
			}
		}
		forward.ServeHTTP(w, r)
	})
}

// refuse answers as a Docker engine does, so that the job's log shows the reason.
func refuse(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": err.Error()})
}
