package dockerhost

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
)

// Log returns what a container wrote to its two outputs, with Docker's time before
// each line. since and until have Docker's format, and may be empty.
func Log(ctx context.Context, cli client.ContainerAPIClient, id, since, until string) (string, error) {
	return readLog(ctx, cli, id, container.LogsOptions{Timestamps: true, Since: since, Until: until})
}

// LastLog returns the end of what a container wrote to its two outputs: at most n
// lines each, without times.
func LastLog(ctx context.Context, cli client.ContainerAPIClient, id string, n int) (string, error) {
	text, err := readLog(ctx, cli, id, container.LogsOptions{Tail: strconv.Itoa(n)})
	return strings.TrimRight(text, "\n"), err
}

func readLog(ctx context.Context, cli client.ContainerAPIClient, id string, options container.LogsOptions) (string, error) {
	options.ShowStdout, options.ShowStderr = true, true
	stream, err := cli.ContainerLogs(ctx, id, options)
	if err != nil {
		return "", fmt.Errorf("reading the log of container %.12s: %w", id, err)
	}
	defer func() { _ = stream.Close() }()
	var text bytes.Buffer
	if _, err := stdcopy.StdCopy(&text, &text, stream); err != nil {
		return "", fmt.Errorf("reading the log of container %.12s: %w", id, err)
	}
	return text.String(), nil
}
