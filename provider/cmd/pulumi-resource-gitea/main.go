// Command pulumi-resource-gitea is the plugin of the Gitea provider.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/gitops-pipeline/gitops-pipeline/provider"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-gitea:", err)
		os.Exit(1)
	}
}

func serve() error {
	p, err := provider.New()
	if err != nil {
		return err
	}
	return p.Run(context.Background(), provider.Name, provider.Version)
}
