// Package workflowcheck reads a repository's workflows and says what will not run on this
// forge as it does on GitHub, and what to write instead.
//
// What the forge and its runner do is read from their sources: Gitea 1.26.4
// (modules/actions, modules/actions/jobparser, services/actions) and gitea-runner 1.0.8
// (act/runner).
package workflowcheck

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/rhysd/actionlint"

	"github.com/gitops-pipeline/gitops-pipeline/internal/problem"
)

// Directories are where the forge looks for workflows. It reads the first that is there,
// and that alone.
var Directories = []string{".gitea/workflows", ".github/workflows"}

// Severity says how much a finding matters.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // it does not run, or its result differs
	Warning Severity = "warning" // it runs, and something about it differs
)

// Finding is one place of a workflow.
type Finding struct {
	File     string   `json:"file"` // below the repository, with slashes
	Line     int      `json:"line"` // from 1
	Column   int      `json:"column"`
	Severity Severity `json:"severity"`
	Rule     string   `json:"rule"`
	Message  string   `json:"message"`
	Instead  string   `json:"instead,omitempty"` // what to write instead
}

// IsError tells an error from a warning.
func (f Finding) IsError() bool { return f.Severity == Error }

// Options say what the forge has.
type Options struct {
	Labels  []string // of its runners
	Actions []string // that it serves, as owner/name
}

// Check checks the workflows of the repository in a directory. The findings are in the
// order of files and lines. A repository without workflows is an error.
func Check(dir string, o Options) ([]Finding, error) {
	files, findings, err := workflows(dir)
	if err != nil {
		return nil, err
	}
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{WorkingDir: dir})
	if err != nil {
		return nil, fmt.Errorf("preparing actionlint: %w", err)
	}
	project, err := actionlint.NewProject(dir)
	if err != nil {
		return nil, problem.New("reading actionlint's configuration", err, "correct or remove actionlint.yaml")
	}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return nil, fmt.Errorf("reading a workflow: %w", err)
		}
		general, err := linter.Lint(file, content, project)
		if err != nil {
			return nil, fmt.Errorf("checking %s: %w", file, err)
		}
		findings = append(findings, checkFile(file, content, general, o)...)
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Rule, b.Rule))
	})
	return findings, nil
}

// workflows are the files that the forge reads, below dir, and a finding for each that it
// does not.
func workflows(dir string) (files []string, unread []Finding, err error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, nil, problem.New("reading the repository", cmp.Or(err, fmt.Errorf("%s is no directory", dir)), "name a repository's directory: pipeline check DIR")
	}
	read := ""
	for _, directory := range Directories {
		err := fs.WalkDir(os.DirFS(dir), directory, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			if read == "" {
				read = directory // any file makes it exist: Git has no empty directories
			}
			if filepath.Ext(path) != ".yml" && filepath.Ext(path) != ".yaml" {
				return nil
			}
			if read == directory {
				files = append(files, path)
				return nil
			}
			unread = append(unread, Finding{
				File: path, Line: 1, Column: 1, Severity: Error, Rule: "workflow-directory",
				Message: "the forge does not read this workflow: it reads " + read + " alone, because that directory exists",
				Instead: "move it to " + read,
			})
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("reading the workflows: %w", err)
		}
	}
	if len(files)+len(unread) == 0 {
		return nil, nil, problem.New("reading the workflows", fmt.Errorf("%s has none in %s or %s", dir, Directories[0], Directories[1]),
			"name the directory of a repository with workflows: pipeline check DIR")
	}
	return files, unread, nil
}

// others are actionlint's kinds of findings that rules of this package replace: what it
// knows of runners and of well-known actions is GitHub's.
var others = []string{"runner-label", "action", "deprecated-commands"}

// checkFile returns the findings in one workflow: those of actionlint, and those of the rules.
func checkFile(file string, content []byte, general []*actionlint.Error, o Options) []Finding {
	var findings []Finding
	for _, e := range general {
		if slices.Contains(others, e.Kind) {
			continue
		}
		findings = append(findings, Finding{
			File: file, Line: max(e.Line, 1), Column: max(e.Column, 1), Severity: Error, Rule: e.Kind, Message: e.Message,
		})
	}
	workflow, _ := actionlint.Parse(content) // what does not parse is in general
	if workflow == nil {
		return findings
	}
	r := &report{file: file, options: o}
	for _, rule := range rules {
		rule(r, workflow)
	}
	return append(findings, r.findings...)
}
