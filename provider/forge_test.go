//go:build integration

package provider_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/provider/forgetest"
)

// forge is the Gitea of all tests of this package.
var forge *forgetest.Forge

func TestMain(m *testing.M) {
	var err error
	if forge, err = forgetest.Start(context.Background(), "..", "GITEA__migrations__ALLOW_LOCALNETWORKS=true"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	administrator.username, administrator.password = forge.Username, forge.Password
	code := m.Run()
	if err := forge.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stopping the forge:", err)
		code = 1
	}
	os.Exit(code)
}
