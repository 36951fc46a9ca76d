package provider_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// TestCheckFailures gives bad inputs; each fails under its property's name,
// without a server.
func TestCheckFailures(t *testing.T) {
	s := server(t, "http://127.0.0.1:1")
	user := func(name string) property.Map {
		return props("username", name, "email", "a@example.org", "password", "long-enough")
	}
	for name, tt := range map[string]struct {
		kind, property string
		inputs         property.Map
	}{
		"reserved owner":   {"User", "username", user("admin")},
		"characters":       {"User", "username", user("a b")},
		"two dashes":       {"User", "username", user("a--b")},
		"long owner":       {"User", "username", user(strings.Repeat("a", 41))},
		"short password":   {"User", "password", props("username", "ann", "email", "a@example.org", "password", "short")},
		"organization":     {"Organization", "name", props("name", "api")},
		"visibility":       {"Organization", "visibility", props("name", "team", "visibility", "some")},
		"repository":       {"Repository", "name", props("owner", "ann", "name", "a/b")},
		"reserved suffix":  {"Repository", "name", props("owner", "ann", "name", "a.git")},
		"secret's name":    {"ActionsSecret", "name", props("owner", "ann", "repository", "a", "name", "GITHUB_X", "value", "x")},
		"variable's name":  {"ActionsVariable", "name", props("owner", "ann", "repository", "a", "name", "1X", "value", "x")},
		"relative source":  {"RepositorySeed", "source", props("owner", "ann", "repository", "a", "source", "here")},
		"changing history": {"RepositorySeed", "update", props("owner", "ann", "repository", "a", "source", "/", "update", true)},
		"no source":        {"RepositorySeed", "source", props("owner", "ann", "repository", "a", "source", "/nowhere", "plain", true, "update", true)},
		"guessable secret": {"RandomSecret", "length", props("length", 4)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Check(p.CheckRequest{Urn: urn(tt.kind), Inputs: tt.inputs})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Failures) != 1 || got.Failures[0].Property != tt.property {
				t.Errorf("got %v, want one failure, of %s", got.Failures, tt.property)
			}
		})
	}
}

// TestSecretFields lists every secret of the schema: one more, or one fewer,
// is to be noticed.
func TestSecretFields(t *testing.T) {
	data, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties, InputProperties map[string]struct{ Secret bool }
	}
	var schema struct {
		Provider  object
		Resources map[string]object
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	schema.Resources["provider"] = schema.Provider
	secrets := map[string]bool{}
	for kind, r := range schema.Resources {
		for _, fields := range []map[string]struct{ Secret bool }{r.Properties, r.InputProperties} {
			for name, f := range fields {
				if f.Secret {
					secrets[strings.TrimPrefix(kind, "gitea:index:")+"."+name] = true
				}
			}
		}
	}
	var got []string
	for name := range secrets {
		got = append(got, name)
	}
	slices.Sort(got)
	want := []string{
		"AccessToken.password", "AccessToken.token", "ActionsSecret.value", "RandomSecret.result",
		"RepositorySeed.password", "User.password", "provider.password", "provider.token",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got secrets %q, want %q", got, want)
	}
}

// TestGenerated holds the schema and the SDK to the provider they are made of.
func TestGenerated(t *testing.T) {
	dir := t.TempDir()
	schema, sdk := filepath.Join(dir, "schema.json"), filepath.Join(dir, "gitea")
	if out, err := exec.Command("go", "run", "./cmd/generate", schema, sdk).CombinedOutput(); err != nil {
		t.Fatalf("generating: %v\n%s", err, out)
	}
	for _, pair := range [][2]string{{schema, "schema.json"}, {sdk, "../sdk/go/gitea"}} {
		if out, err := exec.Command("diff", "-r", pair[0], pair[1]).CombinedOutput(); err != nil {
			t.Errorf("%s is not what make generate makes:\n%.2000s", pair[1], out)
		}
	}
}

// TestNewPasswordKeepsAll holds that no change of the provider's configuration
// replaces the provider, which would delete all that it made.
func TestNewPasswordKeepsAll(t *testing.T) {
	config := func(password string) property.Map {
		return props("baseUrl", "http://127.0.0.1:1", "username", "admin", "password", password)
	}
	resp, err := server(t, "http://127.0.0.1:1").DiffConfig(p.DiffRequest{
		Urn: "urn:pulumi:test::test::pulumi:providers:gitea::gitea", State: config("old"), OldInputs: config("old"), Inputs: config("new"),
	})
	if err != nil || len(resp.DetailedDiff) != 1 || resp.DetailedDiff["password"].Kind != p.Update {
		t.Errorf("got %+v and %v, want an update of the password", resp, err)
	}
}

func TestRandomSecret(t *testing.T) {
	s := server(t, "http://127.0.0.1:1")
	one, two := create(t, s, "RandomSecret", props("length", 40)), create(t, s, "RandomSecret", props("length", 40))
	a, b := one.Properties.Get("result"), two.Properties.Get("result")
	if len(a.AsString()) != 40 || a.AsString() == b.AsString() {
		t.Errorf("got secrets of %d characters, equal: %t", len(a.AsString()), a.AsString() == b.AsString())
	}
}
