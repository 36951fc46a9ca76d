package workflowcheck

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// report collects what the rules find in one workflow.
type report struct {
	file     string
	options  Options
	findings []Finding
}

func (r *report) add(at *actionlint.Pos, severity Severity, rule, message, instead string) {
	if at == nil {
		at = &actionlint.Pos{Line: 1, Col: 1}
	}
	r.findings = append(r.findings, Finding{
		File: r.file, Line: at.Line, Column: at.Col, Severity: severity, Rule: rule, Message: message, Instead: instead,
	})
}

// rules are what this package knows beside actionlint.
var rules = []func(*report, *actionlint.Workflow){
	eachEvent(unknownEvent),
	eachEvent(pullRequestHead),
	eachJob(labels),
	eachJob(jobTimeout),
	eachJob(jobContinueOnError),
	eachJob(dynamicMatrix),
	eachJob(strategy),
	eachJob(environment),
	eachJob(calledWorkflow),
	eachStep(stepContinueOnError),
	eachStep(action),
	eachStep(shell),
	eachStep(summary),
	eachStep(platforms),
	func(r *report, w *actionlint.Workflow) { identity(r, w.Permissions) },
	eachJob(func(r *report, job *actionlint.Job) { identity(r, job.Permissions) }),
}

func eachEvent(rule func(*report, actionlint.Event)) func(*report, *actionlint.Workflow) {
	return func(r *report, w *actionlint.Workflow) {
		for _, event := range w.On {
			rule(r, event)
		}
	}
}

func eachJob(rule func(*report, *actionlint.Job)) func(*report, *actionlint.Workflow) {
	return func(r *report, w *actionlint.Workflow) {
		for _, job := range w.Jobs {
			rule(r, job)
		}
	}
}

func eachStep(rule func(*report, *actionlint.Step)) func(*report, *actionlint.Workflow) {
	return eachJob(func(r *report, job *actionlint.Job) {
		for _, step := range job.Steps {
			rule(r, step)
		}
	})
}

// events are those that start a workflow: modules/actions/github.go and
// modules/webhook/type.go of Gitea.
var events = []string{
	"create", "delete", "fork", "gollum", "issue_comment", "issues", "pull_request", "pull_request_comment",
	"pull_request_review", "pull_request_review_comment", "pull_request_target", "push", "registry_package", "release",
	"schedule", "workflow_call", "workflow_dispatch", "workflow_run",
}

func unknownEvent(r *report, event actionlint.Event) {
	name := event.EventName()
	if slices.Contains(events, name) {
		return
	}
	var at *actionlint.Pos
	if hook, ok := event.(*actionlint.WebhookEvent); ok {
		at = hook.Pos
	}
	r.add(at, Error, "event", fmt.Sprintf("the event %q never starts a workflow on this forge", name),
		"use one of: "+strings.Join(events, ", "))
}

// pullRequestHead: on GitHub the commit of a pull request's run is the merge with its base.
func pullRequestHead(r *report, event actionlint.Event) {
	if hook, ok := event.(*actionlint.WebhookEvent); ok && event.EventName() == "pull_request" {
		r.add(hook.Pos, Warning, "pull-request-head",
			"a pull request's run checks out the head of its branch, not the merge with the base branch: github.ref is refs/pull/N/head",
			"to test the merge, add a step: git fetch origin \"$GITHUB_BASE_REF\" && git merge --no-edit FETCH_HEAD")
	}
}

func labels(r *report, job *actionlint.Job) {
	if job.RunsOn == nil {
		return
	}
	if job.RunsOn.Group != nil {
		r.add(job.RunsOn.Group.Pos, Error, "runner-label", "this forge has no runner groups: no runner takes the job", "write labels: runs-on: ubuntu-latest")
	}
	for _, label := range job.RunsOn.Labels {
		if !strings.Contains(label.Value, "${{") && !slices.Contains(r.options.Labels, label.Value) {
			r.add(label.Pos, Error, "runner-label", fmt.Sprintf("no runner has the label %q: the job would wait for ever", label.Value),
				"use one of "+strings.Join(r.options.Labels, ", ")+", or map the label to an image: runner.labels")
		}
	}
}

