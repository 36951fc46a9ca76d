package dockerhost

import (
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"github.com/docker/docker/api/types/system"

	"github.com/gitops-pipeline/gitops-pipeline/internal/dockerhost/dockerhosttest"
	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// fakeSSHSocket names the socket that this test's `ssh` connects to.
const fakeSSHSocket = "FAKE_SSH_SOCKET"

// TestMain plays `ssh HOST docker system dial-stdio` when it is called as ssh.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "ssh" {
		os.Exit(fakeSSH())
	}
	os.Exit(m.Run())
}

func fakeSSH() int {
	if !strings.Contains(strings.Join(os.Args, " "), "system dial-stdio") {
		fmt.Fprintln(os.Stderr, "got", os.Args)
		return 255
	}
	conn, err := net.Dial("unix", os.Getenv(fakeSSHSocket))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 255
	}
	go func() { _, _ = io.Copy(conn, os.Stdin) }()
	_, _ = io.Copy(os.Stdout, conn)
	return 0
}

// clean makes the test independent of the settings and contexts of who runs it.
func clean(t *testing.T) (directory string) {
	t.Helper()
	directory = t.TempDir()
	for _, name := range []string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_API_VERSION"} {
		t.Setenv(name, "")
	}
	t.Setenv("DOCKER_CONFIG", directory)
	return directory
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// createContext writes a context as `docker context create` does.
func createContext(t *testing.T, directory, name string, meta docker.EndpointMeta, tls map[string][]byte) {
	t.Helper()
	s := store.New(filepath.Join(directory, "contexts"), store.NewConfig(func() any { return &map[string]any{} }))
	err := s.CreateOrUpdate(store.Metadata{Name: name, Metadata: map[string]any{}, Endpoints: map[string]any{docker.DockerEndpoint: meta}})
	if err != nil {
		t.Fatal(err)
	}
	if tls == nil {
		return
	}
	if err := s.ResetEndpointTLSMaterial(name, docker.DockerEndpoint, &store.EndpointTLSData{Files: tls}); err != nil {
		t.Fatal(err)
	}
}

func TestResolveEndpoint(t *testing.T) {
	for name, test := range map[string]struct {
		env          map[string]string
		current      string
		host, source string
	}{
		"nothing set":                       {nil, "", DefaultHost, "the default"},
		"current context":                   {nil, "here", "unix:///here.sock", `the context "here"`},
		"current context default":           {nil, "default", DefaultHost, "the default"},
		"DOCKER_CONTEXT before current":     {map[string]string{"DOCKER_CONTEXT": "there"}, "here", "ssh://root@there", `the context "there"`},
		"DOCKER_CONTEXT=default":            {map[string]string{"DOCKER_CONTEXT": "default"}, "here", DefaultHost, "the default"},
		"DOCKER_HOST before DOCKER_CONTEXT": {map[string]string{"DOCKER_HOST": "ssh://root@x", "DOCKER_CONTEXT": "there"}, "here", "ssh://root@x", "DOCKER_HOST"},
		"DOCKER_HOST without a port":        {map[string]string{"DOCKER_HOST": "tcp://10.0.0.1"}, "", "tcp://10.0.0.1:2375", "DOCKER_HOST"},
		"DOCKER_TLS_VERIFY alone":           {map[string]string{"DOCKER_TLS_VERIFY": "1"}, "", "tcp://localhost:2376", "the default"},
	} {
		t.Run(name, func(t *testing.T) {
			directory := clean(t)
			createContext(t, directory, "here", docker.EndpointMeta{Host: "unix:///here.sock"}, nil)
			createContext(t, directory, "there", docker.EndpointMeta{Host: "ssh://root@there"}, nil)
			writeFile(t, filepath.Join(directory, "config.json"), `{"currentContext": "`+test.current+`"}`)
			for key, value := range test.env {
				t.Setenv(key, value)
			}
			got, err := ResolveEndpoint()
			if err != nil || got.Host != test.host || got.Source != test.source {
				t.Errorf("got %s from %s, %v, want %s from %s", got.Host, got.Source, err, test.host, test.source)
			}
		})
	}
}

