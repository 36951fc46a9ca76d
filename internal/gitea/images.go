package gitea

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"code.gitea.io/sdk/gitea"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/client"

	"github.com/gitops-pipeline/gitops-pipeline/internal/paging"
)

// Image is one published version of a container image.
type Image struct {
	Name    string    `json:"name"`
	Tag     string    `json:"tag"`
	Digest  string    `json:"digest,omitempty"`
	Created time.Time `json:"created"`
}

// Images returns all tags that the owner has published, newest first. The forge
// also lists each untagged manifest under its digest; those are left out.
func (c *Client) Images(ctx context.Context) ([]Image, error) {
	api, err := c.api(ctx)
	if err != nil {
		return nil, err
	}
	var images []Image
	for p, err := range paging.Pages(func(o gitea.ListOptions) ([]*gitea.Package, int64, error) {
		list, response, err := api.ListPackages(c.Owner, gitea.ListPackagesOptions{ListOptions: o})
		if notFound(response) {
			return nil, 0, nil // the owner does not exist yet
		}
		return list, paging.Total(response), err
	}) {
		if err != nil {
			return nil, fmt.Errorf("listing the packages of %s: %w", c.Owner, err)
		}
		if p.Type == "container" && !strings.HasPrefix(p.Version, "sha256:") {
			images = append(images, Image{Name: p.Name, Tag: p.Version, Created: p.CreatedAt})
		}
	}
	return images, nil
}

// Digest asks the registry, through the Docker host, for the digest of an image: if
// it answers, the image can be pulled.
func (c *Client) Digest(ctx context.Context, cli *client.Client, reference string) (string, error) {
	token, err := c.signIn(ctx)
	if err != nil {
		return "", err
	}
	auth, err := registry.EncodeAuthConfig(registry.AuthConfig{Username: c.user, Password: token})
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
