package workflowcheck

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var options = Options{Labels: []string{"self-hosted", "ubuntu-latest"}, Actions: []string{"actions/checkout", "docker/build-push-action"}}

// repository writes files, by their names, into a directory.
func repository(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestRules has one workflow for each rule: what it must find, as line, severity and rule.
func TestRules(t *testing.T) {
	t.Parallel()
	job := "on: push\njobs:\n  a:\n    runs-on: self-hosted\n"
	steps := "    steps: [{run: 'true'}]\n"
	for name, tt := range map[string]struct {
		workflow string
		want     []string
	}{
		"nothing":                 {job + steps, nil},
		"an unknown event":        {"on: [push, merge_group]\njobs: {a: {runs-on: self-hosted, steps: [{run: 'true'}]}}\n", []string{"1 error event"}},
		"pull requests":           {"on:\n  pull_request:\njobs: {a: {runs-on: self-hosted, steps: [{run: 'true'}]}}\n", []string{"2 warning pull-request-head"}},
		"a label":                 {"on: push\njobs:\n  a:\n    runs-on: [self-hosted, gpu]\n" + steps, []string{"4 error runner-label"}},
		"a group":                 {"on: push\njobs:\n  a:\n    runs-on: {group: big}\n" + steps, []string{"4 error runner-label"}},
		"a job's timeout":         {job + "    timeout-minutes: 1\n" + steps, []string{"5 error job-timeout"}},
		"a job that may fail":     {job + "    continue-on-error: true\n" + steps, []string{"5 error job-continue-on-error"}},
		"a job that may not fail": {job + "    continue-on-error: false\n" + steps, nil},
		"a matrix of an output": {
			job + "    needs: b\n    strategy: {matrix: {v: \"${{ fromJSON(needs.b.outputs.l) }}\"}}\n" + steps +
				"  b:\n    runs-on: self-hosted\n    outputs: {l: '[]'}\n" + steps, []string{"6 error dynamic-matrix"},
		},
		"a matrix that is an output": {
			job + "    strategy: {matrix: \"${{ fromJSON(vars.m) }}\"}\n" + steps, []string{"5 error dynamic-matrix"},
		},
		"a matrix":               {job + "    strategy: {matrix: {v: [1, 2]}}\n" + steps, nil},
		"a strategy":             {job + "    strategy: {fail-fast: true, max-parallel: 1, matrix: {v: [1, 2]}}\n" + steps, []string{"5 warning fail-fast", "5 warning max-parallel"}},
		"an environment":         {job + "    environment: prod\n" + steps, []string{"5 warning environment"}},
		"another's workflow":     {"on: push\njobs:\n  a:\n    uses: them/it/.github/workflows/x.yml@v1\n", []string{"4 warning called-workflow"}},
		"a step that may fail":   {job + "    steps:\n      - {run: 'true', continue-on-error: true}\n", nil},
		"a step that may be":     {job + "    steps:\n      - {run: 'true', continue-on-error: \"${{ vars.x == 'y' }}\"}\n", []string{"6 error step-continue-on-error"}},
		"an action of the forge": {job + "    steps: [{uses: actions/checkout@v4}]\n", nil},
		"another action":         {job + "    steps: [{uses: them/it/sub@v4}]\n", []string{"5 error action"}},
		"an action's address":    {job + "    steps: [{uses: 'https://git.example.org/them/it@v4'}]\n", nil},
		"a shell":                {job + "    steps: [{run: 'true', shell: pwsh}]\n", []string{"5 error shell"}},
		"a summary":              {job + "    steps:\n      - run: echo x >> \"$GITHUB_STEP_SUMMARY\"\n", []string{"6 warning step-summary"}},
		"several platforms":      {job + "    steps:\n      - run: docker buildx build --platform linux/amd64,linux/arm64 .\n", []string{"6 error multi-platform"}},
		"platforms of variables": {job + "    steps:\n      - run: docker build --platform=\"$A,$B\" .\n", []string{"6 error multi-platform"}},
		"platforms of an action": {
			job + "    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          platforms: linux/amd64,linux/arm64\n", []string{"8 error multi-platform"},
		},
		"platforms in lines": {
			job + "    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          platforms: |\n            linux/amd64\n            linux/arm64\n", []string{"8 error multi-platform"},
		},
		"one platform of an action": {job + "    steps:\n      - uses: docker/build-push-action@v6\n        with: {platforms: linux/arm64}\n", nil},
		"a token for others":        {"permissions: {id-token: write}\n" + job + steps, []string{"1 error id-token"}},
		"a job's token for others":  {job + "    permissions:\n      contents: read\n      id-token: write\n" + steps, []string{"7 error id-token"}},
		"other permissions":         {"permissions: {contents: read}\n" + job + steps, nil},
		"one platform":              {job + "    steps:\n      - run: docker build --platform linux/arm64 --tag a,b .\n", nil},
		"no YAML":                   {"on: push\njobs: {a: [\n", []string{"2 error syntax-check"}},
		"a wrong expression":        {job + "    steps: [{run: 'echo ${{ nothing.at.all }}'}]\n", []string{"5 error expression"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings, err := Check(repository(t, map[string]string{".gitea/workflows/a.yaml": tt.workflow}), options)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range findings {
				got = append(got, fmt.Sprintf("%d %s %s", f.Line, f.Severity, f.Rule))
				if f.Message == "" || f.File != ".gitea/workflows/a.yaml" || f.Column < 1 {
					t.Errorf("got %+v, want a message and a place", f)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q: %+v", got, tt.want, findings)
			}
		})
	}
}

func TestDirectories(t *testing.T) {
	t.Parallel()
	const workflow = "on: push\njobs: {a: {runs-on: gpu, steps: [{run: 'true'}]}}\n"
	both, err := Check(repository(t, map[string]string{".gitea/workflows/a.yaml": workflow, ".github/workflows/b.yml": workflow}), options)
	if err != nil || len(both) != 2 || both[0].Rule != "runner-label" || both[1].Rule != "workflow-directory" || both[1].File != ".github/workflows/b.yml" {
		t.Errorf("got %+v, %v, want the label of the first directory's, and that the second is not read", both, err)
	}
	github, err := Check(repository(t, map[string]string{".github/workflows/b.yml": workflow}), options)
	if err != nil || len(github) != 1 || github[0].Rule != "runner-label" {
		t.Errorf("got %+v, %v, want the label alone", github, err)
	}
	template, err := Check(repository(t, map[string]string{".gitea/workflows/README.md": "None yet.\n", ".github/workflows/b.yml": workflow}), options)
	if err != nil || len(template) != 1 || template[0].Rule != "workflow-directory" {
		t.Errorf("got %+v, %v, want that the second is not read, as the first exists", template, err)
	}
	for dir, want := range map[string]string{repository(t, map[string]string{".gitea/workflows/README.md": "None yet.\n"}): "has none in", t.TempDir(): "has none in", filepath.Join(t.TempDir(), "gone"): "no such file"} {
		if _, err := Check(dir, options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}
