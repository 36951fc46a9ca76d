package pulumi

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/internal/artifacts"
)

// InstallDockerPlugin installs the built docker plugin into Pulumi's home, unless it is there.
func (s *Stack) InstallDockerPlugin(ctx context.Context, binary, version string) error {
	home := s.Workspace().PulumiHome()
	return installOnce(ctx, home, binary, version, func() error {
		_, stderr, _, err := s.Command.Run(ctx, s.Workspace().WorkDir(), nil, nil, nil,
			[]string{"PULUMI_HOME=" + home, "PULUMI_SKIP_UPDATE_CHECK=true"},
			"plugin", "install", "resource", "docker", version, "--file", binary, "--reinstall")
		if err != nil {
			return fmt.Errorf("installing the docker plugin: %w: %s", err, strings.TrimSpace(stderr))
		}
		return nil
	})
}

// installOnce calls install unless the plugin of this path is in Pulumi's home. All stacks
// of the user share that home: while one installs the plugin, the others wait, as it is
// missing meanwhile.
func installOnce(ctx context.Context, home, binary, version string, install func() error) error {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return fmt.Errorf("creating Pulumi's home: %w", err)
	}
	// The path in the marker tells one build of the same version from the next: artifacts are content-addressed.
	marker := filepath.Join(home, "docker-plugin-"+version)
	unlock, err := artifacts.Lock(ctx, marker+".lock", "the docker plugin", io.Discard)
	if err != nil {
		return err
	}
	defer unlock()
	installed, _ := os.ReadFile(marker)
	dir := filepath.Join(home, "plugins", "resource-docker-v"+version)
	if _, err := os.Stat(dir); err == nil && string(installed) == binary {
		return nil
	}
	if err := install(); err != nil {
		return err
	}
	if err := os.WriteFile(marker, []byte(binary), 0o644); err != nil {
		return fmt.Errorf("noting the docker plugin: %w", err)
	}
	return nil
}
