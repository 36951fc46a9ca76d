package stack

import (
	"slices"
	"strings"
	"testing"
)

func TestForward(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ host, bind, forward, runner, engine string }{
		{"localhost", "127.0.0.1", "FORWARD=127.0.0.1:3000=forge:3000", "", ""},
		{"127.0.0.5", "127.0.0.5", "FORWARD=127.0.0.5:3000=forge:3000", "", ""},
		{"127.8.9.10", "0.0.0.0", "FORWARD=127.8.9.10:3000=forge:3000", "", ""},
		{"forge.localhost", "127.0.0.1", "FORWARD=127.0.0.1:3000=forge:3000", "127.0.0.1 forge.localhost", "127.0.0.1 forge.localhost"},
		{"git.example.org", "0.0.0.0", "FORWARD=127.0.0.1:3000=forge:3000", "127.0.0.1 git.example.org", ""},
		{"10.0.0.1", "0.0.0.0", "", "", ""},
	} {
		pairs := []string{"host", test.host, "bindAddress", test.bind}
		env := environment(t, pairs, "runner-0-container")
		got := ""
		if i := slices.IndexFunc(env, func(e string) bool { return strings.HasPrefix(e, "FORWARD=") }); i >= 0 {
			got = env[i]
		}
		if got != test.forward {
			t.Errorf("%s: got %q, want %q", test.host, got, test.forward)
		}
		// A runner without its proxy could tell the cache of no job.
		if cached := slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "FORGE_SERVICE=") }); cached != (test.forward != "") {
			t.Errorf("%s: the runner gives access to the cache: %t", test.host, cached)
		}
		for container, want := range map[string]string{"runner-0-container": test.runner, "runner-0-engine": test.engine} {
			name := ""
			hosts := named(t, declare(t, pairs...), container).Inputs["hosts"]
			if hosts.IsArray() {
				host := hosts.ArrayValue()[0].ObjectValue()
				name = host["ip"].StringValue() + " " + host["host"].StringValue()
			}
			if name != want {
				t.Errorf("%s: %s knows %q, want %q", test.host, container, name, want)
			}
		}
	}
}
