package artifacts

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// TestProblemKeepsAdvice has a cause that says what to do, and one that does not.
func TestProblemKeepsAdvice(t *testing.T) {
	t.Parallel()
	cause := errors.New("refused")
	for want, err := range map[string]error{
		"set images to source": fmt.Errorf("building: %w", problem.New("pulling", cause, "set images to source")),
		"repeat":               cause,
	} {
		got := Problem("the images", err)
		if next := problem.Next(got); !strings.Contains(next, want) || !errors.Is(got, cause) {
			t.Errorf("got the next step %q of %v, want %q", next, got, want)
		}
	}
	if err := Problem("the images", nil); err != nil {
		t.Errorf("got %v without an error", err)
	}
}