func jobTimeout(r *report, job *actionlint.Job) {
	if job.TimeoutMinutes != nil {
		r.add(position(job.TimeoutMinutes.Pos, job.Pos), Error, "job-timeout",
			"timeout-minutes of a job has no effect: the runner reads that of steps alone", "write timeout-minutes on the steps")
	}
}

func jobContinueOnError(r *report, job *actionlint.Job) {
	if job.ContinueOnError != nil && (job.ContinueOnError.Value || job.ContinueOnError.Expression != nil) {
		r.add(position(job.ContinueOnError.Pos, job.Pos), Error, "job-continue-on-error",
			"continue-on-error of a job has no effect: the run fails with the job", "write continue-on-error on the steps")
	}
}

// dynamicMatrix: the forge expands a matrix before any job has run, and evaluates no
// expression in it. It makes one job, in which the value is empty.
func dynamicMatrix(r *report, job *actionlint.Job) {
	if job.Strategy == nil || job.Strategy.Matrix == nil {
		return
	}
	matrix := job.Strategy.Matrix
	expressions := []*actionlint.String{matrix.Expression}
	for _, row := range matrix.Rows {
		expressions = append(expressions, row.Expression)
	}
	for _, combinations := range []*actionlint.MatrixCombinations{matrix.Include, matrix.Exclude} {
		if combinations != nil {
			expressions = append(expressions, combinations.Expression)
		}
	}
	for _, expression := range expressions {
		if expression != nil {
			r.add(expression.Pos, Error, "dynamic-matrix", "the forge evaluates no expression in a matrix: there is one job, and its value is empty",
				"write the values in the workflow, or loop over them in a step")
		}
	}
}

func strategy(r *report, job *actionlint.Job) {
	if job.Strategy == nil {
		return
	}
	if limit := job.Strategy.MaxParallel; limit != nil {
		r.add(position(limit.Pos, job.Pos), Warning, "max-parallel", "max-parallel has no effect: as many jobs run at the same time as runners are free",
			"use concurrency to have the jobs run in turn")
	}
	if fast := job.Strategy.FailFast; fast != nil && fast.Value {
		r.add(position(fast.Pos, job.Pos), Warning, "fail-fast", "fail-fast has no effect: the other jobs of the matrix go on when one fails", "")
	}
}

func environment(r *report, job *actionlint.Job) {
	if job.Environment != nil {
		r.add(position(job.Environment.Pos, job.Pos), Warning, "environment",
			"the forge has no environments: no approval is asked for, and no secret of an environment is there",
			"use the repository's or its owner's secrets and variables")
	}
}

func calledWorkflow(r *report, job *actionlint.Job) {
	if job.WorkflowCall == nil || job.WorkflowCall.Uses == nil {
		return
	}
	uses := job.WorkflowCall.Uses
	if strings.HasPrefix(uses.Value, "./") {
		return
	}
	r.add(uses.Pos, Warning, "called-workflow", fmt.Sprintf("the workflow %s is read from this forge, not from GitHub", uses.Value),
		"have that repository on the forge, with this name, or copy the workflow: uses: ./.gitea/workflows/NAME.yaml")
}

// stepContinueOnError: the forge reads this value as a boolean, and leaves out a workflow
// that has anything else there.
func stepContinueOnError(r *report, step *actionlint.Step) {
	if step.ContinueOnError != nil && step.ContinueOnError.Expression != nil {
		r.add(position(step.ContinueOnError.Pos, step.Pos), Error, "step-continue-on-error",
			"an expression in a step's continue-on-error has the forge ignore the whole workflow", "write true or false")
	}
}

