// Package provider is a native Pulumi provider for Gitea: users, organizations,
// repositories and what Gitea Actions needs, over Gitea's API.
package provider

import (
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// Name and Version of the provider and its SDK.
const (
	Name    = "gitea"
	Version = "0.1.0"
)

// New builds the provider.
func New() (p.Provider, error) {
	built, err := infer.NewProviderBuilder().
		WithDisplayName("Gitea").
		WithNamespace("gitops-pipeline").
		WithDescription("Users, repositories and Actions of a Gitea forge.").
		WithKeywords("gitea", "forge", "actions").
		WithLicense("Apache-2.0").
		WithGoImportPath("github.com/gitops-pipeline/gitops-pipeline/sdk/go/gitea").
		WithModuleMap(map[tokens.ModuleName]tokens.ModuleName{"provider": "index"}).
		WithConfig(infer.Config(&Config{})).
		WithResources(
			infer.Resource(&RandomSecret{}),
			infer.Resource(&User{}),
			infer.Resource(&AccessToken{}),
			infer.Resource(&Organization{}),
			infer.Resource(&Repository{}),
			infer.Resource(&Mirror{}),
			infer.Resource(&ActionsSecret{}),
			infer.Resource(&ActionsVariable{}),
			infer.Resource(&RepositorySeed{}),
		).
		WithFunctions(infer.Function(&GetWorkflowRuns{})).
		Build()
	if err != nil {
		return p.Provider{}, err
	}
	built.DiffConfig = inPlace(built.DiffConfig)
	return built, nil
}
