package dockerhost

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// CheckProvider fails unless Pulumi's docker provider works on the endpoint's
// Docker host. The provider goes by its own configuration keys and variables,
// in an order of its own: a context comes first, and it is always looked up in
// the home directory and without its TLS material. values are the stack's
// configuration, the keys with their namespace; env reads the environment of
// Pulumi.
func (e Endpoint) CheckProvider(values map[string]string, env func(string) string) error {
	key, variable := "docker:host", "DOCKER_HOST"
	if values["docker:context"] != "" || env("DOCKER_CONTEXT") != "" {
		key, variable = "docker:context", "DOCKER_CONTEXT"
	}
	want := e.Host
	if variable == "DOCKER_CONTEXT" {
		want = e.context
		if env("DOCKER_CONFIG") != "" {
			want = "" // not where the provider looks
		}
	}
	got, from := DefaultHost, "its default"
	if value := env(variable); value != "" {
		got, from = value, variable
	}
	if value := values[key]; value != "" {
		got, from = value, key
	}
	if got == want && env("DOCKER_CERT_PATH") == e.certs {
		return nil
	}
	agree, err := e.Environment()
	if err != nil {
		return err
	}
	maps.DeleteFunc(agree, func(name, value string) bool { return value == "" && env(name) == "" })
	var exports []string
	for _, name := range slices.Sorted(maps.Keys(agree)) {
		exports = append(exports, name+"="+agree[name])
	}
	next := "export " + strings.Join(exports, " ")
	for _, set := range []string{"docker:context", "docker:host"} {
		if values[set] != "" {
			next = fmt.Sprintf("pulumi config rm %s; then %s", set, next)
		}
	}
	return problem.New("choosing the Docker host",
		fmt.Errorf("`docker ps` asks %s (from %s), and Pulumi's docker provider would ask %s (from %s)", e.Host, e.Source, got, from), next)
}
