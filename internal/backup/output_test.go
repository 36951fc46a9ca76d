package backup

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/docker/docker/pkg/stdcopy"
)

// TestErrorsWhileTheHelperRuns reads what the helper prints on its standard error
// while it is still printing. It fails under -race without a lock.
func TestErrorsWhileTheHelperRuns(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	defer r.Close()
	h := listen(r)
	go func() {
		defer w.Close()
		out, failed := stdcopy.NewStdWriter(w, stdcopy.Stdout), stdcopy.NewStdWriter(w, stdcopy.Stderr)
		_, _ = io.WriteString(failed, "no space left\n")
		_, _ = io.WriteString(out, "what is this\n")
		for range 1000 {
			if _, err := io.WriteString(failed, "more\n"); err != nil {
				return
			}
		}
	}()
	err := h.await(t.Context(), "ready")
	if err == nil || !strings.Contains(err.Error(), "no space left") || !strings.Contains(err.Error(), "what is this") {
		t.Errorf("got %v, want the line, and what was printed on standard error", err)
	}
}

func TestVolumesOfTheHelper(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		out, failed string
		want        int
		text        string
	}{
		"two":            {"volume forge-data 3 9\nvolume forge-config 1 2\n", "", 2, ""},
		"none":           {"", "", 0, "no volume was copied"},
		"an error":       {"volume forge-data 3 9\n", "tar: no space", 0, "no space"},
		"something else": {"hello\n", "", 0, "understanding"},
	} {
		r, w := io.Pipe()
		h := listen(r)
		go func() {
			_, _ = io.WriteString(stdcopy.NewStdWriter(w, stdcopy.Stdout), test.out)
			_, _ = io.WriteString(stdcopy.NewStdWriter(w, stdcopy.Stderr), test.failed)
			_ = w.Close()
		}()
		found, err := h.volumes(t.Context())
		if len(found) != test.want || (err != nil) != (test.text != "") || err != nil && !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: got %v and %v, want %d volumes and the error %q", name, found, err, test.want, test.text)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, _ := io.Pipe()
	if err := listen(r).await(ctx, "ready"); err == nil {
		t.Error("got no error after an interruption")
	}
}
