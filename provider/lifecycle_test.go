//go:build integration

package provider_test

import (
	"cmp"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// TestLifeCycles takes each resource through its whole life on the server: preview, create,
// create again, no change, refresh, update, delete, delete again, refresh.
func TestLifeCycles(t *testing.T) {
	s := server(t, forge.URL)
	owner := create(t, s, "User", props("username", "owner", "email", "owner@example.org", "password", "owner-password"))
	repo := create(t, s, "Repository", props("owner", "owner", "name", "used"))
	// A mirror pulls from the server itself, at the address that it has in its container.
	from := create(t, s, "Repository", props("owner", "owner", "name", "source"))
	const source = "http://127.0.0.1:3000/owner/source.git"
	t.Cleanup(func() {
		remove(t, s, "Repository", repo)
		remove(t, s, "Repository", from)
		remove(t, s, "User", owner)
	})

	for _, tt := range []struct {
		name       string // default: its kind
		kind       string
		inputs     property.Map
		update     property.Map // a change in place
		replace    property.Map // a change that needs a new one
		importable bool
		again      bool // creating it twice is fine even without adopt
		unseen     bool // the server does not list it: what is gone is not seen
	}{
		{
			kind:       "User",
			inputs:     props("username", "ann", "email", "ann@example.org", "password", "long-enough"),
			update:     props("username", "ann", "email", "ann2@example.org", "password", "long-enough-2", "fullName", "Ann"),
			replace:    props("username", "bob", "email", "ann@example.org", "password", "long-enough"),
			importable: true,
		},
		{
			kind:       "Organization",
			inputs:     props("name", "team"),
			update:     props("name", "team", "description", "Ours"),
			replace:    props("name", "team2"),
			importable: true,
		},
		{
			kind:       "Repository",
			inputs:     props("owner", "owner", "name", "repo"),
			update:     props("owner", "owner", "name", "repo", "description", "Ours", "private", true),
			replace:    props("owner", "owner", "name", "repo2"),
			importable: true,
		},
		{
			kind:       "Mirror",
			inputs:     props("owner", "owner", "name", "mirror", "address", source),
			update:     props("owner", "owner", "name", "mirror", "address", source, "interval", "1h0m0s"),
			replace:    props("owner", "owner", "name", "mirror2", "address", source),
			importable: true,
		},
		{
			kind:    "AccessToken",
			inputs:  props("username", "owner", "password", "owner-password", "name", "ci", "scopes", []string{"write:package"}),
			replace: props("username", "owner", "password", "owner-password", "name", "ci", "scopes", []string{"read:package"}),
		},
		{
			kind:    "ActionsSecret",
			inputs:  props("owner", "owner", "repository", "used", "name", "KEY", "value", "one"),
			update:  props("owner", "owner", "repository", "used", "name", "KEY", "value", "two"),
			replace: props("owner", "owner", "repository", "used", "name", "KEY2", "value", "one"),
			again:   true,
		},
		{
			name:    "a user's ActionsSecret",
			kind:    "ActionsSecret",
			inputs:  props("owner", "owner", "name", "KEY", "value", "one"),
			update:  props("owner", "owner", "name", "KEY", "value", "two"),
			replace: props("owner", "owner", "repository", "used", "name", "KEY", "value", "one"),
			again:   true,
			unseen:  true,
		},
		{
			name:       "a user's ActionsVariable",
			kind:       "ActionsVariable",
			inputs:     props("owner", "owner", "name", "VAR", "value", "one"),
			update:     props("owner", "owner", "name", "VAR", "value", "two"),
			replace:    props("owner", "owner", "repository", "used", "name", "VAR", "value", "one"),
			importable: true,
			again:      true,
		},
		{
			kind:       "ActionsVariable",
			inputs:     props("owner", "owner", "repository", "used", "name", "VAR", "value", "one"),
			update:     props("owner", "owner", "repository", "used", "name", "VAR", "value", "two"),
			replace:    props("owner", "owner", "repository", "used", "name", "VAR2", "value", "one"),
			importable: true,
			again:      true,
		},
	} {
		t.Run(cmp.Or(tt.name, tt.kind), func(t *testing.T) {
			checked, err := s.Check(p.CheckRequest{Urn: urn(tt.kind), Inputs: tt.inputs})
			if err != nil || len(checked.Failures) > 0 {
				t.Fatalf("checking: %v %v", err, checked.Failures)
			}
			preview, err := s.Create(p.CreateRequest{Urn: urn(tt.kind), Properties: checked.Inputs, DryRun: true})
			if err != nil {
				t.Fatalf("previewing: %v", err)
			}
			if read, err := s.Read(p.ReadRequest{ID: preview.ID, Urn: urn(tt.kind)}); tt.importable && (err != nil || read.ID != "") {
				t.Errorf("got %q, %v after a preview, want nothing", read.ID, err)
			}

			made := create(t, s, tt.kind, tt.inputs)
			if _, err := s.Create(p.CreateRequest{Urn: urn(tt.kind), Properties: checked.Inputs}); (err == nil) != tt.again {
				t.Errorf("got %v from creating it again", err)
			}
			diff := func(inputs property.Map) p.DiffResponse {
				t.Helper()
				c, err := s.Check(p.CheckRequest{Urn: urn(tt.kind), State: checked.Inputs, Inputs: inputs})
				if err != nil || len(c.Failures) > 0 {
					t.Fatalf("checking: %v %v", err, c.Failures)
				}
				d, err := s.Diff(p.DiffRequest{ID: made.ID, Urn: urn(tt.kind), State: made.Properties, OldInputs: checked.Inputs, Inputs: c.Inputs})
				if err != nil {
					t.Fatalf("comparing: %v", err)
				}
				return d
			}
			if d := diff(tt.inputs); d.HasChanges {
				t.Errorf("got changes %v without a change", d.DetailedDiff)
			}
			if d := diff(tt.replace); !d.HasChanges || !replaces(d) {
				t.Errorf("got %v, want a replacement", d.DetailedDiff)
			}
			read, err := s.Read(p.ReadRequest{ID: made.ID, Urn: urn(tt.kind), Properties: made.Properties, Inputs: checked.Inputs})
			if err != nil || read.ID != made.ID {
				t.Fatalf("got %q, %v from a refresh, want %q", read.ID, err, made.ID)
			}
			if d := diff(read.Inputs); d.HasChanges {
				t.Errorf("got changes %v from a refresh", d.DetailedDiff)
			}
			if imported, err := s.Read(p.ReadRequest{ID: made.ID, Urn: urn(tt.kind)}); tt.importable && (err != nil || imported.ID != made.ID) {
				t.Errorf("got %q, %v from an import, want %q", imported.ID, err, made.ID)
			}
			if tt.update.Len() > 0 {
				if d := diff(tt.update); !d.HasChanges || replaces(d) {
					t.Errorf("got %v, want an update in place", d.DetailedDiff)
				}
				c, err := s.Check(p.CheckRequest{Urn: urn(tt.kind), State: checked.Inputs, Inputs: tt.update})
				if err != nil {
					t.Fatal(err)
				}
				updated, err := s.Update(p.UpdateRequest{ID: made.ID, Urn: urn(tt.kind), State: made.Properties, OldInputs: checked.Inputs, Inputs: c.Inputs})
				if err != nil {
					t.Fatalf("updating: %v", err)
				}
				made.Properties = updated.Properties
			}
			if adopted, err := adopt(t, s, tt.kind, tt.inputs); err != nil || adopted.ID != made.ID {
				t.Errorf("got %q, %v from adopting, want %q", adopted.ID, err, made.ID)
			} else {
				made = adopted
			}
			remove(t, s, tt.kind, made)
			remove(t, s, tt.kind, made) // gone is gone
			if read, err := s.Read(p.ReadRequest{ID: made.ID, Urn: urn(tt.kind), Properties: made.Properties, Inputs: checked.Inputs}); err != nil || (read.ID != "") != tt.unseen {
				t.Errorf("got %q, %v after the deletion, want nothing", read.ID, err)
			}
		})
	}
}

// TestMirrorPulls holds that a mirror has what the other repository has, that one that cannot be pulled
// leaves nothing behind, and that no other repository is replaced.
func TestMirrorPulls(t *testing.T) {
	s := server(t, forge.URL)
	owner := create(t, s, "User", props("username", "puller", "email", "puller@example.org", "password", "owner-password"))
	t.Cleanup(func() { remove(t, s, "User", owner) })
	admin := forge.Username
	from := create(t, s, "Repository", props("owner", admin, "name", "full"))
	seeded := create(t, s, "RepositorySeed", props("owner", admin, "repository", "full", "source", plainDirectory(t)))
	t.Cleanup(func() { remove(t, s, "RepositorySeed", seeded); remove(t, s, "Repository", from) })

	for _, address := range []string{"http://127.0.0.1:3000/" + admin + "/nothing.git", "http://127.0.0.1:1/a/b"} {
		if _, err := adopt(t, s, "Mirror", props("owner", "puller", "name", "it", "address", address)); err == nil || !strings.Contains(err.Error(), "leave the mirror out") {
			t.Errorf("%s: got %v, want an error that says what to do", address, err)
		}
	}
	address := "http://127.0.0.1:3000/" + admin + "/full.git"
	made, err := adopt(t, s, "Mirror", props("owner", "puller", "name", "it", "address", address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, s, "Mirror", made) })
	refs := func(repository string) string {
		return git(t, t.TempDir(), "ls-remote", strings.Replace(forge.URL, "://", "://"+admin+":"+forge.Password+"@", 1)+"/"+repository+".git", "refs/heads/*")
	}
	if got, want := refs("puller/it"), refs(admin+"/full"); got != want || got == "" {
		t.Errorf("got the refs %q, want %q", got, want)
	}
	again, err := adopt(t, s, "Mirror", props("owner", "puller", "name", "it", "address", strings.TrimSuffix(address, ".git")))
	if err != nil || again.ID != made.ID {
		t.Errorf("got %q, %v from adopting it, want %q", again.ID, err, made.ID)
	}
	if _, err := adopt(t, s, "Mirror", props("owner", admin, "name", "full", "address", "http://127.0.0.1:3000/puller/it.git")); err == nil || !strings.Contains(err.Error(), "stays as it is") {
		t.Errorf("got %v for a repository that is no mirror, want that it stays", err)
	}
}

