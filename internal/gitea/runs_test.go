package gitea

import (
	"errors"
	"strings"
	"testing"

	"code.gitea.io/sdk/gitea"
)

// manyRuns is a forge with runs 1 to n in its one repository, whose IDs are others.
func manyRuns(t *testing.T, n int) *Client {
	t.Helper()
	f := &fakeForge{}
	for number := n; number > 0; number-- {
		f.runs = append(f.runs, &gitea.ActionWorkflowRun{ID: int64(1000 + number), RunNumber: int64(number)})
	}
	return f.start(t)
}

func TestNumbered(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		runs   int
		number int64
		id     int64
		text   string // of the error
	}{
		"the newest":     {120, 0, 1120, ""},
		"on a late page": {120, 3, 1003, ""},
		"too high":       {120, 121, 0, "the newest is 120"},
		"none yet":       {0, 0, 0, "has none yet"},
		"of none":        {0, 5, 0, "has none yet"},
	} {
		run, err := manyRuns(t, test.runs).Numbered(t.Context(), test.number)
		switch {
		case test.text != "":
			if !errors.Is(err, ErrNoRun) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("%s: got %v, want ErrNoRun with %q", name, err, test.text)
			}
		case err != nil || run.ID != test.id:
			t.Errorf("%s: got %v, %v, want the run of ID %d", name, run, err, test.id)
		}
	}
}
