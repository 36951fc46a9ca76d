//go:build integration

package dockerhost

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"

	"github.com/gitops-pipeline/gitops-pipeline/internal/naming"
)

// TestConnectRunning asks the real Docker host what it is.
func TestConnectRunning(t *testing.T) {
	t.Parallel()
	cli, facts, err := Connect(t.Context())
	if err != nil {
		t.Fatalf("this test needs a Docker host: %v", err)
	}
	_ = cli.Close()
	if facts.Version == "" || facts.APIVersion == "" {
		t.Errorf("got %+v, want a version", facts)
	}
}

// TestOnlyWhatIsLabelled removes objects of the real Docker host, with labels of this test's own.
func TestOnlyWhatIsLabelled(t *testing.T) {
	t.Parallel()
	cli, _, err := Connect(t.Context())
	if err != nil {
		t.Fatalf("this test needs a Docker host: %v", err)
	}
	mine := "e-purge-" + strings.ToLower(rand.Text()[:8])
	other := mine + "-other" // a longer name with the same beginning
	t.Cleanup(func() {       // t.Context() has ended by then
		ctx := context.Background()
		for _, name := range []string{mine, other} {
			_ = cli.VolumeRemove(ctx, name, true)
			_ = cli.NetworkRemove(ctx, name)
		}
		_ = cli.Close()
	})
	for _, name := range []string{mine, other} {
		labels := map[string]string{naming.StackLabel: name}
		if _, err := cli.VolumeCreate(t.Context(), volume.CreateOptions{Name: name, Labels: labels}); err != nil {
			t.Fatal(err)
		}
		if _, err := cli.NetworkCreate(t.Context(), name, network.CreateOptions{Labels: labels}); err != nil {
			t.Fatal(err)
		}
	}

	things, err := FindObjects(t.Context(), cli, mine)
	if err != nil {
		t.Fatal(err)
	}
	if len(things) != 2 || things[0].Kind != "network" || things[1].Kind != "volume" {
		t.Errorf("got %v, want the network, then the volume", things)
	}
	if err := RemoveObjects(t.Context(), cli, things); err != nil {
		t.Fatal(err)
	}
	if err := RemoveObjects(t.Context(), cli, things); err != nil {
		t.Errorf("removing what is gone: %v", err)
	}
	if left, err := FindObjects(t.Context(), cli, mine); err != nil || len(left) != 0 {
		t.Errorf("got %v, %v, want nothing left", left, err)
	}
	left, err := FindObjects(t.Context(), cli, other)
	if err != nil || len(left) != 2 {
		t.Errorf("got %v, %v, want the other stack untouched", left, err)
	}
	if err := RemoveObjects(t.Context(), cli, left); err != nil {
		t.Error(err)
	}
}
