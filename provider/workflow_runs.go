package provider

import (
	"context"
	"time"

	"code.gitea.io/sdk/gitea"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// GetWorkflowRuns lists a repository's workflow runs.
type GetWorkflowRuns struct{}

// GetWorkflowRunsArgs are the inputs of GetWorkflowRuns.
type GetWorkflowRunsArgs struct {
	Owner      string  `pulumi:"owner"`
	Repository string  `pulumi:"repository"`
	Branch     *string `pulumi:"branch,optional"`
	HeadSHA    *string `pulumi:"headSha,optional"`
	Limit      *int    `pulumi:"limit,optional"`
}

// GetWorkflowRunsResult is the answer of GetWorkflowRuns.
type GetWorkflowRunsResult struct {
	Runs []WorkflowRun `pulumi:"runs"`
}

// WorkflowRun is one run of a workflow.
type WorkflowRun struct {
	RunID       int    `pulumi:"runId"`
	Number      int    `pulumi:"number"`
	Title       string `pulumi:"title"`
	Event       string `pulumi:"event"`
	Branch      string `pulumi:"branch"`
	HeadSHA     string `pulumi:"headSha"`
	Status      string `pulumi:"status"`
	Conclusion  string `pulumi:"conclusion"`
	HTMLURL     string `pulumi:"htmlUrl"`
	StartedAt   string `pulumi:"startedAt"`
	CompletedAt string `pulumi:"completedAt"`
}

// Annotate documents the function.
func (f *GetWorkflowRuns) Annotate(a infer.Annotator) {
	a.Describe(f, "Lists a repository's workflow runs, the newest first.")
}

// Annotate documents the inputs.
func (r *GetWorkflowRunsArgs) Annotate(a infer.Annotator) {
	a.Describe(&r.Owner, "Owner of the repository.")
	a.Describe(&r.Repository, "Name of the repository.")
	a.Describe(&r.Branch, "Only runs of this branch.")
	a.Describe(&r.HeadSHA, "Only runs of this commit.")
	a.Describe(&r.Limit, "How many at most, 1 to 50. Default: 10.")
	a.SetDefault(&r.Limit, 10)
}

// Annotate documents a run.
func (r *WorkflowRun) Annotate(a infer.Annotator) {
	a.Describe(&r.RunID, "Numeric ID of the run.")
	a.Describe(&r.Number, "Number of the run within the repository.")
	a.Describe(&r.Title, "Title, such as the commit's subject.")
	a.Describe(&r.Event, "What started it, such as push.")
	a.Describe(&r.Branch, "Branch.")
	a.Describe(&r.HeadSHA, "Commit.")
	a.Describe(&r.Status, "queued, in_progress or completed.")
	a.Describe(&r.Conclusion, "success, failure, cancelled or skipped, once completed.")
	a.Describe(&r.HTMLURL, "Its page.")
	a.Describe(&r.StartedAt, "Start, RFC 3339.")
	a.Describe(&r.CompletedAt, "End, RFC 3339.")
}

// Invoke asks the server.
func (*GetWorkflowRuns) Invoke(ctx context.Context, req infer.FunctionRequest[GetWorkflowRunsArgs]) (infer.FunctionResponse[GetWorkflowRunsResult], error) {
	var resp infer.FunctionResponse[GetWorkflowRunsResult]
	c, err := client(ctx)
	if err != nil {
		return resp, err
	}
	in := req.Input
	limit := 10
	if in.Limit != nil {
		limit = *in.Limit
	}
	runs, r, err := c.ListRepoActionRuns(in.Owner, in.Repository, gitea.ListRepoActionRunsOptions{
		ListOptions: gitea.ListOptions{PageSize: limit}, Branch: deref(in.Branch), HeadSHA: deref(in.HeadSHA),
	})
	if err != nil {
		return resp, apiError("listing workflow runs of "+in.Owner+"/"+in.Repository, r, err)
	}
	for _, run := range runs.WorkflowRuns {
		resp.Output.Runs = append(resp.Output.Runs, WorkflowRun{
			RunID: int(run.ID), Number: int(run.RunNumber), Title: run.DisplayTitle, Event: run.Event,
			Branch: run.HeadBranch, HeadSHA: run.HeadSha, Status: run.Status, Conclusion: run.Conclusion,
			HTMLURL: run.HTMLURL, StartedAt: rfc3339(run.StartedAt), CompletedAt: rfc3339(run.CompletedAt),
		})
	}
	return resp, nil
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
