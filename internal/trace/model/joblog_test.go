package model

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"code.gitea.io/sdk/gitea"
)

// second is a moment of the forge's, so many seconds after a whole minute.
func second(n int) time.Time { return time.Date(2026, 11, 25, 0, 0, n, 0, time.UTC) }

func TestHeaders(t *testing.T) {
	t.Parallel()
	// A script that prints a group like a header, an action with a step of its own
	// in the second in which the next step begins, and a group that never ends.
	const log = `2026-11-25T00:00:01.1Z ::group::Run echo
2026-11-25T00:00:01.1Z ::endgroup::
2026-11-25T00:00:01.2Z ::group::Run something
2026-11-25T00:00:02.1Z ::group::Run actions/setup@v1
2026-11-25T00:00:03.1Z ::group::Run bash x
2026-11-25T00:00:03.2Z ::endgroup::
2026-11-25T00:00:03.3Z ::endgroup::
2026-11-25T00:00:03.8Z ::group::Run make
2026-11-25T00:00:03.8Z ::endgroup::
`
	lines := parseLog(log)
	step := func(name string, from, to int) *gitea.ActionWorkflowStep {
		return &gitea.ActionWorkflowStep{Name: name, StartedAt: second(from), CompletedAt: second(to), Conclusion: "success"}
	}
	got := headers(lines, []*gitea.ActionWorkflowStep{
		step("Say it", 1, 1), step("Run actions/setup@v1", 2, 3), {Name: "Skipped", Conclusion: "skipped", StartedAt: second(3)}, step("Run make", 3, 4),
	})
	if want := []int{0, 3, -1, 7}; !slices.Equal(got, want) {
		t.Errorf("got headers at %v, want %v", got, want)
	}
}

func TestNeeds(t *testing.T) {
	t.Parallel()
	const file = `
jobs:
  lint: {}
  test: {name: Unit tests, needs: lint}
  build: {needs: [test, lint]}
`
	got, err := needs([]byte(file), []string{"lint", "Unit tests (1.25)", "Unit tests (1.26)", "build"})
	want := map[string][]string{
		"lint": nil, "Unit tests (1.25)": {"lint"}, "Unit tests (1.26)": {"lint"},
		"build": {"Unit tests (1.25)", "Unit tests (1.26)", "lint"},
	}
	if err != nil || !maps.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	at := func(n int, ms int) time.Time { return second(n).Add(time.Duration(ms) * time.Millisecond) }
	for name, test := range map[string]struct {
		after, before time.Time
		want          time.Time
		about         bool
	}{
		"nothing known":   {time.Time{}, time.Time{}, at(5, 500), true},
		"a bound each":    {at(5, 400), at(5, 800), at(5, 600), true},
		"close":           {at(5, 400), at(5, 440), at(5, 420), false},
		"bounds far away": {at(3, 0), at(9, 0), at(5, 500), true},
		"contradiction":   {at(8, 0), at(2, 0), at(5, 500), true},
	} {
		if got := within(second(5), test.after, test.before); !got.at.Equal(test.want) || got.about != test.about {
			t.Errorf("%s: got %v, want %v, approximate: %t", name, got, test.want, test.about)
		}
	}
}

func TestRunnerLog(t *testing.T) {
	t.Parallel()
	const log = `2026-11-25T00:00:00.5Z time="" msg="runner: r, with version: v1, declare successfully"
2026-11-25T00:00:01.0Z time="" msg="task 7 repo is a/b http://x"
2026-11-25T00:00:05.0Z time="" msg="runner: r shutdown initiated, waiting 0s"
2026-11-25T00:00:06.5Z time="" msg="runner: r, with version: v1, declare successfully"
2026-11-25T00:00:07.0Z time="" msg="task 8 repo is a/b http://x"
`
	tasks := parseRunner(log)
	first := line{at: second(7), text: "r(version:v1) received task 8 of job b, be triggered by event: push"}
	got := find([]map[string]*shift{{}, tasks}, first)
	if got == nil || got.before.to.Sub(got.before.from) != 1500*time.Millisecond || !got.ended.IsZero() {
		t.Errorf("got %+v, want the fresh job engine before it, and no end", got)
	}
	if one := tasks["7"]; !one.before.from.IsZero() || !one.ended.Equal(second(5)) || one.after != got.before {
		t.Errorf("got %+v, want the end and the fresh job engine after it", one)
	}
	first.at = first.at.Add(time.Hour)
	if got := find([]map[string]*shift{tasks}, first); got != nil {
		t.Errorf("got %+v for a task of another time, want none", got)
	}
	if strings.Contains(Plain("a\x1b[31m\nb"), "\x1b") {
		t.Error("got a control character in plain text")
	}
}
