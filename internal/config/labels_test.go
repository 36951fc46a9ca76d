package config

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gitops-pipeline/gitops-pipeline/internal/project/projecttest"
)

func TestLabels(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]string{
		``:                             nil,
		`{}`:                           {},
		`{"node": "node:22-bookworm"}`: {"node": "node:22-bookworm"},
		`{"ubuntu-latest": "localhost:3000/ops/ubuntu@sha256:` + strings.Repeat("a", 64) + `", "team/gpu-1.5_x+y": "job"}`: {
			"ubuntu-latest": "localhost:3000/ops/ubuntu@sha256:" + strings.Repeat("a", 64), "team/gpu-1.5_x+y": "job",
		},
	} {
		got, err := Parse(values(labelsKey, text))
		if err != nil || !maps.Equal(got.Runner.Labels, want) {
			t.Errorf("%s: got %v, %v, want %v", text, got.Runner.Labels, err, want)
		}
	}
}

func TestLabelsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`node`:                         "no map",
		`["node"]`:                     "no map",
		`{"": "node:22"}`:              "cannot ask for",
		`{"a b": "node:22"}`:           "cannot ask for",
		`{"a:docker": "node:22"}`:      "cannot ask for",
		`{"a,b": "node:22"}`:           "cannot ask for",
		`{"-a": "node:22"}`:            "cannot ask for",
		`{"node": 22}`:                 "in place of an image",
		`{"node": null}`:               "in place of an image",
		`{"node": ["node:22"]}`:        "in place of an image",
		`{"node": ""}`:                 "no name of an image",
		`{"node": "Node:22"}`:          "no name of an image",
		`{"node": "docker://node:22"}`: "without docker://",
		`{"node": "node:22 -v /:/x"}`:  "no name of an image",
		`{"node": "node:"}`:            "no name of an image",
	} {
		_, err := Parse(values(labelsKey, text))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), labelsKey) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
	}
	_, err := Parse(values(labelsKey, `{"a b": "x", "c": "X"}`))
	if err == nil || strings.Count(err.Error(), labelsKey) != 2 {
		t.Errorf("got %v, want two problems at once", err)
	}
}

// TestLabelByAssignment holds that one label can be given on the command line, and that the
// others stay.
func TestLabelByAssignment(t *testing.T) {
	t.Parallel()
	p := projecttest.New(t, "config:\n  gitops-pipeline:runner.labels:\n    node: node:22-bookworm\n")
	assignments := []string{"runner.labels.gpu=cuda:12", "forge.settings.APP_NAME=Ours"}
	if err := Save(p, "dev", assignments, ""); err != nil {
		t.Fatal(err)
	}
	got, err := ForStack(p, "dev", []string{"runner.labels.node=node:24"})
	if err != nil || !maps.Equal(got.Runner.Labels, map[string]string{"node": "node:24", "gpu": "cuda:12"}) || got.ForgeSettings["APP_NAME"] != "Ours" {
		t.Errorf("got %v, %v, %v, want both labels and the setting", got.Runner.Labels, got.ForgeSettings, err)
	}
	if _, err := ForStack(p, "dev", []string{"runner.labels.node=NODE"}); err == nil || !strings.Contains(err.Error(), "no name of an image") {
		t.Errorf("got %v, want the image refused", err)
	}
	if _, err := Parse(values("runner.labels.node", "node:22")); err == nil || !strings.Contains(err.Error(), `--path '["runner.labels"]["LABEL"]'`) {
		t.Errorf("got %v, want the command that sets it", err)
	}
}

func TestDefaultLabels(t *testing.T) {
	t.Parallel()
	for architecture, want := range map[string][]string{
		"amd64": {"self-hosted", "ubuntu-latest", "ubuntu-24.04", "ubuntu-22.04", "linux", "Linux", "x64", "X64"},
		"arm64": {"self-hosted", "ubuntu-latest", "linux", "arm64", "ARM64", "ubuntu-24.04-arm"},
	} {
		got := defaultLabels(architecture)
		for _, label := range want {
			if !slices.Contains(got, label) {
				t.Errorf("%s: got %v, want %s among them", architecture, got, label)
			}
		}
		if x64 := slices.Contains(got, "x64"); x64 != (architecture == "amd64") {
			t.Errorf("%s: got %v", architecture, got)
		}
	}
}

func TestRunnerImages(t *testing.T) {
	t.Parallel()
	c, err := Parse(values("runner.images", `["postgres:17", "docker.io/library/postgres:17", "node"]`))
	if want := []string{"postgres:17", "node:latest"}; err != nil || !slices.Equal(c.Runner.Images, want) {
		t.Errorf("got %q, %v, want %q", c.Runner.Images, err, want)
	}
	for text, want := range map[string]string{
		"Post gres:17": "no name of an image", "[1]": "no list of images",
		"postgres@sha256:" + strings.Repeat("0", 64): "with a digest",
	} {
		if _, err := Parse(values("runner.images", text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	if _, err := Parse(values("runner.images", "postgres:17", "runner.capacity", "2")); err == nil || !strings.Contains(err.Error(), "runner.capacity=1") {
		t.Errorf("got %v where jobs share an engine, want a refusal", err)
	}
}
