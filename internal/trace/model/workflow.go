package model

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// needs reads from a workflow file which jobs each of the named jobs waits for.
// The forge keeps that, but does not tell. A job's name is its key in the file or
// the name given there, with the values behind it if it is one of a matrix.
func needs(file []byte, names []string) (map[string][]string, error) {
	var workflow struct {
		Jobs map[string]struct {
			Name  string
			Needs list
		}
	}
	if err := yaml.Unmarshal(file, &workflow); err != nil {
		return nil, fmt.Errorf("reading the workflow: %w", err)
	}
	named := func(key string) (found []string) {
		for _, name := range names {
			for _, base := range []string{key, workflow.Jobs[key].Name} {
				if base != "" && (name == base || strings.HasPrefix(name, base+" (")) {
					found = append(found, name)
					break
				}
			}
		}
		return found
	}
	needs := map[string][]string{}
	for key, job := range workflow.Jobs {
		var all []string
		for _, other := range job.Needs {
			all = append(all, named(other)...)
		}
		for _, name := range named(key) {
			needs[name] = all
		}
	}
	return needs, nil
}

// list is one string or several.
type list []string

// UnmarshalYAML takes both forms.
func (l *list) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*l = list{node.Value}
		return nil
	}
	return node.Decode((*[]string)(l))
}
