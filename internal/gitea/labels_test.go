package gitea

import (
	"testing"

	"code.gitea.io/sdk/gitea"
)

func TestUnmatched(t *testing.T) {
	t.Parallel()
	runner := func(disabled bool, labels ...string) *gitea.ActionRunner {
		r := &gitea.ActionRunner{Disabled: disabled}
		for _, l := range labels {
			r.Labels = append(r.Labels, &gitea.ActionRunnerLabel{Name: l})
		}
		return r
	}
	both := []*gitea.ActionRunner{runner(false, "a", "b"), runner(false, "c"), runner(true, "d")}
	for name, test := range map[string]struct {
		asked   []string
		runners []*gitea.ActionRunner
		want    string
	}{
		"one":            {[]string{"a"}, both, ""},
		"a list":         {[]string{"b", "a"}, both, ""},
		"none asked":     {nil, both, ""},
		"unknown":        {[]string{"a", "gpu"}, both, "no enabled runner has the label gpu"},
		"other case":     {[]string{"A"}, both, "no enabled runner has the label A"},
		"several":        {[]string{"x", "a", "y"}, both, "no enabled runner has the labels x, y"},
		"not together":   {[]string{"a", "c"}, both, "no enabled runner has all of the labels a, c"},
		"a disabled one": {[]string{"d"}, both, "no enabled runner has the label d"},
		"no runner":      {[]string{"a"}, nil, "no runner is enabled"},
		"all disabled":   {[]string{"d"}, both[2:], "no runner is enabled"},
	} {
		if got := Unmatched(test.asked, test.runners); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
