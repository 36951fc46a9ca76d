package ociwrapper

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// spec is a container's description as dockerd writes it, with what an edit must not lose: a
// number that no float holds, a field that nobody knows, and bytes that are no UTF-8.
const spec = `{"ociVersion":"1.0.2","process":{"user":{"uid":0},"args":["sh","-c","a < b && c"],"env":["PATH=/bin","LANG=de_DE","BYTES=` + "\xff" + `"],"rlimits":[{"hard":18446744073709551615}]},` +
	`"mounts":[{"destination":"/proc","type":"proc"},{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid"]}],` +
	`"hooks":{"prestart":[{"path":"/proc/1/exe","args":["libnetwork-setkey"]}]},"unknown":{"a":[1.10]},"linux":{"namespaces":[{"type":"mount"},{"type":"network"}]}}`

var wrapper = Config{
	Environment: map[string]string{"GOPROXY": "https://mirror.example.org", "LANG": "C"},
	Mount:       &Mount{Source: "/usr/local/share/trust", Destination: "/dev/trust", Environment: map[string]string{"SSL_CERT_FILE": "/dev/trust/c.pem"}},
	Hook:        &Hook{Command: []string{"/bin/hook", "a"}, Unless: "LOCALHOST=false"},
}

// edited is what the wrapper makes of a container's description.
func edited(t *testing.T, c Config, text string) (whole object, env []string, rest struct {
	Mounts []struct {
		Destination, Source string
		Options             []string
	}
	Hooks struct {
		Prestart, CreateRuntime []struct {
			Path      string
			Args, Env []string
		}
	}
}) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "config.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Edit([]string{"--root", "/run/x", "--log=/run/log", "create", "--bundle", dir, "--pid-file", "/run/pid", "id"}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var process struct{ Process struct{ Env []string } }
	for _, to := range []any{&whole, &process, &rest} {
		if err := json.Unmarshal(data, to); err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
	}
	return whole, process.Process.Env, rest
}

func TestCreate(t *testing.T) {
	t.Parallel()
	whole, env, rest := edited(t, wrapper, spec)
	for _, want := range []string{"PATH=/bin", "LANG=de_DE", "GOPROXY=https://mirror.example.org", "SSL_CERT_FILE=/dev/trust/c.pem"} {
		if !slices.Contains(env, want) {
			t.Errorf("got the variables %q, want %s among them", env, want)
		}
	}
	if len(env) != 5 {
		t.Errorf("got the variables %q, want 5: a variable that is set stays alone", env)
	}
	last := rest.Mounts[len(rest.Mounts)-1]
	if len(rest.Mounts) != 3 || last.Destination != "/dev/trust" || last.Source != "/usr/local/share/trust" || !slices.Contains(last.Options, "ro") {
		t.Errorf("got the mounts %+v, want one more at the end, read-only", rest.Mounts)
	}
	if hooks := rest.Hooks; len(hooks.Prestart) != 1 || len(hooks.CreateRuntime) != 1 || hooks.CreateRuntime[0].Path != "/bin/hook" ||
		!slices.Equal(hooks.CreateRuntime[0].Args, []string{"/bin/hook", "a"}) || len(hooks.CreateRuntime[0].Env) != 1 {
		t.Errorf("got the hooks %+v, want one more, with PATH", hooks)
	}
	if got := string(whole["unknown"]); got != `{"a":[1.10]}` {
		t.Errorf("got %s, want what nobody knows as it was", got)
	}
	process := string(whole["process"])
	for _, want := range []string{"18446744073709551615", "BYTES=\xff", `"uid":0`} {
		if !strings.Contains(process, want) {
			t.Errorf("got the process %s, want %q in it", process, want)
		}
	}
	var args struct{ Args []string }
	if err := json.Unmarshal(whole["process"], &args); err != nil || args.Args[2] != "a < b && c" {
		t.Errorf("got the arguments %q, %v", args.Args, err)
	}
}

func TestCreateWithoutMount(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ old, new string }{
		"another /dev":   {`"type":"tmpfs"`, `"type":"bind"`},
		"no /dev":        {`"/dev"`, `"/other"`},
		"a user's mount": {`{"destination":"/proc","type":"proc"}`, `{"destination":"/dev/trust/","type":"bind"}`},
	} {
		text := strings.Replace(spec, test.old, test.new, 1)
		_, env, rest := edited(t, wrapper, text)
		if len(rest.Mounts) != 2 || slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "SSL_CERT_FILE") }) {
			t.Errorf("%s: got the mounts %+v and the variables %q, want no mount, nor variables that name its files", name, rest.Mounts, env)
		}
		if !slices.Contains(env, "GOPROXY=https://mirror.example.org") {
			t.Errorf("%s: got the variables %q, want those that need no mount", name, env)
		}
	}
}

