package config

import (
	"net/url"
	"strings"

	"github.com/gitops-pipeline/gitops-pipeline/provider"
)

// Mirror is a repository of actions that the forge pulls from another server.
type Mirror struct {
	Address     string
	Owner, Name string // on the forge, as on the other server: workflows use owner/name
}

// mirrors reads actions.mirror. user is the stack's own user, who owns no mirrors: the forge has them
// before it has the user.
func (r *reader) mirrors(user string) []Mirror {
	const key = "actions.mirror"
	var all []Mirror
	names := map[string]string{}
	for _, address := range r.list(key, `of addresses; set it to one such as ["https://git.example.org/owner/action"]`) {
		if p := provider.MirrorAddressProblem(address); p != "" {
			r.fail(key, "has an entry that cannot be mirrored: %s", p)
			continue
		}
		m := Mirror{Address: address}
		u, _ := url.Parse(address) // MirrorAddressProblem has parsed it
		parts := strings.Split(strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git"), "/")
		if len(parts) < 2 {
			r.fail(key, "has %q, which does not end in owner/name, by which workflows use it", address)
			continue
		}
		m.Owner, m.Name = parts[len(parts)-2], parts[len(parts)-1]
		for _, p := range []string{provider.OwnerNameProblem(m.Owner), provider.RepositoryNameProblem(m.Name)} {
			if p != "" {
				r.fail(key, "has %q: %s", address, p)
			}
		}
		if strings.EqualFold(m.Owner, user) {
			r.fail(key, "has %q, whose owner on the forge would be %s, as repository.owner is; use the whole address in workflows, or set another repository.owner", address, user)
		}
		name := strings.ToLower(m.Owner + "/" + m.Name)
		if other := names[name]; other != "" {
			r.fail(key, "has %s and %s, which are both %s/%s on the forge; remove one", other, address, m.Owner, m.Name)
			continue
		}
		names[name] = address
		all = append(all, m)
	}
	return all
}
