package gitea

import (
	"testing"
	"time"

	"code.gitea.io/sdk/gitea"
)

func TestUnreleasedJobs(t *testing.T) {
	t.Parallel()
	const here, elsewhere = "http://forge:3000/api/v1/repos/a/b", "http://forge:3000/api/v1/repos/a/c"
	job := func(state, repository string) *gitea.ActionWorkflowJob {
		return &gitea.ActionWorkflowJob{Status: state, RunID: 7, RunURL: repository + "/actions/runs/7"}
	}
	ended := func(ago time.Duration) *gitea.ActionWorkflowJob {
		j := job(completed, here)
		j.CompletedAt = time.Now().Add(-ago)
		return j
	}
	for name, test := range map[string]struct {
		jobs []*gitea.ActionWorkflowJob
		want int
	}{
		"no job":                        {},
		"nothing is held back":          {[]*gitea.ActionWorkflowJob{ended(time.Minute)}, 0},
		"its needs have ended":          {[]*gitea.ActionWorkflowJob{ended(time.Minute), job(blocked, here), job(blocked, here)}, 2},
		"its needs have just ended":     {[]*gitea.ActionWorkflowJob{ended(time.Second), job(blocked, here)}, 0},
		"one of its needs runs":         {[]*gitea.ActionWorkflowJob{ended(time.Minute), job(running, here), job(blocked, here)}, 0},
		"one of its needs is queued":    {[]*gitea.ActionWorkflowJob{ended(time.Minute), job(queued, here), job(blocked, here)}, 0},
		"its run waits to be approved":  {[]*gitea.ActionWorkflowJob{job(blocked, here)}, 0},
		"another repository's job runs": {[]*gitea.ActionWorkflowJob{ended(time.Minute), {Status: running, RunID: 8, RunURL: elsewhere + "/actions/runs/8"}, job(blocked, here)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fakeForge{jobs: test.jobs}
			got, err := f.start(t).UnreleasedJobs(t.Context())
			if err != nil || len(got) != test.want {
				t.Errorf("got %d jobs, %v, want %d", len(got), err, test.want)
			}
		})
	}
}
