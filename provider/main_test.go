package provider_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/gitops-pipeline/gitops-pipeline/provider"
)

// administrator signs in to the server of a test: no server at all for the unit
// tests, a real Gitea with the build tag integration.
var administrator = struct{ username, password string }{"forge-admin", "not-asked-for"}

// server is the provider, configured for the forge at url.
func server(t *testing.T, url string) integration.Server {
	t.Helper()
	prov, err := provider.New()
	if err != nil {
		t.Fatal(err)
	}
	// Not the test's context: its clean-up still needs the provider.
	s, err := integration.NewServer(context.Background(), provider.Name, semver.MustParse(provider.Version), integration.WithProvider(prov))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Configure(p.ConfigureRequest{Args: props(
		"baseUrl", url, "username", administrator.username, "password", administrator.password,
	)}); err != nil {
		t.Fatal(err)
	}
	return s
}

// props makes a property map of names and values.
func props(pairs ...any) property.Map {
	m := map[string]property.Value{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = value(pairs[i+1])
	}
	return property.NewMap(m)
}

func value(v any) property.Value {
	switch v := v.(type) {
	case []string:
		list := make([]property.Value, len(v))
		for i, s := range v {
			list[i] = property.New(s)
		}
		return property.New(list)
	case string:
		return property.New(v)
	case bool:
		return property.New(v)
	case int:
		return property.New(float64(v))
	}
	panic(fmt.Sprintf("no property of %T", v))
}

func urn(kind string) resource.URN {
	return resource.NewURN("test", "test", "", tokens.Type("gitea:index:"+kind), "it")
}

// create checks and creates a resource, failing the test unless both work.
func create(t *testing.T, s integration.Server, kind string, inputs property.Map) p.CreateResponse {
	t.Helper()
	checked, err := s.Check(p.CheckRequest{Urn: urn(kind), Inputs: inputs})
	if err != nil || len(checked.Failures) > 0 {
		t.Fatalf("checking %s: %v %v", kind, err, checked.Failures)
	}
	made, err := s.Create(p.CreateRequest{Urn: urn(kind), Properties: checked.Inputs})
	if err != nil {
		t.Fatalf("creating %s: %v", kind, err)
	}
	return made
}

func remove(t *testing.T, s integration.Server, kind string, made p.CreateResponse) {
	t.Helper()
	if err := s.Delete(p.DeleteRequest{ID: made.ID, Urn: urn(kind), Properties: made.Properties}); err != nil {
		t.Errorf("deleting %s %s: %v", kind, made.ID, err)
	}
}
