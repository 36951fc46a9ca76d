package provider

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Gitea's rules for names, from its modules/validation and models/user.
var (
	ownerName    = regexp.MustCompile(`^[\da-zA-Z](?:[-_.]?[\da-zA-Z])*$`)
	repoName     = regexp.MustCompile(`^[-.\w]+$`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

	reservedOwners = []string{
		".", "..", ".well-known", "api", "assets", "attachments", "avatar", "avatars", "captcha", "commits",
		"debug", "devtest", "error", "explore", "favicon.ico", "ghost", "issues", "login", "manifest.json",
		"metrics", "milestones", "new", "notifications", "org", "pulls", "raw", "repo", "repo-avatars",
		"robots.txt", "search", "serviceworker.js", "ssh_info", "swagger.v1.json", "user", "v2",
		"gitea-actions", "admin",
	}
)

// OwnerNameProblem says why Gitea refuses a user's or organization's name, or
// nothing.
func OwnerNameProblem(name string) string {
	switch {
	case utf8.RuneCountInString(name) > 40:
		return fmt.Sprintf("%q is longer than 40 characters", name)
	case !ownerName.MatchString(name):
		return fmt.Sprintf("%q is no name for an owner: use letters and digits, with single - _ . between them", name)
	case slices.Contains(reservedOwners, strings.ToLower(name)):
		return fmt.Sprintf("%q is reserved by Gitea; choose another name", name)
	case strings.HasSuffix(strings.ToLower(name), ".keys"), strings.HasSuffix(strings.ToLower(name), ".gpg"),
		strings.HasSuffix(strings.ToLower(name), ".rss"), strings.HasSuffix(strings.ToLower(name), ".atom"),
		strings.HasSuffix(strings.ToLower(name), ".png"):
		return fmt.Sprintf("%q ends in a suffix that Gitea reserves; choose another name", name)
	}
	return ""
}

// RepositoryNameProblem says why Gitea refuses a repository's name, or nothing.
func RepositoryNameProblem(name string) string {
	lower := strings.ToLower(name)
	switch {
	case utf8.RuneCountInString(name) > 100:
		return fmt.Sprintf("%q is longer than 100 characters", name)
	case !repoName.MatchString(name):
		return fmt.Sprintf("%q is no name for a repository: use letters, digits and - _ .", name)
	case lower == "." || lower == ".." || lower == "-" || strings.HasSuffix(lower, ".git") ||
		strings.HasSuffix(lower, ".wiki") || strings.HasSuffix(lower, ".rss") || strings.HasSuffix(lower, ".atom"):
		return fmt.Sprintf("%q is reserved by Gitea; choose another name", name)
	}
	return ""
}

func variableNameProblem(name string) string {
	upper := strings.ToUpper(name)
	switch {
	case !variableName.MatchString(name):
		return fmt.Sprintf("%q is no name for a secret or variable: use letters, digits and _, not a digit first", name)
	case strings.HasPrefix(upper, "GITHUB_"), strings.HasPrefix(upper, "GITEA_"), upper == "CI":
		return fmt.Sprintf("%q is reserved by Gitea Actions; choose another name", name)
	}
	return ""
}

// checkNames adds a failure, under the property's own name, for each property
// that is known and that its rule refuses.
func checkNames(in property.Map, failures []p.CheckFailure, rules map[string]func(string) string) []p.CheckFailure {
	for name, rule := range rules {
		v, ok := in.GetOk(name)
		if !ok || !v.IsString() {
			continue
		}
		if problem := rule(v.AsString()); problem != "" {
			failures = append(failures, p.CheckFailure{Property: name, Reason: problem})
		}
	}
	return failures
}
