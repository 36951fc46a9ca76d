// Command generate writes the provider's schema and its Go SDK.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"

	"github.com/gitops-pipeline/gitops-pipeline/provider"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: generate SCHEMA SDK-DIRECTORY")
		os.Exit(2)
	}
	if err := generate(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate(schemaPath, sdkDir string) error {
	prov, err := provider.New()
	if err != nil {
		return err
	}
	server, err := integration.NewServer(context.Background(), provider.Name, semver.MustParse(provider.Version), integration.WithProvider(prov))
	if err != nil {
		return err
	}
	resp, err := server.GetSchema(p.GetSchemaRequest{})
	if err != nil {
		return err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal([]byte(resp.Schema), &spec); err != nil {
		return err
	}
	pretty, err := json.MarshalIndent(spec, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(schemaPath, append(pretty, '\n'), 0o644); err != nil {
		return err
	}
	pkg, err := schema.ImportSpec(spec, nil, schema.NewNullLoader(), schema.ValidationOptions{})
	if err != nil {
		return err
	}
	files, err := gogen.GeneratePackage("pulumi-go-provider", pkg, nil)
	if err != nil {
		return err
	}
	for name, data := range files {
		rel, err := filepath.Rel(provider.Name, name)
		if err != nil || !filepath.IsLocal(rel) {
			continue
		}
		path := filepath.Join(sdkDir, rel)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
