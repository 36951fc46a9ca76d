// Command infra is the Pulumi program.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gitops-pipeline/gitops-pipeline/infra/stack"
)

func main() {
	var values map[string]string
	pulumi.Run(func(ctx *pulumi.Context) error {
		return stack.NewProgram(stack.Options{Values: values})(ctx)
	}, func(info *pulumi.RunInfo) { values = info.Config })
}
