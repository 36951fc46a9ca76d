package images

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
	"github.com/gitops-pipeline/gitops-pipeline/internal/config"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// fakeHost is as much of a Docker host's API as asking for images and pulling them needs.
type fakeHost struct {
	mu       sync.Mutex
	has      []string      // on the host
	registry []string      // what its registries have
	pull     time.Duration // how long a pull takes
	asked    []string
	build    url.Values // the query of the last build
}

func (f *fakeHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/") // behind the API's version
	ref := strings.TrimSuffix(path[strings.Index(path, "/")+1:], "/json")
	switch {
	case r.URL.Path == "/v1.41/images/create":
		ref = r.FormValue("fromImage") + ":" + r.FormValue("tag")
		time.Sleep(f.pull)
		if slices.Contains(f.registry, strings.TrimPrefix(strings.TrimPrefix(ref, "docker.io/"), "library/")) {
			fmt.Fprintln(w, `{"status":"Pull complete"}`)
		} else {
			fmt.Fprintln(w, `{"error":"manifest unknown"}`)
		}
	case r.URL.Path == "/v1.41/build":
		f.build = r.URL.Query()
		fmt.Fprintln(w, `{"stream":"Successfully built"}`)
	case strings.HasPrefix(path, "images/"):
		if !slices.Contains(f.has, ref) {
			http.Error(w, `{"message":"No such image"}`, http.StatusNotFound)
			return
		}
		fmt.Fprintln(w, `{"Id":"sha256:1"}`)
	case strings.HasPrefix(path, "distribution/"):
		f.asked = append(f.asked, ref)
		if !slices.Contains(f.registry, ref) {
			http.Error(w, `{"message":"manifest unknown"}`, http.StatusNotFound)
			return
		}
		fmt.Fprintln(w, `{"Descriptor":{}}`)
	default:
		http.Error(w, `{"message":"not in this test"}`, http.StatusNotImplemented)
	}
}

// on returns a builder of this project's images on the fake host.
func (f *fakeHost) on(t *testing.T, out *strings.Builder) *builder {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	docker, err := client.NewClientWithOpts(client.WithHost("tcp://"+server.Listener.Addr().String()), client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := readPins("../..")
	if err != nil {
		t.Fatal(err)
	}
	return &builder{root: "../..", pins: p, docker: docker, out: artifacts.NewProgress(out)}
}

// TestChoose looks for whole sets on the Docker host before it asks a registry.
func TestChoose(t *testing.T) {
	t.Parallel()
	b := (&fakeHost{}).on(t, &strings.Builder{})
	source, err := b.sourceNames()
	if err != nil {
		t.Fatal(err)
	}
	official, err := b.officialNames()
	if err != nil {
		t.Fatal(err)
	}
	released := b.official(official)
	for name, tt := range map[string]struct {
		has, registry []string
		want          config.ImageSource
		asked         int
	}{
		"nothing anywhere":                              {nil, nil, config.ImagesFromSource, 5},
		"a registry":                                    {nil, released, config.ImagesOfficial, 5},
		"a registry without the runner":                 {nil, slices.DeleteFunc(slices.Clone(released), func(r string) bool { return strings.HasPrefix(r, "gitea/runner") }), config.ImagesFromSource, 5},
		"official images left on the host, no registry": {released, nil, config.ImagesFromSource, 5},
		"built on official ones, then no network":       {official.all(), nil, config.ImagesOfficial, 0},
		"from source, and a registry":                   {source.all(), released, config.ImagesFromSource, 0},
		"half from source, and a registry":              {source.all()[:2], released, config.ImagesOfficial, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := &fakeHost{has: tt.has, registry: tt.registry}
			got, err := host.on(t, &strings.Builder{}).choose(t.Context(), source, official)
			if err != nil || got != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
			// The first refusal may end the questions that are still open.
			if n := len(host.asked); n > tt.asked || tt.want == config.ImagesOfficial && n != tt.asked {
				t.Errorf("got questions for %q, want %d", host.asked, tt.asked)
			}
		})
	}
}

// TestPullSaysPulling: a pull is no build.
func TestPullSaysPulling(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	host := &fakeHost{registry: []string{"gitea/runner:1.0.8"}, pull: 1200 * time.Millisecond} // longer than what is worth a line
	if err := host.on(t, &out).pull(t.Context(), "gitea/runner:1.0.8", "reach it"); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, "pulling gitea/runner:1.0.8\npulled gitea/runner:1.0.8 in ") || strings.Contains(got, "buil") {
		t.Errorf("got %q", got)
	}
}

// TestPullFails names the image, the reason and the next step.
func TestPullFails(t *testing.T) {
	t.Parallel()
	err := (&fakeHost{}).on(t, &strings.Builder{}).pull(t.Context(), "gitea/runner:1.0.8", "images source")
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"gitea/runner:1.0.8", "manifest unknown", "images source"} {
		if !strings.Contains(err.Error()+problem.Next(err), want) {
			t.Errorf("got %q without %q", err, want)
		}
	}
}

// TestBuildTakesProxies builds where only a proxy leads out, as apt-get in a build needs to know.
func TestBuildTakesProxies(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	t.Setenv("no_proxy", "")
	for proxy, network := range map[string]string{"": "", "http://192.0.2.1:3128": "", "http://127.0.0.1:3128": "host"} {
		t.Setenv("HTTP_PROXY", proxy)
		t.Setenv("http_proxy", "")
		t.Setenv("https_proxy", "")
		host := &fakeHost{}
		if err := host.on(t, &strings.Builder{}).dockerBuild(t.Context(), t.TempDir(), recipe{artifact: "base", ref: "test:1", args: map[string]string{"DEBIAN": "debian:13"}}); err != nil {
			t.Fatal(err)
		}
		var args map[string]string
		if err := json.Unmarshal([]byte(host.build.Get("buildargs")), &args); err != nil {
			t.Fatal(err)
		}
		if args["http_proxy"] != proxy || args["HTTP_PROXY"] != proxy || args["DEBIAN"] != "debian:13" || host.build.Get("networkmode") != network {
			t.Errorf("got build arguments %v and network %q, want the proxy %q and network %q", args, host.build.Get("networkmode"), proxy, network)
		}
	}
}

// TestBuildTakesConfiguredProxies has one proxy in the stack's configuration and another in the environment.
func TestBuildTakesConfiguredProxies(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	t.Setenv("http_proxy", "http://127.0.0.1:3128")
	ctx := artifacts.WithProxies(t.Context(), config.Config{Proxy: config.Proxy{HTTP: "http://192.0.2.1:3128"}}.ProxyEnvironment())
	host := &fakeHost{}
	if err := host.on(t, &strings.Builder{}).dockerBuild(ctx, t.TempDir(), recipe{artifact: "base", ref: "test:1"}); err != nil {
		t.Fatal(err)
	}
	var args map[string]string
	if err := json.Unmarshal([]byte(host.build.Get("buildargs")), &args); err != nil {
		t.Fatal(err)
	}
	if want := "http://192.0.2.1:3128"; args["http_proxy"] != want || args["HTTP_PROXY"] != want || !strings.Contains(args["no_proxy"], "localhost") {
		t.Errorf("got build arguments %v, want the configured proxy", args)
	}
}
