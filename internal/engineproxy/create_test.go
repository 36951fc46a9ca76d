package engineproxy

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// fakeEngine is an engine with a network of services; it keeps what it is asked to create.
type fakeEngine struct {
	mu       sync.Mutex
	services map[string][]string // by ID: each one's state as one inspection after the other finds it
	networks []string            // that were created
	created  []string
}

func (f *fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Api-Version", "1.45")
	_, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	body, _ := io.ReadAll(r.Body)
	notFound := func() { refuse(w, http.StatusNotFound, fmt.Errorf("no such %s", path)) }
	switch id, _ := strings.CutSuffix(strings.TrimPrefix(path, "containers/"), "/json"); {
	case r.URL.Path == "/_ping":
	case path == "containers/create":
		f.created = append(f.created, string(body))
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"Id":"x"}`)
	case path == "networks/create":
		if len(f.networks) > 0 {
			refuse(w, http.StatusConflict, fmt.Errorf("it exists"))
			return
		}
		f.networks = append(f.networks, string(body))
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"Id":"n"}`)
	case path == "networks/"+Network:
		if f.services == nil {
			notFound()
			return
		}
		containers := map[string]struct{}{}
		for id := range f.services {
			containers[id] = struct{}{}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"Containers": containers})
	case len(f.services[id]) > 0:
		fmt.Fprint(w, f.services[id][0])
		f.services[id] = f.services[id][1:]
	default:
		notFound()
	}
}

// state is what an engine says of a service; health may be empty.
func state(alias, address, health string) string {
	if health != "" {
		health = `,"Health":` + health
	}
	return fmt.Sprintf(`{"State":{"Running":true%s},"Config":{"Image":"db:1"},"NetworkSettings":{"Networks":{"%s":{"Aliases":["%s"],"IPAddress":"%s"}}}}`,
		health, Network, alias, address)
}

// create sends a request to create a container, and returns what came to the engine of it
// and the answer.
func create(t *testing.T, f *fakeEngine, body string) (got string, code int, answer string) {
	t.Helper()
	p, client := newProxy(t, f.ServeHTTP)
	body = strings.ReplaceAll(body, "PROXY", p.Socket)
	resp, err := client.Post("http://docker/v1.45/containers/create?name=x", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.created) > 0 {
		got = strings.ReplaceAll(f.created[0], p.Engine, "ENGINE")
	}
	return got, resp.StatusCode, string(text)
}

// sleeps is what makes a container a job's own.
const sleeps = `"Entrypoint":["/bin/sleep","10800"],"Env":["RUNNER_TOOL_CACHE=/opt/hostedtoolcache","LANG=C.UTF-8"]`

