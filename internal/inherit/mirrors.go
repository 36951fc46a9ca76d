package inherit

import (
	"context"
	"encoding/json"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// goTimeout bounds the question to the go command.
const goTimeout = 10 * time.Second

// goVariables say where Go gets modules from. They may also be in Go's own configuration.
var goVariables = []string{"GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE"}

// variables say where other tools get packages from.
var variables = []string{
	"npm_config_registry", "NPM_CONFIG_REGISTRY", "YARN_REGISTRY", "YARN_NPM_REGISTRY_SERVER",
	"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "UV_INDEX_URL", "UV_DEFAULT_INDEX",
}

// Mirrors are variables that say where tools get packages from.
type Mirrors struct {
	Environment map[string]string
	Ignored     map[string]string // name: why jobs do not get it
}

// ReadMirrors reads the variables that this machine sets, by its environment, or for Go by
// `go env -w`. Those that mean nothing in a container are ignored.
func ReadMirrors(ctx context.Context) Mirrors {
	set := goSettings(ctx)
	for _, name := range variables {
		if value := os.Getenv(name); value != "" {
			set[name] = value
		}
	}
	m := Mirrors{map[string]string{}, map[string]string{}}
	for name, value := range set {
		if why := useless(name, value); why != "" {
			m.Ignored[name] = why
		} else {
			m.Environment[name] = value
		}
	}
	return m
}

// goSettings are Go's variables that differ from its defaults. Without a go command they are
// those of the environment.
func goSettings(ctx context.Context) map[string]string {
	if changed := goEnv(ctx, []string{"-changed"}); changed != nil {
		maps.DeleteFunc(changed, func(name, value string) bool { return value == "" || !slices.Contains(goVariables, name) })
		return changed
	}
	set := map[string]string{}
	for _, name := range goVariables {
		if value := os.Getenv(name); value != "" {
			set[name] = value
		}
	}
	return set
}

// goEnv asks the go command for goVariables, with flags and more variables of its environment. It
// returns nil if it gets no answer.
func goEnv(ctx context.Context, flags []string, environment ...string) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, goTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"env", "-json"}, flags, goVariables)...)
	cmd.Dir = "/" // a go.mod may ask for another toolchain
	cmd.Env = slices.Concat(cmd.Environ(), []string{"GOTOOLCHAIN=local"}, environment)
	out, err := cmd.Output()
	var set map[string]string
	if err != nil || json.Unmarshal(out, &set) != nil {
		return nil
	}
	return set
}

// useless says why a value is of no use in a container.
func useless(name, value string) string {
	if name == "GOPROXY" && value == "off" {
		return "it is off on this machine"
	}
	if strings.ContainsAny(value, "\n\r\x00") {
		return "it has a line break"
	}
	for text := range strings.FieldsFuncSeq(value, func(c rune) bool { return c == ',' || c == '|' || c == ' ' }) {
		if !strings.Contains(text, ":/") {
			continue // a word, a pattern or a host
		}
		u, err := url.Parse(text)
		switch {
		case err != nil:
			return "it has an address that cannot be read"
		case u.User != nil:
			return "it has a user name or password, which every job would see"
		case u.Scheme == "file":
			return "it is a directory of this machine"
		case loopback(u.Hostname()):
			return "it is on " + u.Hostname() + ", which in a container is that container"
		}
	}
	return ""
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.IsLoopback()
}
