// Package retention removes from the forge what a stack keeps only for some time.
package retention

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/paging"
)

// Cleanup is Gitea's task that gives back the space of removed packages. It leaves what is younger
// than the setting cron.cleanup_packages.OLDER_THAN.
const Cleanup = "cleanup_packages"

var (
	// commit is a tag that workflows give to the image of a commit: its hash.
	commit = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	// buildCache is a tag with which docker/build-push-action keeps the cache of a build.
	buildCache = regexp.MustCompile(`^buildcache-[0-9a-f]{16}$`)
)

// CacheAge is how long the cache of a build stays after it was last pushed.
const CacheAge = 7 * 24 * time.Hour

// Rule tells which tags of each container image stay.
type Rule struct {
	Commits     int       // so many of those that are a commit's hash, the newest; 0 for all
	CachesSince time.Time // caches of builds that were pushed then or later
}

// Images removes the tags of container images on the forge that do not stay by the rule. It leaves
// all tags of other kinds. What cannot be removed is in the error, and the rest is removed
// nevertheless.
func Images(admin *gitea.Client, rule Rule) (removed int, err error) {
	owners, err := owners(admin)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, owner := range owners {
		n, err := imagesOf(admin, owner, rule)
		removed += n
		failed = append(failed, err)
	}
	return removed, errors.Join(failed...)
}

// owners are the names of all users and organizations.
func owners(admin *gitea.Client) ([]string, error) {
	var names []string
	for u, err := range paging.Pages(func(o gitea.ListOptions) ([]*gitea.User, int64, error) {
		list, response, err := admin.AdminListUsers(gitea.AdminListUsersOptions{ListOptions: o})
		return list, paging.Total(response), err
	}) {
		if err != nil {
			return nil, fmt.Errorf("listing the users: %w", err)
		}
		names = append(names, u.UserName)
	}
	for o, err := range paging.Pages(func(o gitea.ListOptions) ([]*gitea.Organization, int64, error) {
		list, response, err := admin.AdminListOrgs(gitea.AdminListOrgsOptions{ListOptions: o})
		return list, paging.Total(response), err
	}) {
		if err != nil {
			return nil, fmt.Errorf("listing the organizations: %w", err)
		}
		names = append(names, o.Name)
	}
	return names, nil
}

// imagesOf is Images for one owner.
func imagesOf(admin *gitea.Client, owner string, rule Rule) (removed int, err error) {
	commits := map[string][]*gitea.Package{} // by image
	var old []*gitea.Package
	for p, err := range paging.Pages(func(o gitea.ListOptions) ([]*gitea.Package, int64, error) {
		list, response, err := admin.ListPackages(owner, gitea.ListPackagesOptions{ListOptions: o})
		return list, paging.Total(response), err
	}) {
		switch {
		case err != nil:
			return 0, fmt.Errorf("listing the packages of %s: %w", owner, err)
		case p.Type != "container":
		case commit.MatchString(p.Version) && rule.Commits > 0:
			commits[p.Name] = append(commits[p.Name], p)
		case buildCache.MatchString(p.Version) && p.CreatedAt.Before(rule.CachesSince):
			old = append(old, p)
		}
	}
	for _, tags := range commits {
		slices.SortFunc(tags, func(a, b *gitea.Package) int {
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
		})
		old = append(old, tags[min(rule.Commits, len(tags)):]...)
	}
	var failed []error
	for _, p := range old {
		if _, err := admin.DeletePackage(owner, p.Type, p.Name, p.Version); err != nil {
			failed = append(failed, fmt.Errorf("removing the image %s/%s:%s: %w", owner, p.Name, p.Version, err))
			continue
		}
		removed++
	}
	return removed, errors.Join(failed...)
}
