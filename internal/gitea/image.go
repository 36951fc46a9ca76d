package gitea

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/client"
)

// Digest asks the registry, through the engine, for the digest of an image: if
// it answers, the image can be pulled.
func (c *Client) Digest(ctx context.Context, cli *client.Client, reference string) (string, error) {
	auth, err := registry.EncodeAuthConfig(registry.AuthConfig{Username: c.user, Password: c.password})
	if err != nil {
		return "", fmt.Errorf("encoding the registry's credential: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	found, err := cli.DistributionInspect(ctx, reference, auth)
	if err != nil {
		return "", fmt.Errorf("asking the registry for %s: %w", reference, err)
	}
	return found.Descriptor.Digest.String(), nil
}

// AwaitImage polls until the image can be pulled, at most limit.
func (c *Client) AwaitImage(ctx context.Context, cli *client.Client, reference string, limit time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		digest, err := c.Digest(ctx, cli, reference)
		if err == nil {
			return digest, nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for the image: %w", errors.Join(ctx.Err(), last))
		case <-tick.C:
		}
	}
}
