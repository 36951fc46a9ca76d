package config

import (
	"slices"
	"strings"
	"testing"
)

func TestMirrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]Mirror{
		"https://git.example.org/them/it": {{"https://git.example.org/them/it", "them", "it"}},
		`["https://git.example.org/sub/them/it.git", "http://10.0.0.1/a/b/"]`: {
			{"https://git.example.org/sub/them/it.git", "them", "it"}, {"http://10.0.0.1/a/b/", "a", "b"},
		},
	} {
		c, err := Parse(values("actions.mirror", text))
		if err != nil || !slices.Equal(c.Mirrors, want) {
			t.Errorf("%s: got %+v, %v, want %+v", text, c.Mirrors, err, want)
		}
	}
	for text, want := range map[string]string{
		"git@git.example.org:them/it":                                     "no address of a repository",
		"https://ann:s3cret@git.example.org/them/it":                      "a user name or a password",
		"https://git.example.org/it":                                      "does not end in owner/name",
		"https://git.example.org/api/it":                                  "reserved",
		"https://a.example.org/them/it,https://b.example.org/Them/it.git": "remove one",
		"https://git.example.org/gitops/it":                               "repository.owner",
		"[1]":                                                             "no list of addresses",
	} {
		if _, err := Parse(values("actions.mirror", text)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