type creator interface {
	Check(p.CheckRequest) (p.CheckResponse, error)
	Create(p.CreateRequest) (p.CreateResponse, error)
}

// adopt creates over what exists; kinds that replace by nature have no flag.
func adopt(t *testing.T, s creator, kind string, inputs property.Map) (p.CreateResponse, error) {
	t.Helper()
	if !strings.HasPrefix(kind, "Actions") {
		inputs = inputs.Set("adopt", property.New(true))
	}
	c, err := s.Check(p.CheckRequest{Urn: urn(kind), Inputs: inputs})
	if err != nil || len(c.Failures) > 0 {
		t.Fatalf("checking: %v %v", err, c.Failures)
	}
	return s.Create(p.CreateRequest{Urn: urn(kind), Properties: c.Inputs})
}

func replaces(d p.DiffResponse) bool {
	for _, c := range d.DetailedDiff {
		switch c.Kind {
		case p.AddReplace, p.DeleteReplace, p.UpdateReplace:
			return true
		}
	}
	return false
}

func TestUnreachable(t *testing.T) {
	s := server(t, forge.URL)
	made := create(t, s, "Organization", props("name", "far"))
	t.Cleanup(func() { remove(t, s, "Organization", made) })
	away := server(t, "http://127.0.0.1:1")
	read, err := away.Read(p.ReadRequest{ID: made.ID, Urn: urn("Organization"), Properties: made.Properties, Inputs: props("name", "far", "visibility", "public")})
	if err != nil || read.ID != made.ID {
		t.Errorf("got %q, %v, want what was recorded", read.ID, err)
	}
	if _, err := away.Read(p.ReadRequest{ID: made.ID, Urn: urn("Organization")}); err == nil {
		t.Error("got nil from an import without a server, want an error")
	}
}
