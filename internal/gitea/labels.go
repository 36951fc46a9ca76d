package gitea

import (
	"slices"
	"strings"

	"code.gitea.io/sdk/gitea"
)

// Unmatched tells why no runner will ever take a job that asks for these labels, such as
// "no enabled runner has the label gpu"; "" if one will.
func Unmatched(asked []string, runners []*gitea.ActionRunner) string {
	var enabled []*gitea.ActionRunner
	for _, r := range runners {
		if r.Disabled {
			continue
		}
		enabled = append(enabled, r)
		if len(without(asked, r.Labels)) == 0 {
			return ""
		}
	}
	if len(enabled) == 0 {
		return "no runner is enabled"
	}
	var every []*gitea.ActionRunnerLabel
	for _, r := range enabled {
		every = append(every, r.Labels...)
	}
	switch missing := without(asked, every); len(missing) {
	case 0:
		return "no enabled runner has all of the labels " + strings.Join(asked, ", ")
	case 1:
		return "no enabled runner has the label " + missing[0]
	default:
		return "no enabled runner has the labels " + strings.Join(missing, ", ")
	}
}

// without are those of the labels asked for that are not among others.
func without(asked []string, others []*gitea.ActionRunnerLabel) []string {
	return slices.DeleteFunc(slices.Clone(asked), func(label string) bool {
		return slices.ContainsFunc(others, func(l *gitea.ActionRunnerLabel) bool { return l.Name == label })
	})
}

// Labels are the labels of runners, each once.
func Labels(runners []*gitea.ActionRunner) []string {
	var all []string
	for _, r := range runners {
		for _, l := range r.Labels {
			if !slices.Contains(all, l.Name) {
				all = append(all, l.Name)
			}
		}
	}
	return all
}