// TestCreate holds what becomes of each kind of container, key by key: json.Marshal sorts
// the keys of what is changed, and nothing of what is below the others.
func TestCreate(t *testing.T) {
	t.Parallel()
	const networking = `"NetworkingConfig":{"EndpointsConfig":{"job-services":{"Aliases":["x"]}}}`
	for name, test := range map[string]struct {
		body, want string
		services   map[string][]string
		networks   int
	}{
		"a job's": {
			body: `{` + sleeps + `,"HostConfig":{"Binds":["PROXY:/var/run/docker.sock"],"Mounts":[{"Type":"volume","Source":"act-toolcache","Target":"/opt/hostedtoolcache"},{"Type":"volume","Source":"job","Target":"/workspace/o/r"}],"NetworkMode":"job-services","Unknown":[1.50,{"b":1,"a":2}]},` + networking + `}`,
			want: `{` + sleeps + `,"HostConfig":{"Binds":["ENGINE:/var/run/docker.sock","/workspace/o/r:/workspace/o/r"],"Mounts":[{"Source":"act-toolcache","Target":"/opt/hostedtoolcache","Type":"volume"}],"NetworkMode":"host","Unknown":[1.50,{"b":1,"a":2}]}}`,
		},
		"a job's with services": {
			body: `{` + sleeps + `,"HostConfig":{"ExtraHosts":["web:192.0.2.1"],"NetworkMode":"job-services"},` + networking + `}`,
			want: `{` + sleeps + `,"HostConfig":{"ExtraHosts":["web:192.0.2.1","db:172.18.0.3","web:172.18.0.2"],"NetworkMode":"host"}}`,
			services: map[string][]string{
				"a": {state("web", "172.18.0.2", "")},
				"b": {state("db", "172.18.0.3", `{"Status":"starting"}`), state("db", "172.18.0.3", `{"Status":"healthy"}`)},
				"c": {}, // has ended
			},
		},
		"a service's": {
			body:     `{"Env":["RUNNER_TOOL_CACHE=x"],"HostConfig":{"NetworkMode":"job-services"},` + networking + `}`,
			want:     `{"Env":["RUNNER_TOOL_CACHE=x"],"HostConfig":{"NetworkMode":"job-services"},` + networking + `}`,
			networks: 1,
		},
		"an action's": {
			body: `{` + sleeps + `,"HostConfig":{"Binds":["PROXY:/var/run/docker.sock"],"Mounts":[{"Type":"volume","Source":"job","Target":"/workspace/o/r"}],"NetworkMode":"container:job"}}`,
			want: `{` + sleeps + `,"HostConfig":{"Binds":["ENGINE:/var/run/docker.sock","/workspace/o/r:/workspace/o/r"],"Mounts":[],"NetworkMode":"container:job"}}`,
		},
		"one with other mounts": {
			body: `{"HostConfig":{"Binds":["/run/x.sock:/var/run/docker.sock"],"Mounts":[{"Type":"bind","Source":"/a","Target":"/workspace/o/r"},{"Type":"volume","Source":"b","Target":"/workspaces/x"}]}}`,
			want: `{"HostConfig":{"Binds":["/run/x.sock:/var/run/docker.sock"],"Mounts":[{"Type":"bind","Source":"/a","Target":"/workspace/o/r"},{"Type":"volume","Source":"b","Target":"/workspaces/x"}]}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fakeEngine{services: test.services}
			got, code, answer := create(t, f, test.body)
			if code != http.StatusCreated || compact(t, got) != compact(t, test.want) {
				t.Errorf("got %d %s\n%s\nwant\n%s", code, answer, got, test.want)
			}
			if len(f.networks) != test.networks {
				t.Errorf("got %d networks created, want %d", len(f.networks), test.networks)
			}
		})
	}
}

// TestServicesShareANetwork holds that the second service of a job finds the first one's network.
func TestServicesShareANetwork(t *testing.T) {
	t.Parallel()
	f := &fakeEngine{}
	_, client := newProxy(t, f.ServeHTTP)
	for range 2 {
		resp, err := client.Post("http://docker/v1.45/containers/create", "application/json", strings.NewReader(`{"HostConfig":{"NetworkMode":"job-services"}}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			t.Errorf("got %s, want a container", resp.Status)
		}
	}
	if len(f.networks) != 1 || len(f.created) != 2 {
		t.Errorf("got %d networks and %d containers, want 1 and 2", len(f.networks), len(f.created))
	}
}

// TestUnhealthyService holds that a job does not start beside a service that does not, and
// that the answer says why.
func TestUnhealthyService(t *testing.T) {
	t.Parallel()
	starting := state("db", "172.18.0.2", `{"Status":"starting"}`)
	for name, test := range map[string]struct {
		states []string
		want   string
	}{
		"unhealthy": {[]string{starting, state("db", "172.18.0.2", `{"Status":"unhealthy","Log":[{"ExitCode":1,"Output":"first"},{"ExitCode":2,"Output":"no answer\n"}]}`)}, `db:1 is unhealthy: its health check ended with exit code 2 and printed "no answer"`},
		"unchecked": {[]string{state("db", "172.18.0.2", `{"Status":"unhealthy"}`)}, "did not run"},
		"ended":     {[]string{starting}, "db:1 ended before it was healthy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fakeEngine{services: map[string][]string{"a": test.states}}
			got, code, answer := create(t, f, `{`+sleeps+`,"HostConfig":{"NetworkMode":"job-services"}}`)
			var refusal struct{ Message string }
			if err := json.Unmarshal([]byte(answer), &refusal); err != nil || code != http.StatusInternalServerError ||
				!strings.Contains(refusal.Message, test.want) || !strings.Contains(refusal.Message, "in the workflow") {
				t.Errorf("got %d %s, want 500 with %q", code, answer, test.want)
			}
			if got != "" {
				t.Errorf("got the container %s, want none", got)
			}
		})
	}
}