func TestBrokenEndpoint(t *testing.T) {
	for name, test := range map[string]struct {
		env     map[string]string
		prepare func(t *testing.T, directory string)
		want    string
	}{
		"no such context": {map[string]string{"DOCKER_CONTEXT": "gone"}, nil, `the Docker context "gone" (from DOCKER_CONTEXT)`},
		"current context is gone": {nil, func(t *testing.T, directory string) {
			writeFile(t, filepath.Join(directory, "config.json"), `{"currentContext": "gone"}`)
		}, "from the Docker CLI's current context"},
		"a damaged context": {map[string]string{"DOCKER_CONTEXT": "x"}, func(t *testing.T, directory string) {
			createContext(t, directory, "x", docker.EndpointMeta{Host: "unix:///x"}, nil)
			found, err := filepath.Glob(filepath.Join(directory, "contexts", "meta", "*", "meta.json"))
			if err != nil || len(found) != 1 {
				t.Fatalf("got %v, %v, want one context", found, err)
			}
			writeFile(t, found[0], "{")
		}, `the Docker context "x"`},
		"a context without a host": {map[string]string{"DOCKER_CONTEXT": "x"}, func(t *testing.T, directory string) {
			createContext(t, directory, "x", docker.EndpointMeta{}, nil)
		}, "names no Docker host"},
		"a damaged configuration": {nil, func(t *testing.T, directory string) {
			writeFile(t, filepath.Join(directory, "config.json"), "{")
		}, "the Docker CLI's configuration"},
		"a wrong DOCKER_HOST": {map[string]string{"DOCKER_HOST": "gopher://x"}, nil, "reading DOCKER_HOST"},
	} {
		t.Run(name, func(t *testing.T) {
			directory := clean(t)
			for key, value := range test.env {
				t.Setenv(key, value)
			}
			if test.prepare != nil {
				test.prepare(t, directory)
			}
			_, err := ResolveEndpoint()
			if err == nil || !strings.Contains(err.Error(), test.want) || problem.Next(err) == "" {
				t.Errorf("got %v, next %q, want an error with %q and advice", err, problem.Next(err), test.want)
			}
		})
	}
}

// TestConnectSSH connects as `docker --host ssh://…` does, through an `ssh` on PATH.
func TestConnectSSH(t *testing.T) {
	clean(t)
	t.Setenv(fakeSSHSocket, dockerhosttest.Server{Info: system.Info{ServerVersion: "27.1"}}.Socket(t))
	programs := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(programs, "ssh")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", programs)
	t.Setenv("DOCKER_HOST", "ssh://root@example.org:2222")
	cli, facts, err := Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = cli.Close()
	if facts.Version != "27.1" || facts.Host != "ssh://root@example.org:2222" || facts.Local() {
		t.Errorf("got %s at %s, local %t, want 27.1 at the SSH host", facts.Version, facts.Host, facts.Local())
	}
}

// TestConnectTLS connects by a context that has its TLS material.
func TestConnectTLS(t *testing.T) {
	directory := clean(t)
	server := httptest.NewTLSServer(dockerhosttest.Server{Info: system.Info{ServerVersion: "27.2"}})
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	host := "tcp://" + server.Listener.Addr().String()
	createContext(t, directory, "secure", docker.EndpointMeta{Host: host}, map[string][]byte{"ca.pem": ca})
	createContext(t, directory, "untrusted", docker.EndpointMeta{Host: host}, map[string][]byte{})
	t.Setenv("DOCKER_CONTEXT", "secure")
	cli, facts, err := Connect(t.Context())
	if err != nil || facts.Version != "27.2" {
		t.Fatalf("got %+v, %v, want version 27.2", facts, err)
	}
	_ = cli.Close()
	if endpoint, _ := ResolveEndpoint(); endpoint.endpoint.TLSData == nil {
		t.Error("got no TLS material")
	} else if _, err := endpoint.Environment(); err == nil || problem.Next(err) == "" {
		t.Errorf("got %v for a CA alone, which the Pulumi provider ignores, want an error with advice", err)
	}
	t.Setenv("DOCKER_CONTEXT", "untrusted")
	if _, _, err := Connect(t.Context()); err == nil {
		t.Error("connecting without the CA: got no error")
	}
}

