package dockerhost

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
)

// Exec runs a command in a running container to its end. It returns the
// command's output, trimmed, and its exit code. The error is about running the
// command, not about its exit code.
func Exec(ctx context.Context, cli client.ContainerAPIClient, id string, command ...string) (output string, code int, err error) {
	fail := func(err error) (string, int, error) {
		return "", -1, fmt.Errorf("running %q in container %.12s: %w", strings.Join(command, " "), id, err)
	}
	created, err := cli.ContainerExecCreate(ctx, id, container.ExecOptions{Cmd: command, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return fail(err)
	}
	attached, err := cli.ContainerExecAttach(ctx, created.ID, container.ExecAttachOptions{})
	if err != nil {
		return fail(err)
	}
	defer attached.Close()
	defer context.AfterFunc(ctx, attached.Close)() // a read does not see the context
	var text bytes.Buffer
	if _, err := stdcopy.StdCopy(&text, &text, attached.Reader); err != nil && ctx.Err() == nil {
		return fail(err)
	}
	if ctx.Err() != nil {
		return fail(context.Cause(ctx))
	}
	ended, err := cli.ContainerExecInspect(ctx, created.ID)
	if err != nil {
		return fail(err)
	}
	return strings.TrimSpace(text.String()), ended.ExitCode, nil
}
