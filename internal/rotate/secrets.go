// Package rotate changes the stack's secrets that Pulumi's state does not hold:
// those on the forge's volume, and the runners' credentials. It also knows
// which secrets there are.
package rotate

import (
	"errors"
	"fmt"
	"strings"
)

// Place is where a secret lives, which decides how it is changed.
type Place int

// The places.
const (
	State      Place = iota // a resource of the stack, replaced by Pulumi
	Volume                  // made by the forge itself, on its volume
	Runner                  // each runner's own
	Passphrase              // of the state
)

// Secret is one that can be rotated.
type Secret struct {
	Name     string `json:"name"`
	Protects string `json:"protects"`
	Does     string `json:"does"` // what rotating it does
	Place    Place  `json:"-"`
	Resource string `json:"resource,omitempty"` // logical name in the program
}

// JWTSecret is the secret that registry tokens are signed with.
const JWTSecret = "jwt-secret"

// Secrets are all of them, in the order in which they are rotated.
var Secrets = []Secret{
	{
		"admin-password", "the administrator's account of the forge",
		"sets a new one; the forge and its runners restart", State, "forge-admin-password",
	},
	{
		"owner-password", "the account that owns the repository, which you push with",
		"sets a new one; push with that from then on", State, "repository-owner-password",
	},
	{
		"registration-token", "who may register a runner",
		"replaces it and voids the old one; the forge and its runners restart", State, "forge-registration-token",
	},
	{
		"registry-token", "the registry: REGISTRY_PASS of the workflow",
		"replaces it, revokes the old one and gives the new one to the workflow", State, "repository-registry-token",
	},
	{
		"secret-key", "the Actions secrets, two-factor and sign-in secrets in the forge's database",
		"encrypts them again with a new key; the forge restarts", Volume, "",
	},
	{
		"internal-token", "the forge's internal API, for its own Git hooks",
		"replaces it; the forge restarts", Volume, "",
	},
	{
		JWTSecret, "tokens that the forge signs: registry log-ins, running jobs, OAuth2",
		"replaces it; the forge and the job engines restart, and those tokens are void", Volume, "",
	},
	{
		"lfs-jwt-secret", "tokens that the forge signs for Git LFS",
		"replaces it; the forge restarts, and those tokens are void", Volume, "",
	},
	{
		"runner-credential", "a runner's place at the forge, and with it the secrets of jobs",
		"unregisters each runner and registers it again", Runner, "",
	},
	{
		"passphrase", "the secrets in Pulumi's state, of all stacks of this checkout",
		"encrypts the state again; copies of earlier states are removed", Passphrase, "",
	},
}

// Select returns the secrets of the given names, or all.
func Select(names []string, all bool) ([]Secret, error) {
	if all && len(names) > 0 {
		return nil, errors.New("--all and a secret's name exclude each other")
	}
	if all {
		return Secrets, nil
	}
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	var found []Secret
	var known []string
	for _, s := range Secrets {
		known = append(known, s.Name)
		if wanted[s.Name] {
			found = append(found, s)
			delete(wanted, s.Name)
		}
	}
	for name := range wanted {
		return nil, fmt.Errorf("%q is no secret of the stack; the secrets are %s", name, strings.Join(known, ", "))
	}
	return found, nil
}

// At returns those that live at a place.
func At(secrets []Secret, place Place) []Secret {
	var found []Secret
	for _, s := range secrets {
		if s.Place == place {
			found = append(found, s)
		}
	}
	return found
}
