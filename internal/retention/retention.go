// Package retention removes from the forge what a stack keeps only for some time.
package retention

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"code.gitea.io/sdk/gitea"

	"github.com/gitops-pipeline/gitops-pipeline/internal/paging"
)

// Cleanup is Gitea's task that gives back the space of removed packages. It leaves what is younger
// than the setting cron.cleanup_packages.OLDER_THAN.
const Cleanup = "cleanup_packages"

// commit is a tag that workflows give to the image of a commit: its hash.
var commit = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// Images removes, of each container image on the forge, the tags that are a commit's hash but the
// newest keep. It leaves all other tags. What cannot be removed is in the error, and the rest is
// removed nevertheless.
func Images(admin *gitea.Client, keep int) (removed int, err error) {
	owners, err := owners(admin)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, owner := range owners {
		n, err := imagesOf(admin, owner, keep)
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
func imagesOf(admin *gitea.Client, owner string, keep int) (removed int, err error) {
	images := map[string][]*gitea.Package{}
	for p, err := range paging.Pages(func(o gitea.ListOptions) ([]*gitea.Package, int64, error) {
		list, response, err := admin.ListPackages(owner, gitea.ListPackagesOptions{ListOptions: o})
		return list, paging.Total(response), err
	}) {
		if err != nil {
			return 0, fmt.Errorf("listing the packages of %s: %w", owner, err)
		}
		if p.Type == "container" && commit.MatchString(p.Version) {
			images[p.Name] = append(images[p.Name], p)
		}
	}
	var failed []error
	for name, tags := range images {
		slices.SortFunc(tags, func(a, b *gitea.Package) int {
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
		})
		for _, tag := range tags[min(keep, len(tags)):] {
			if _, err := admin.DeletePackage(owner, tag.Type, name, tag.Version); err != nil {
				failed = append(failed, fmt.Errorf("removing the image %s/%s:%s: %w", owner, name, tag.Version, err))
				continue
			}
			removed++
		}
	}
	return removed, errors.Join(failed...)
}