func TestHookOfNetworksOfTheirOwn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ old, new string }{
		"the engine's network":        {`{"type":"network"}`, `{"type":"ipc"}`},
		"another container's network": {`{"type":"network"}`, `{"type":"network","path":"/proc/7/ns/net"}`},
		"switched off":                {`"LANG=de_DE"`, `"LOCALHOST=false"`},
	} {
		if _, _, rest := edited(t, wrapper, strings.Replace(spec, test.old, test.new, 1)); len(rest.Hooks.CreateRuntime) != 0 {
			t.Errorf("%s: got %+v, want no hook", name, rest.Hooks)
		}
	}
	if _, _, rest := edited(t, wrapper, strings.Replace(spec, `"hooks":{"prestart":[{"path":"/proc/1/exe","args":["libnetwork-setkey"]}]},`, "", 1)); len(rest.Hooks.CreateRuntime) != 1 {
		t.Errorf("got %+v, want the hook where there is no other", rest.Hooks)
	}
}

// TestNothingToAdd holds that a wrapper without a configuration changes nothing.
func TestNothingToAdd(t *testing.T) {
	t.Parallel()
	whole, _, _ := edited(t, Config{}, spec)
	var before object
	if err := json.Unmarshal([]byte(spec), &before); err != nil {
		t.Fatal(err)
	}
	for field, want := range before {
		var one, other any
		if json.Unmarshal(want, &one) != nil || json.Unmarshal(whole[field], &other) != nil || !slices.Equal(encode(t, one), encode(t, other)) {
			t.Errorf("%s: got %s, want %s", field, whole[field], want)
		}
	}
	if len(whole) != len(before) {
		t.Errorf("got %v, want the fields %v", slices.Sorted(maps.Keys(whole)), slices.Sorted(maps.Keys(before)))
	}
}

func encode(t *testing.T, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestExec(t *testing.T) {
	t.Parallel()
	for name, mounts := range map[string]string{
		"with the mount":    `[{"destination":"/dev/trust"}]`,
		"without the mount": `[{"destination":"/dev"}]`,
	} {
		dir := t.TempDir()
		process := filepath.Join(dir, "process.json")
		for file, text := range map[string]string{
			"process.json":     `{"terminal":true,"env":["LANG=de_DE"],"args":["sh"]}`,
			"root/id/status":   `{"pid":7,"bundle":"` + dir + `"}`,
			"config.json":      `{"mounts":` + mounts + `}`,
			"root/other/empty": ``,
		} {
			path := filepath.Join(dir, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		args := []string{"--root", filepath.Join(dir, "root"), "--log-format", "json", "exec", "--detach", "--process", process, "--tty", "id"}
		for range 2 { // nothing is added twice
			if err := wrapper.Edit(args); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{"LANG=de_DE", "GOPROXY=https://mirror.example.org"}
		if name == "with the mount" {
			want = append(want, "SSL_CERT_FILE=/dev/trust/c.pem")
		}
		var got struct {
			Terminal bool
			Env      []string
		}
		data, err := os.ReadFile(process)
		if err != nil || json.Unmarshal(data, &got) != nil || !slices.Equal(got.Env, want) || !got.Terminal {
			t.Errorf("%s: got %s, %v, want the variables %q", name, data, err, want)
		}
	}
}

func TestOtherCommandsAreTheRuntimes(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"", "--version", "features", "--root /x delete --force id", "state id", "kill id 9", "exec id sh"} {
		if err := wrapper.Edit(strings.Fields(line)); err != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// TestReport holds that the engine, which reads the runtime's log, gets to know the reason.
func TestReport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, "log.json")
	args := []string{"--log", log, "create", "--bundle", dir, "id"}
	err := wrapper.Edit(args)
	if err == nil {
		t.Fatal("a bundle without a description is no error")
	}
	var stderr strings.Builder
	Report(args, err, &stderr)
	data, readErr := os.ReadFile(log)
	var line struct{ Level, Msg string }
	if readErr != nil || json.Unmarshal(data, &line) != nil || line.Level != "error" || !strings.Contains(line.Msg, "config.json") || !strings.Contains(stderr.String(), "config.json") {
		t.Errorf("got the log %s, %v, and %q, want the reason in both", data, readErr, stderr.String())
	}
}
