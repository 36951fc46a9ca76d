package backup

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/docker/docker/pkg/stdcopy"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// helperOutput is what the helper prints: its standard output line by line, and
// its standard error as a whole.
type helperOutput struct {
	lines  chan string
	failed errorText // complete once lines is closed
}

// errorText collects standard error. It is written while the copy runs, and
// read as soon as a line is not the expected one.
type errorText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (e *errorText) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.text.Write(p)
}

func (e *errorText) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.TrimSpace(e.text.String())
}

func listen(from io.Reader) *helperOutput {
	h := &helperOutput{lines: make(chan string, 64)}
	r, w := io.Pipe()
	go func() {
		_, err := stdcopy.StdCopy(w, &h.failed, from)
		_ = w.CloseWithError(err) // nil is the end
	}()
	go func() {
		defer close(h.lines)
		for lines := bufio.NewScanner(r); lines.Scan(); {
			h.lines <- lines.Text()
		}
	}()
	return h
}

// await waits for a line.
func (h *helperOutput) await(ctx context.Context, want string) error {
	line, ok, err := h.next(ctx)
	if err == nil && (!ok || line != want) {
		err = problem.New("copying the stack's data", fmt.Errorf("got %q instead of %q: %s", line, want, h.failed.String()),
			"fix what it says, then repeat the command")
	}
	return err
}

func (h *helperOutput) next(ctx context.Context) (line string, ok bool, err error) {
	select {
	case <-ctx.Done():
		return "", false, context.Cause(ctx)
	case line, ok = <-h.lines:
		if ctx.Err() != nil { // the connection was closed for that reason
			return "", false, context.Cause(ctx)
		}
		return line, ok, nil
	}
}

func (h *helperOutput) volumes(ctx context.Context) ([]Volume, error) {
	var found []Volume
	for {
		line, ok, err := h.next(ctx)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		var v Volume
		if _, err := fmt.Sscanf(line, "volume %s %d %d", &v.Name, &v.Files, &v.Bytes); err != nil {
			return nil, fmt.Errorf("understanding %q of the container that copies: %w", line, err)
		}
		found = append(found, v)
	}
	if text := h.failed.String(); text != "" || len(found) == 0 {
		return nil, problem.New("copying the stack's data", errors.New(or(text, "no volume was copied")), "fix what it says, then repeat the command")
	}
	return found, nil
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