func TestEnvironment(t *testing.T) {
	directory := clean(t)
	all := map[string][]byte{"ca.pem": []byte("a"), "cert.pem": []byte("b"), "key.pem": []byte("c")}
	createContext(t, directory, "plain", docker.EndpointMeta{Host: "tcp://10.0.0.1:2375"}, nil)
	createContext(t, directory, "secure", docker.EndpointMeta{Host: "tcp://10.0.0.1:2376"}, all)
	createContext(t, directory, "unverified", docker.EndpointMeta{Host: "tcp://10.0.0.1:2376", SkipTLSVerify: true}, all)
	for name, want := range map[string]map[string]string{
		"plain":      {"DOCKER_HOST": "tcp://10.0.0.1:2375"},
		"secure":     {"DOCKER_HOST": "tcp://10.0.0.1:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "the context's"},
		"unverified": nil,
	} {
		t.Setenv("DOCKER_CONTEXT", name)
		endpoint, err := ResolveEndpoint()
		if err != nil {
			t.Fatal(err)
		}
		got, err := endpoint.Environment()
		if certs := got["DOCKER_CERT_PATH"]; certs != "" {
			if text, err := os.ReadFile(filepath.Join(certs, "key.pem")); err != nil || string(text) != "c" {
				t.Errorf("%s: got %q, %v in %s, want the context's key", name, text, err, certs)
			}
			got["DOCKER_CERT_PATH"] = "the context's"
		}
		if _, set := got["DOCKER_CONTEXT"]; err == nil && !set {
			t.Errorf("%s: DOCKER_CONTEXT, which overrides DOCKER_HOST, is not emptied", name)
		}
		maps.DeleteFunc(got, func(_, value string) bool { return value == "" })
		if !maps.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, want)
		}
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	here, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		host, name string
		want       bool
	}{
		{"unix:///run/user/1000/docker.sock", "whatever", true},
		{"tcp://127.0.0.1:2375", here, true},
		{"ssh://root@localhost:2222", here, true},
		{"ssh://root@127.0.0.1:2222", "a virtual machine", false},
		{"ssh://root@example.org", here, false},
		{"tcp://10.0.0.1:2375", here, false},
	} {
		if got := (Endpoint{Host: test.host}).Local(system.Info{Name: test.name}); got != test.want {
			t.Errorf("%s named %q: got local %t, want %t", test.host, test.name, got, test.want)
		}
	}
}

func TestCheckProvider(t *testing.T) {
	directory := clean(t)
	createContext(t, directory, "there", docker.EndpointMeta{Host: "ssh://root@there"}, nil)
	type m = map[string]string
	for name, test := range map[string]struct {
		context     string // the current one
		values, env m
		want        string // part of the advice; "" for no error
	}{
		"nothing set":                           {"", nil, nil, ""},
		"the same host twice":                   {"", m{"docker:host": "unix:///x"}, m{"DOCKER_HOST": "unix:///x"}, ""},
		"docker:host alone":                     {"", m{"docker:host": "unix:///x"}, nil, "pulumi config rm docker:host"},
		"another DOCKER_HOST":                   {"", m{"docker:host": "unix:///x"}, m{"DOCKER_HOST": "unix:///y"}, "DOCKER_HOST=unix:///y"},
		"a current context":                     {"there", nil, nil, "DOCKER_HOST=ssh://root@there"},
		"a current context, and docker:host":    {"there", m{"docker:host": "ssh://root@there"}, nil, ""},
		"a current context, and docker:context": {"there", m{"docker:context": "there"}, nil, ""},
		"DOCKER_CONTEXT":                        {"", nil, m{"DOCKER_CONTEXT": "there"}, ""},
		"DOCKER_CONTEXT beside DOCKER_HOST":     {"", nil, m{"DOCKER_CONTEXT": "there", "DOCKER_HOST": "unix:///x"}, "DOCKER_CONTEXT="},
		"certificates for a socket":             {"", nil, m{"DOCKER_CERT_PATH": "/certs"}, "DOCKER_CERT_PATH="},
	} {
		t.Run(name, func(t *testing.T) {
			writeFile(t, filepath.Join(directory, "config.json"), `{"currentContext": "`+test.context+`"}`)
			for _, variable := range []string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CERT_PATH"} {
				t.Setenv(variable, test.env[variable])
			}
			endpoint, err := ResolveEndpoint()
			if err != nil {
				t.Fatal(err)
			}
			err = endpoint.CheckProvider(test.values, func(name string) string { return test.env[name] })
			if test.want == "" && err != nil || test.want != "" && !strings.Contains(problem.Next(err), test.want) {
				t.Errorf("got %v, next %q, want advice with %q", err, problem.Next(err), test.want)
			}
		})
	}
}