func action(r *report, step *actionlint.Step) {
	exec, ok := step.Exec.(*actionlint.ExecAction)
	if !ok || exec.Uses == nil {
		return
	}
	uses := exec.Uses.Value
	if strings.HasPrefix(uses, "./") || strings.HasPrefix(uses, "docker://") || strings.Contains(uses, "://") {
		return
	}
	name, _, _ := strings.Cut(uses, "@")
	if parts := strings.SplitN(name, "/", 3); len(parts) > 2 {
		name = parts[0] + "/" + parts[1]
	}
	if !slices.Contains(r.options.Actions, name) {
		r.add(exec.Uses.Pos, Error, "action", fmt.Sprintf("the pipeline does not bring the action %s, and actions are read from this forge, not from GitHub", name),
			"have a repository "+name+" on the forge, mirror it (pipeline up -c actions.mirror=https://HOST/"+name+"), name another address (uses: https://HOST/"+name+"@REF), or use one of "+strings.Join(r.options.Actions, ", "))
	}
}

// shells are those of the job image.
var shells = []string{"bash", "sh", "python"}

func shell(r *report, step *actionlint.Step) {
	exec, ok := step.Exec.(*actionlint.ExecRun)
	if !ok || exec.Shell == nil || strings.Contains(exec.Shell.Value, "${{") {
		return
	}
	name, _, custom := strings.Cut(exec.Shell.Value, " ")
	if !custom && !slices.Contains(shells, name) {
		r.add(exec.Shell.Pos, Error, "shell", fmt.Sprintf("the job image has no shell %q", name),
			"use one of "+strings.Join(shells, ", ")+", or run the job in an image that has it: container")
	}
}

func summary(r *report, step *actionlint.Step) {
	exec, ok := step.Exec.(*actionlint.ExecRun)
	if ok && exec.Run != nil && strings.Contains(exec.Run.Value, "GITHUB_STEP_SUMMARY") {
		r.add(exec.RunPos, Warning, "step-summary", "the forge shows no step summaries: what is written to GITHUB_STEP_SUMMARY is lost",
			"print it into the log, or upload it as an artifact")
	}
}

// severalPlatforms is a command line's list of more than one platform.
var severalPlatforms = regexp.MustCompile(`--platform[= ]["']?[\w/$.{}-]+,`)

// platforms: the job engine has Docker's own builder, which keeps one platform of an image.
func platforms(r *report, step *actionlint.Step) {
	var at *actionlint.Pos
	switch exec := step.Exec.(type) {
	case *actionlint.ExecRun:
		if exec.Run != nil && severalPlatforms.MatchString(exec.Run.Value) {
			at = exec.RunPos
		}
	case *actionlint.ExecAction:
		input, ok := exec.Inputs["platforms"]
		if ok && exec.Uses != nil && strings.HasPrefix(exec.Uses.Value, "docker/build-push-action@") &&
			len(strings.FieldsFunc(input.Value.Value, func(r rune) bool { return r == ',' || r == '\n' })) > 1 {
			at = input.Value.Pos
		}
	}
	if at != nil {
		r.add(at, Error, "multi-platform", "the builder of the job engine builds an image for one platform at a time",
			"build and push each platform with a tag of its own, then join them: docker buildx imagetools create --tag IMAGE IMAGE-amd64 IMAGE-arm64")
	}
}

// identity: the forge gives no job a token by which another service knows it.
func identity(r *report, p *actionlint.Permissions) {
	if p == nil {
		return
	}
	if scope, ok := p.Scopes["id-token"]; ok && scope.Value != nil && scope.Value.Value == "write" {
		r.add(scope.Name.Pos, Error, "id-token", "the forge issues no OpenID Connect tokens: a step that asks for one fails",
			"sign in with a secret of the repository or its owner")
	}
}

// position is the first that is known.
func position(all ...*actionlint.Pos) *actionlint.Pos {
	for _, at := range all {
		if at != nil {
			return at
		}
	}
	return nil
}
